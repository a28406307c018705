import { ProtoError } from './protoError.ts';

/** Texts up to this length are looked at byte by byte: most are names and IDs of a few characters. */
const LONGEST = 128;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const { latin1Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
};

/** The text that some bytes are, if they are few and all ASCII; else null, and a decoder has to say. */
function shortText(bytes: Uint8Array, start: number, end: number): string | null {
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

/**
 * Part of some bytes that must be text.
 * @throws ProtoError `invalid_utf8`
 */
export function textIn(bytes: Uint8Array, start: number, end: number, what: string): string {
  return shortText(bytes, start, end) ?? textOf(bytes.subarray(start, end), what);
}

/**
 * Bytes that must be text.
 * @throws ProtoError `invalid_utf8`
 */
export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ProtoError('invalid_utf8', what, 'text is not UTF-8', { cause });
  }
}
