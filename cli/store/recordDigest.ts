import { hash } from 'node:crypto';
import type { StoredRecord } from '#trace/record.ts';

const MASK = (1n << 128n) - 1n;

/** Number and hash of records, whatever their order: two stores with the same records agree on both. */
export class RecordDigest {
  records = 0;
  #sum = 0n;

  add({ id, record }: StoredRecord): void {
    const own = BigInt(`0x${hash('sha256', `${id} ${canonical(inOneForm(record))}`).slice(0, 32)}`);
    this.records++;
    // A sum, so that order does not matter and one that is there twice shows.
    this.#sum = (this.#sum + own) & MASK;
  }

  get hash(): string {
    return this.#sum.toString(16).padStart(32, '0');
  }
}

/** A time has the digits that whoever wrote it gave it: Logstash leaves out zeros at the end. The instant is the same. */
function inOneForm(record: StoredRecord['record']): unknown {
  return { ...record, '@timestamp': record['@timestamp'].replace(/(?:\.0*|(\.\d*?)0+)Z$/, '$1Z') };
}

/** JSON with keys in one order: a store need not keep theirs. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}
