/** Texts up to this length are looked at byte by byte: most are names and IDs of a few characters. */
const LONGEST = 128;

const { latin1Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
};

/** The text that some bytes are, if they are few and all ASCII; else null, and a decoder has to say. */
export function shortText(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start > LONGEST) {
    return null;
  }
  for (let at = start; at < end; at++) {
    if ((bytes[at] as number) >= 0x80) {
      return null;
    }
  }
  return latin1Slice.call(bytes, start, end);
}
