import { assemble } from '../../assemble/assemble.ts';
import type { StoredRecord } from '../../record.ts';
import type { Trace } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import { normalId } from '../normalId.ts';
import { inTimeOrder } from '../recordLists.ts';
import type { FindOptions, TraceKey } from '../traceStore.ts';
import type { SearchAnswer } from './cluster.ts';
import type { HeightDocument } from './documents.ts';
import { type Evidence, EvidenceReader, heightSearch, heightsOf } from './evidence.ts';
import { compareTerms } from './order.ts';
import type { Parts } from './parts.ts';
import type { Row } from './resolution.ts';
import { idsBeginningWith, loadRows } from './rowLoader.ts';

const SHORTEST = 4;
const LONGEST_ID = 256;

export async function findKeys(
  parts: Parts,
  idOrPrefix: string,
  { channel, limit = 10, isWhole = false }: FindOptions,
): Promise<TraceKey[]> {
  const asked = normalId(idOrPrefix);
  if (asked.length < SHORTEST) {
    throw new StoreError('invalid_query', 'At least 4 characters of a transaction ID are needed.');
  }
  if (asked.length > LONGEST_ID) return [];
  const { cluster } = parts;
  await cluster.show(cluster.names.records);
  let keys: TraceKey[] = [];
  // Rows that are no trace of their own are left out, so more may have to be read than are wanted.
  for (let most = limit * 4; ; most *= 4) {
    const ids = isWhole ? [asked] : await idsBeginningWith(cluster, asked, most);
    const { resolution } = await loadRows(cluster, [...ids, asked]);
    keys = ids.flatMap((txId) => resolution.rows(txId).map(keyOf));
    if (channel !== undefined) keys = keys.filter((key) => key.channel === channel);
    if (keys.length === 0 && ids.length < most) {
      const channels = resolution.channelsOfShortened(asked).filter((one) => channel === undefined || one === channel);
      keys = channels
        .filter((one) => resolution.onlyShortened(one, asked) !== null)
        .map((one) => ({ channel: one, txId: asked }));
    }
    if (keys.length >= limit || ids.length < most) break;
  }
  return keys.toSorted((a, b) => compareTerms(a.txId, b.txId) || compareTerms(a.channel, b.channel)).slice(0, limit);
}

export async function traceOf(parts: Parts, key: TraceKey): Promise<Trace | null> {
  const evidence = await evidenceOf(parts, key);
  return evidence === null ? null : assemble(evidence.records, evidence.context);
}

/** In time order, then by ID. */
export async function recordsOf(parts: Parts, key: TraceKey): Promise<StoredRecord[]> {
  return inTimeOrder((await evidenceOf(parts, key))?.records ?? []);
}

/** Two requests: the transaction's own records with all that can be asked for at the same time, then those of its blocks. */
async function evidenceOf(parts: Parts, key: TraceKey): Promise<Evidence | null> {
  const channel = normalId(key.channel);
  const txId = normalId(key.txId);
  if (txId === '' || txId.length > LONGEST_ID) return null;
  const { cluster, facts } = parts;
  await cluster.show(cluster.names.records, cluster.names.network, cluster.names.state);
  let others: readonly SearchAnswer[] = [];
  const rows = await loadRows(cluster, [txId], undefined, async (searches) => {
    const answers = await cluster.searches([...searches, facts.count, heightSearch(cluster, [channel])]);
    others = answers.slice(searches.length);
    return answers.slice(0, searches.length);
  });
  const row = rows.resolution.row(channel, txId) ?? rows.resolution.onlyShortened(channel, txId);
  if (row === null) return null;
  const [counted, ofHeights] = others;
  const network = await facts.network(counted?.total);
  const heights = heightsOf((ofHeights?.hits ?? []).map(({ source }) => source as HeightDocument));
  const reader = new EvidenceReader(cluster, rows, { network, heights });
  await reader.readBlocks([row]);
  const evidence = reader.of(row);
  return row.txId === txId ? evidence : { ...evidence, context: { ...evidence.context, txId: key.txId } };
}

function keyOf({ channel, txId }: Row): TraceKey {
  return { channel, txId };
}
