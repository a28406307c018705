import { hash, randomUUID } from 'node:crypto';
import type { StoredRecord } from '#trace/record.ts';
import { StoreError } from '#trace/store/errors.ts';
import type { ExportPage, TraceStore } from '#trace/store/traceStore.ts';
import { RecordDigest } from './recordDigest.ts';
import { RecordIdSet } from './recordIdSet.ts';

export type CopyPhase = 'copying' | 'verifying' | 'summarising';

export interface CopyOptions {
  /** Records of one step: 2,000 unless told. */
  readonly pageSize?: number;
  /** Stops between two steps, with `CopyError` `interrupted`. */
  readonly signal?: AbortSignal;
  /** `done` of about `total` records; when summarising, traces that are left as `total`. */
  readonly onProgress?: (phase: CopyPhase, done: number, total: number) => void;
}

export interface CopyResult {
  /** Records that were there already when this run began, by the note of an earlier one that did not come to its end. */
  readonly resumedAt: number;
  readonly added: number;
  readonly known: number;
  /** Of the source, found alike in the target. */
  readonly records: number;
  readonly hash: string;
  readonly checkpoints: number;
  /** Further records that the target has. */
  readonly others: number;
  /** Those of the records that came into the source while it was copied. */
  readonly late: number;
}

/** `interrupted`: the same copy again goes on where it stopped. `differs`: target and source do not agree. `same_store`. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
  readonly code: 'interrupted' | 'differs' | 'same_store';

  constructor(code: CopyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Checkpoints of the target in which a copy notes how far it has come, by source. */
const NOTE_PREFIX = 'store-copy ';
/** A checkpoint in which the target is told from the source. */
const PROBE_KEY = `${NOTE_PREFIX}probe`;
const PAGE_SIZE = 2000;

interface Note {
  /** Cursor of the source; null before the first page. */
  readonly after: string | null;
  readonly copied: number;
}

/**
 * Copies all records of a store into another, then compares both by counts and hashes, then sets the source's checkpoints in the
 * target, so that a collector goes on there where it stopped in the source. With each page the target notes how far it is: a copy
 * that was cut off goes on from there. What the target holds besides stays.
 * @throws CopyError, StoreError
 */
export async function copyStore(
  source: TraceStore,
  target: TraceStore,
  options: CopyOptions = {},
): Promise<CopyResult> {
  await checkTwo(source, target);
  const from = await source.info();
  const noteKey = NOTE_PREFIX + hash('sha256', from.location).slice(0, 16);
  const totals = { added: 0, known: 0 };
  const note = readNote((await target.checkpoints(noteKey)).get(noteKey));
  await copyPages(source, target, { ...options, note, noteKey, total: from.records, totals });
  // Before the records are compared: whatever a checkpoint covers is among them.
  const checkpoints = await source.checkpoints();
  const compared = await verify(source, target, options, from.records);
  const carried = new Map([...checkpoints].filter(([key]) => !key.startsWith(NOTE_PREFIX)));
  await target.append([], new Map([...carried, [noteKey, '']]));
  await summarise(target, options);
  const added = totals.added + compared.late;
  return { resumedAt: note.copied, added, known: totals.known, ...compared, checkpoints: carried.size };
}

/** One store may have several names: a path and a link to it, an address and a host's name. */
async function checkTwo(source: TraceStore, target: TraceStore): Promise<void> {
  const probe = randomUUID();
  await target.append([], new Map([[PROBE_KEY, probe]]));
  const seen = (await source.checkpoints(PROBE_KEY)).get(PROBE_KEY);
  await target.append([], new Map([[PROBE_KEY, '']]));
  if (seen !== probe) return;
  const [from, to] = [(await source.info()).location, (await target.info()).location];
  const names = from === to ? `${from} cannot` : `${from} and ${to} are the same store, which cannot`;
  throw new CopyError('same_store', `${names} be copied into itself.`);
}

