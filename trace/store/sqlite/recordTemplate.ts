/**
 * A record is stored as a template (its fields, and those values that repeat; interned in the dictionary) and the bytes of the
 * values that do not. The template's text is a row of items, each `<key length>:<key><kind>` and, for some kinds, a constant:
 *
 * | kind | value is | constant in the template | bytes |
 * | --- | --- | --- | --- |
 * | `k` | constant string | `<length>:<text>` | |
 * | `c` | constant JSON | `<length>:<JSON>` | |
 * | `t` | the record's time | number of fraction digits | |
 * | `d` | another time | number of fraction digits | distance from the record's time |
 * | `T` | the trace ID that follows from channel and transaction ID | | |
 * | `C`, `X` | the channel, the (full or shortened) transaction ID of the row | | |
 * | `b` | block reference | its fields, a letter each, and `;` | number, last, hashes |
 * | `h` | lower-case hex | `<bytes>;` | the bytes |
 * | `u` | integer of 0 or more | | varint |
 * | `s`, `j` | string, JSON | | length and text |
 * | `i`, `I` | interned object, list of them | | key; number of keys and keys |
 * | `L` | list of transactions | | key of the list |
 * | `{`, `}` | the `ftl` object begins (key `ftl`), ends | | |
 */
export interface TemplateItem {
  readonly key: string;
  readonly kind: string;
  /** Constant of `k`, `c`; digits of `t`, `d`; letters of `b`; number of bytes of `h`. */
  readonly value: unknown;
}

export const KNOWN_TOP: Readonly<Record<string, string>> = {
  '@timestamp': 't',
  'trace.id': 'T',
  message: 'm',
  'log.level': 'k',
  'log.logger': 'k',
  'ecs.version': 'k',
  'service.type': 'k',
  'service.node.name': 'k',
};

/** `m`: constant if it holds no digit, else a value. */
export const KNOWN_FTL: Readonly<Record<string, string>> = {
  version: 'c',
  point: 'k',
  channel: 'C',
  tx_id: 'X',
  tx_id_prefix: 'P',
  sender: 'i',
  creator: 'i',
  receiver: 'i',
  block: 'b',
  tx_index: 'u',
  txs: 'L',
  tx_count: 'u',
  tx_type: 'k',
  status: 'c',
  code: 'k',
  error: 's',
  chaincode: 'k',
  function: 'k',
  duration_us: 'u',
  stage: 'k',
  node_version: 'k',
  commit_hash: 'h',
  endorsers: 'I',
  client_time: 'd',
  signers: 'I',
  source: 'k',
  seq: 'u',
  chain: 'h',
};

/** Reads a template's text back. */
export function parseTemplate(text: string): readonly TemplateItem[] {
  const items: TemplateItem[] = [];
  let at = 0;
  const number = (end: string): number => {
    const stop = text.indexOf(end, at);
    const value = Number(text.slice(at, stop));
    at = stop + 1;
    return value;
  };
  const cut = (length: number): string => {
    at += length;
    return text.slice(at - length, at);
  };
  while (at < text.length) {
    if (text[at] === '}') {
      items.push({ key: '', kind: '}', value: null });
      at++;
      continue;
    }
    const key = cut(number(':'));
    const kind = cut(1);
    let value: unknown = null;
    if (kind === 'k') value = cut(number(':'));
    else if (kind === 'c') value = JSON.parse(cut(number(':'))) as unknown;
    else if (kind === 't' || kind === 'd') value = Number(cut(1));
    else if (kind === 'h') value = number(';');
    else if (kind === 'b') {
      const stop = text.indexOf(';', at);
      value = text.slice(at, stop);
      at = stop + 1;
    }
    items.push({ key, kind, value });
  }
  return items;
}

export const isUint = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/**
 * The letters of a block reference: `n` number as in the row, `N` number in the bytes, `l` last, `h` `p` `d` the hashes, `q` an
 * empty previous hash. Empty if it holds anything else.
 */
export function blockLetters(block: unknown, rowNumber: number | null): string {
  if (typeof block !== 'object' || block === null || Array.isArray(block)) return '';
  let letters = '';
  const fields = block as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (key === 'number' && isUint(value)) letters += value === rowNumber ? 'n' : 'N';
    else if (key === 'last' && isUint(value)) letters += 'l';
    else if (key === 'hash' && isHash(value)) letters += 'h';
    else if (key === 'previous_hash' && isHash(value)) letters += 'p';
    else if (key === 'previous_hash' && value === '') letters += 'q';
    else if (key === 'data_hash' && isHash(value)) letters += 'd';
    else return '';
  }
  return letters;
}
