/** How much of a file `looksLikeBlock` wants to see; less is enough for a smaller file. */
export const BLOCK_HEAD_BYTES = 256;

const HASH_BYTES = 32;

/**
 * Whether bytes begin like a `common.Block` as Fabric writes it: a header of number, previous hash and data hash, hashes of
 * 32 bytes, then the data. Looks at the first 100 bytes only, so the beginning of a file will do; true does not promise that the
 * rest can be decoded.
 */
export function looksLikeBlock(bytes: Uint8Array): boolean {
  // Field 1, length-delimited: the header.
  if (bytes[0] !== 0x0a) {
    return false;
  }
  const length = bytes[1] ?? 0;
  const end = 2 + length;
  // Block 0: 34 bytes; number of up to 10 bytes and two hashes: 79.
  if (length < HASH_BYTES + 2 || length > 79 || bytes.length < end + 1) {
    return false;
  }
  let pos = 2;
  if (bytes[pos] === 0x08) {
    pos++;
    let octets = 1;
    while (((bytes[pos] ?? 0) & 0x80) !== 0) {
      pos++;
      octets++;
    }
    pos++;
    if (octets > 10) {
      return false;
    }
  }
  for (const tag of [0x12, 0x1a]) {
    if (bytes[pos] === tag && bytes[pos + 1] === HASH_BYTES) {
      pos += 2 + HASH_BYTES;
    } else if (tag === 0x1a) {
      return false;
    }
  }
  return pos === end && bytes[end] === 0x12;
}
