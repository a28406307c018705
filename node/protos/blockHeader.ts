import { createHash } from 'node:crypto';

function derInteger(value: bigint): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) {
    hex = `0${hex}`;
  }
  // A leading bit of 1 would make it negative.
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) {
    hex = `00${hex}`;
  }
  return der(0x02, Buffer.from(hex, 'hex'));
}

function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const head = [tag];
  if (length < 0x80) {
    head.push(length);
  } else {
    const octets: number[] = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
      octets.unshift(rest % 256);
    }
    head.push(0x80 | octets.length, ...octets);
  }
  return Buffer.concat([Uint8Array.from(head), ...content]);
}

/** A block header as it is hashed and signed: DER of SEQUENCE { INTEGER number, OCTET STRING previous hash, OCTET STRING data hash } (Fabric, protoutil `BlockHeaderBytes`). */
export function blockHeaderBytes(number: number | bigint, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  return der(0x30, derInteger(BigInt(number)), der(0x04, previousHash), der(0x04, dataHash));
}

/** SHA-256 of {@link blockHeaderBytes}: what the next block calls its previous hash. */
export function blockHeaderHash(number: number | bigint, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(blockHeaderBytes(number, previousHash, dataHash))
    .digest();
}
