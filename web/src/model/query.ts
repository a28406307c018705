import type { TraceListQuery } from '../api/types.ts';

/*
 * The language of the search box: words and `key:value` tokens, in any order, values with spaces in "quotes".
 *
 *   channel:mychannel code:MVCC_READ_CONFLICT peer:peer0.org3 duration:>2s chaincode:basic.CreateAsset since:1h be8ab01d
 */

export interface Token {
  /** Null for a plain word. */
  readonly key: string | null;
  readonly value: string;
}

export interface ParsedQuery {
  readonly tokens: readonly Token[];
  /** What the API is asked, but for times relative to now. */
  readonly filter: Omit<TraceListQuery, 'from' | 'to'>;
  /** ISO time, or microseconds before now. */
  readonly since: string | number | null;
  readonly until: string | number | null;
  /** What could not be understood, in words for the person who typed it. */
  readonly problems: readonly string[];
  /** The box holds nothing but a whole transaction ID. */
  readonly exactTxId: string | null;
}

const ALIASES: Readonly<Record<string, string>> = {
  channel: 'channel',
  ch: 'channel',
  code: 'code',
  outcome: 'code',
  peer: 'participant',
  orderer: 'participant',
  who: 'participant',
  client: 'participant',
  participant: 'participant',
  chaincode: 'chaincode',
  cc: 'chaincode',
  function: 'function',
  fn: 'function',
  duration: 'duration',
  took: 'duration',
  block: 'block',
  finding: 'finding',
  tx: 'txId',
  txid: 'txId',
  since: 'since',
  from: 'since',
  until: 'until',
  to: 'until',
};
export const QUERY_KEYS = [
  'channel',
  'code',
  'peer',
  'duration',
  'chaincode',
  'function',
  'block',
  'finding',
  'since',
  'until',
] as const;

const UNITS: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  min: 60e6,
  h: 3600e6,
  d: 86_400e6,
  w: 604_800e6,
};

/** `250ms`, `2s`, `1.5h` to microseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zµ]+)$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ''];
  return match === null || unit === undefined ? null : Math.round(Number(match[1]) * unit);
}

/** Tokens in the order typed. An open quote runs to the end. */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/(?:([A-Za-z]+):)?(?:"([^"]*)"?|(\S+))/g)) {
    const bare = /^([a-z]+):$/i.exec(match[3] ?? '')?.[1]?.toLowerCase();
    if (match[1] === undefined && bare !== undefined && ALIASES[bare] !== undefined) {
      tokens.push({ key: bare, value: '' });
      continue;
    }
    const value = match[2] ?? match[3] ?? '';
    const key = match[1]?.toLowerCase() ?? null;
    if (key !== null && ALIASES[key] === undefined && match[2] === undefined) {
      // `block:4:0`-like IDs and addresses such as `localhost:7051` are words of their own.
      tokens.push({ key: null, value: match[0] });
    } else if (value !== '' || key !== null) {
      tokens.push({ key, value });
    }
  }
  return tokens;
}

const ISO_DAY = /^\d{4}-\d\d-\d\d$/;

function moment(value: string): string | number | null {
  const span = parseDuration(value);
  if (span !== null) return span;
  if (!/^\d{4}-/.test(value)) return null;
  const millis = Date.parse(ISO_DAY.test(value) ? `${value}T00:00:00Z` : value);
  return Number.isNaN(millis) ? null : new Date(millis).toISOString();
}

