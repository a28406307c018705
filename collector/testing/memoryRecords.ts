import type { StoredRecord } from '#trace/record.ts';
import type { AppendResult } from '#trace/store/traceStore.ts';
import type { RecordStore } from '../pipeline/storeWriter.ts';

/** The writing side of a store, in memory, for tests that look at nothing else. Keeps what it was given in order. */
export class MemoryRecords implements RecordStore {
  readonly records = new Map<string, StoredRecord>();
  readonly saved = new Map<string, string>();
  /** Sizes of the batches, in order. */
  readonly batches: number[] = [];
  /** Called before each append; may throw or wait. */
  before: (records: readonly StoredRecord[]) => void | Promise<void> = () => undefined;

  async append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult> {
    await this.before(records);
    const size = this.records.size;
    for (const record of records) if (!this.records.has(record.id)) this.records.set(record.id, record);
    for (const [key, value] of checkpoints ?? []) this.saved.set(key, value);
    this.batches.push(records.length);
    const added = this.records.size - size;
    return { added, known: records.length - added };
  }

  refresh(): Promise<{ refreshed: number; remaining: number }> {
    return Promise.resolve({ refreshed: 0, remaining: 0 });
  }

  checkpoints(prefix = ''): Promise<Map<string, string>> {
    return Promise.resolve(new Map([...this.saved].filter(([key]) => key.startsWith(prefix))));
  }

  /** `ftl.seq` of each record in the order in which they came. */
  get sequence(): number[] {
    return [...this.records.values()].map(({ record }) => record.ftl.seq ?? -1);
  }
}
