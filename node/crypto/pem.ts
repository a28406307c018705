/** One block of a PEM text. */
export interface PemBlock {
  /** As in `-----BEGIN CERTIFICATE-----`. */
  readonly type: string;
  readonly bytes: Uint8Array;
  /** What comes after the block. */
  readonly rest: Uint8Array;
}

const BEGIN = '-----BEGIN ';
const END = '\n-----END ';
const DASHES = '-----';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The first well-formed block in a text, as Go's `pem.Decode` finds it: text around it and headers are passed over, blocks
 * that are not well-formed too. Null if there is none. What a certificate is on a channel depends on it, so the rules are Go's.
 */
export function decodePem(data: Uint8Array): PemBlock | null {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
  let from = 0;
  for (;;) {
    const end = text.indexOf(END, from);
    if (end < 0) {
      return null;
    }
    const begin = text.lastIndexOf(BEGIN, end - BEGIN.length);
    if (begin >= from && (begin === from || text[begin - 1] === '\n')) {
      const block = decodeBlock(text, begin + BEGIN.length, end);
      if (block !== null) {
        return { type: block.type, bytes: block.bytes, rest: data.subarray(block.after) };
      }
    }
    from = end + END.length;
  }
}

function decodeBlock(
  text: string,
  start: number,
  end: number,
): { readonly type: string; readonly bytes: Uint8Array; readonly after: number } | null {
  const typeLine = lineAt(text, start);
  if (!typeLine.text.endsWith(DASHES)) {
    return null;
  }
  const type = typeLine.text.slice(0, -DASHES.length);
  let at = typeLine.next;
  let headers = 0;
  for (;;) {
    if (at >= text.length) {
      return null;
    }
    const line = lineAt(text, at);
    if (!line.text.includes(':')) {
      break;
    }
    headers++;
    at = line.next;
  }
  // An empty block's end has no line break of its own.
  const empty = headers === 0 && text.startsWith(END.slice(1), at);
  if (!empty && end < at) {
    return null;
  }
  const trailer = empty ? at + END.length - 1 : end + END.length;
  const close = trailer + type.length + DASHES.length;
  if (text.slice(trailer, close) !== type + DASHES) {
    return null;
  }
  const last = lineAt(text, close);
  const encoded = empty ? '' : text.slice(at, end).replaceAll(/[ \t\r\n]/g, '');
  if (last.text !== '' || !BASE64.test(encoded)) {
    return null;
  }
  return { type, bytes: Buffer.from(encoded, 'base64'), after: last.next };
}

/** The line that starts at `start`, without trailing blanks, and where the next one starts. */
function lineAt(text: string, start: number): { readonly text: string; readonly next: number } {
  const newline = text.indexOf('\n', start);
  const [end, next] = newline < 0 ? [text.length, text.length] : [newline, newline + 1];
  let last = end;
  while (last > start && ' \t\r'.includes(text[last - 1] as string)) {
    last--;
  }
  return { text: text.slice(start, last), next };
}

/** @param type e.g. `CERTIFICATE` */
export function encodePem(type: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n');
}