/** What a person typed, understood. Never throws: what makes no sense is said in `problems` and left out. */
export function parseQuery(text: string, findings: readonly string[] = []): ParsedQuery {
  const tokens = tokenise(text.trim());
  const filter: Record<string, string | number> = {};
  const words: string[] = [];
  const problems: string[] = [];
  let since: string | number | null = null;
  let until: string | number | null = null;

  for (const { key, value } of tokens) {
    const name = key === null ? null : (ALIASES[key] ?? null);
    if (name === null) {
      if (/^[0-9a-f]{8,64}$/i.test(value) && filter['txId'] === undefined) filter['txId'] = value.toLowerCase();
      else words.push(value);
    } else if (value === '') {
      problems.push(`“${key}:” needs a value.`);
    } else if (name === 'since' || name === 'until') {
      const time = moment(value);
      if (time === null) problems.push(`“${key}:${value}” is no time: try since:1h or since:2026-11-21T00:20:00Z.`);
      else if (name === 'since') since = time;
      else until = time;
    } else if (name === 'duration') {
      duration(value);
    } else if (name === 'block') {
      if (/^\d{1,15}$/.test(value)) filter['block'] = Number(value);
      else problems.push(`“block:${value}” is no block number.`);
    } else if (name === 'chaincode' && /^[^.]+\.[^.]+$/.test(value) && !/^v?\d/.test(value.split('.')[1] ?? '')) {
      [filter['chaincode'], filter['function']] = value.split('.') as [string, string];
    } else if (name === 'txId' && value.length < 4) {
      problems.push('A transaction ID needs at least 4 characters.');
    } else if (name === 'finding' && findings.length > 0 && !findings.includes(value)) {
      problems.push(`There is no finding “${value}”.`);
    } else {
      filter[name] = name === 'code' ? value.toUpperCase() : value;
    }
  }
  if (words.length > 0) filter['text'] = words.join(' ').slice(0, 256);
  const only = tokens.length === 1 ? tokens[0] : undefined;
  const exact = only !== undefined && (only.key === null || ALIASES[only.key] === 'txId') ? only.value : null;
  return {
    tokens,
    filter,
    since,
    until,
    problems,
    exactTxId: exact !== null && /^[0-9a-f]{64}$/i.test(exact) ? exact.toLowerCase() : null,
  };

  function duration(value: string): void {
    const range = /^(.+)\.\.(.+)$/.exec(value);
    const compare = /^(>=|<=|>|<)?(.+)$/.exec(value);
    const low = parseDuration(range?.[1] ?? compare?.[2] ?? '');
    const high = range === null ? low : parseDuration(range[2] ?? '');
    if (low === null || high === null) {
      problems.push(`“duration:${value}” is no duration: try duration:>2s, duration:<500ms or duration:1s..2s.`);
      return;
    }
    if (range !== null || !compare?.[1]?.startsWith('<')) filter['minDurationUs'] = low;
    if (range !== null || compare?.[1]?.startsWith('<')) filter['maxDurationUs'] = high;
  }
}

/** The API's query, with relative times counted back from `nowMillis`. */
export function apiQuery(parsed: ParsedQuery, nowMillis: number): TraceListQuery {
  const time = (value: string | number) =>
    typeof value === 'string' ? value : new Date(nowMillis - value / 1000).toISOString();
  return {
    ...parsed.filter,
    ...(parsed.since === null ? {} : { from: time(parsed.since) }),
    ...(parsed.until === null ? {} : { to: time(parsed.until) }),
  };
}

/** The value of a filter as typed, under whichever of its names. */
export function tokenValue(text: string, key: string): string | undefined {
  const name = ALIASES[key];
  return tokenise(text).findLast((token) => token.key !== null && ALIASES[token.key] === name)?.value;
}

/** The text with the filter set (or taken out, if the value is empty); all else stays as typed. */
export function withToken(text: string, key: string, value: string | null | undefined): string {
  const name = ALIASES[key];
  const kept = tokenise(text).filter((token) => token.key === null || ALIASES[token.key] !== name);
  if (value !== null && value !== undefined && value !== '') kept.push({ key, value });
  return kept.map(writeToken).join(' ');
}

function writeToken({ key, value }: Token): string {
  const quoted = /\s/.test(value) || value === '' ? `"${value}"` : value;
  return key === null ? quoted : `${key}:${quoted}`;
}
