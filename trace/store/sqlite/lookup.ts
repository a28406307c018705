import { assemble } from '../../assemble/assemble.ts';
import type { StoredRecord } from '../../record.ts';
import type { Trace } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import { normalId } from '../normalId.ts';
import { inTimeOrder } from '../recordLists.ts';
import type { FindOptions, TraceKey } from '../traceStore.ts';
import { EvidenceReader, type Evidence } from './evidence.ts';
import type { Parts } from './parts.ts';
import { FULL, PLACED, SHORTENED, type Transaction } from './transactions.ts';

const SHORTEST = 4;
const KINDS = [FULL, SHORTENED, PLACED] as const;

export function findKeys(
  parts: Parts,
  idOrPrefix: string,
  { channel, limit = 10, isWhole = false }: FindOptions,
): TraceKey[] {
  const asked = normalId(idOrPrefix);
  if (asked.length < SHORTEST)
    throw new StoreError('invalid_query', 'At least 4 characters of a transaction ID are needed.');
  const channelKey = channel === undefined ? null : parts.channels.keyOf(channel);
  if (channel !== undefined && channelKey === null) return [];
  let keys: TraceKey[] = [];
  // Rows that are no trace of their own are left out, so more may have to be read than are wanted.
  for (let most = limit * 4; ; most *= 4) {
    const rows = parts.transactions.beginningWith(asked, KINDS, channelKey, most);
    keys = rows.filter((row) => parts.resolution.isVisible(row)).map(keyOf);
    if (isWhole) keys = keys.filter(({ txId }) => txId === asked);
    if (keys.length >= limit || rows.length < most) break;
  }
  if (keys.length === 0) {
    const rows = parts.transactions.shortenedOf(asked, channelKey ?? undefined);
    for (const row of rows) {
      if (onlyShortened(parts, asked, row.channelKey) !== null) keys.push({ channel: row.channel, txId: asked });
    }
  }
  return keys.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)).slice(0, limit);
}

export function traceOf(parts: Parts, key: TraceKey): Trace | null {
  const evidence = evidenceOf(parts, key);
  return evidence === null ? null : assemble(evidence.records, evidence.context);
}

/** In time order, then by ID. */
export function recordsOf(parts: Parts, key: TraceKey): StoredRecord[] {
  return inTimeOrder(evidenceOf(parts, key)?.records ?? []);
}

function evidenceOf(parts: Parts, key: TraceKey): Evidence | null {
  const channel = parts.channels.keyOf(normalId(key.channel));
  if (channel === null || key.txId === '') return null;
  const rows = parts.transactions
    .rowsOf(key.txId)
    .filter((row) => row.channelKey === channel && parts.resolution.isVisible(row));
  const row = rows.find(({ kind }) => kind !== SHORTENED) ?? rows[0];
  const reader = new EvidenceReader(parts);
  if (row !== undefined) return reader.of(row);
  const shortened = onlyShortened(parts, normalId(key.txId), channel);
  if (shortened === null) return null;
  const { records, context } = reader.of(shortened);
  return { records, context: { ...context, txId: key.txId } };
}

/** The one shortened ID of the channel that is a beginning of `txId` and stands for no other transaction. */
function onlyShortened(parts: Parts, txId: string, channel: number): Transaction | null {
  const [row, other] = parts.transactions.shortenedOf(txId, channel);
  return row !== undefined && other === undefined && parts.resolution.isVisible(row) ? row : null;
}

/** By ID, then by channel. */
function orderOf({ channel, txId }: TraceKey): string {
  return `${txId}\0${channel}`;
}

function keyOf({ channel, txId }: Transaction): TraceKey {
  return { channel, txId };
}