async function copyPages(
  source: TraceStore,
  target: TraceStore,
  run: CopyOptions & {
    readonly note: Note;
    readonly noteKey: string;
    readonly total: number;
    readonly totals: { added: number; known: number };
  },
): Promise<void> {
  let { after, copied } = run.note;
  const limit = run.pageSize ?? PAGE_SIZE;
  let page: ExportPage | null = await source.exportRecords(after, { limit }).catch((error: unknown) => {
    // Noted by a copy of what was in this place before.
    if (after === null || !(error instanceof StoreError) || error.code !== 'invalid_query') throw error;
    [after, copied] = [null, 0];
    return source.exportRecords(null, { limit });
  });
  while (page !== null) {
    checkSignal(run, copied);
    const { records, next }: ExportPage = page;
    copied += records.length;
    const note: Note = { after: next ?? after, copied };
    // While one page is written the next one is read.
    const [result, following]: [{ added: number; known: number }, ExportPage | null] = await Promise.all([
      target.append(records, new Map([[run.noteKey, JSON.stringify(note)]])),
      next === null ? null : source.exportRecords(next, { limit }),
    ]);
    run.totals.added += result.added;
    run.totals.known += result.known;
    run.onProgress?.('copying', copied, Math.max(copied, run.total));
    after = next;
    page = following;
  }
}

type Compared = Pick<CopyResult, 'records' | 'hash' | 'others' | 'late'>;

/**
 * Reads all of both: the source's records must be in the target, each once and letter by letter the same. Those that came into the
 * source after it was copied are fetched.
 * @throws CopyError `differs`
 */
async function verify(source: TraceStore, target: TraceStore, options: CopyOptions, total: number): Promise<Compared> {
  const ids = new RecordIdSet();
  const expected = new RecordDigest();
  let read = 0;
  const tell = () => options.onProgress?.('verifying', ++read, Math.max(read, total * 2));
  for await (const record of allRecords(source, options)) {
    ids.add(record.id);
    expected.add(record);
    tell();
  }
  const found = new RecordDigest();
  let others = 0;
  for await (const record of allRecords(target, options)) {
    if (ids.mark(record.id)) found.add(record);
    else others++;
    tell();
  }
  const late = ids.size - ids.marked;
  if (late > 0) await fetchLate(source, target, options, ids, found);
  if (expected.records === found.records && expected.hash === found.hash) {
    return { records: expected.records, hash: expected.hash, others, late };
  }
  throw new CopyError(
    'differs',
    `The stores differ: ${expected.records} records with hash ${expected.hash} in the source, ${found.records} of them with hash ${found.hash} in the target. If something is deleted from one of them (a retention), stop it and copy again.`,
  );
}

/** Copies the records whose IDs are not marked. Offered twice, so that the target says itself that it has them. */
async function fetchLate(
  source: TraceStore,
  target: TraceStore,
  options: CopyOptions,
  ids: RecordIdSet,
  found: RecordDigest,
): Promise<void> {
  let page: StoredRecord[] = [];
  const put = async () => {
    await target.append(page);
    const { added } = await target.append(page);
    if (added > 0)
      throw new CopyError('differs', 'The target does not keep what it is given: is a retention at work there?');
    for (const record of page) found.add(record);
    page = [];
  };
  for await (const record of allRecords(source, options)) {
    if (!ids.lacksMark(record.id)) continue;
    page.push(record);
    if (page.length === (options.pageSize ?? PAGE_SIZE)) await put();
  }
  await put();
}

async function* allRecords(store: TraceStore, options: CopyOptions): AsyncGenerator<StoredRecord> {
  for (let after: string | null = null; ; ) {
    checkSignal(options, null);
    const { records, next }: ExportPage = await store.exportRecords(after, { limit: options.pageSize ?? PAGE_SIZE });
    yield* records;
    if (next === null) return;
    after = next;
  }
}

async function summarise(target: TraceStore, options: CopyOptions): Promise<void> {
  for (let done = 0; ; ) {
    checkSignal(options, null);
    const { refreshed, remaining } = await target.refresh({ limit: PAGE_SIZE });
    done += refreshed;
    options.onProgress?.('summarising', done, done + remaining);
    if (remaining === 0) return;
  }
}

function checkSignal({ signal }: CopyOptions, copied: number | null): void {
  if (signal?.aborted !== true) return;
  const far = copied === null ? '' : ` after ${copied} records`;
  throw new CopyError('interrupted', `Stopped${far}: the same command goes on from there.`);
}

function readNote(text: string | undefined): Note {
  const none: Note = { after: null, copied: 0 };
  if (text === undefined || text === '') return none;
  try {
    const { after, copied } = JSON.parse(text) as Partial<Note>;
    return typeof after === 'string' && typeof copied === 'number' ? { after, copied } : none;
  } catch {
    return none;
  }
}
