import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { TraceRecord } from '#trace/record.ts';

/** For tests: a record as a reader finds it. */
export interface ReadRecord {
  readonly line: string;
  readonly record: TraceRecord;
  readonly ftl: StreamFields;
}

/** Fields that tie a record to its stream. */
interface StreamFields {
  readonly point: string;
  readonly stage?: string;
  readonly stream: string;
  readonly seq: number;
  readonly chain: string;
  readonly dropped?: number;
  readonly previous?: object;
  readonly seal?: {
    readonly seq: number;
    readonly chain: string;
    readonly signature: string;
    readonly certificate?: string;
  };
}

/** For tests: the lines of a file and of those before it, oldest first. Lines that are no records are left out. */
export function readRecords(path: string, files = 10): ReadRecord[] {
  const names = Array.from({ length: files }, (_, age) => (age === 0 ? path : `${path}.${age}`)).toReversed();
  return names.filter((name) => existsSync(name)).flatMap((name) => recordsOf(readFileSync(name, 'utf8')));
}

export function recordsOf(text: string): ReadRecord[] {
  const records: ReadRecord[] = [];
  for (const line of text.split('\n')) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    const record = TraceRecord.parse(value);
    records.push({ line, record, ftl: record.ftl as unknown as StreamFields });
  }
  return records;
}

/**
 * For tests: checks one stream by what docs/record-chain.md says and nothing else.
 * @returns numbers at which the chain breaks, and numbers that are not there
 */
export function checkStream(records: readonly ReadRecord[]): { readonly broken: number[]; readonly missing: number[] } {
  const broken: number[] = [];
  const missing: number[] = [];
  let before = '';
  let next = 0;
  for (const { line, record, ftl } of records) {
    const { seq, chain, stream } = ftl;
    if (before === '') {
      before = sha256(`ftl-record-chain\n${record['service.node.name']}\n${stream}\n`);
    }
    const ending = `,"chain":"${chain}"}}`;
    const content = `${line.slice(0, -ending.length)}}}`;
    if (!line.endsWith(ending) || sha256(before + content) !== chain) {
      broken.push(seq);
    }
    for (; next < seq; next++) {
      missing.push(next);
    }
    next = seq + 1;
    before = chain;
  }
  return { broken, missing };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
