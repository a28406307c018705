import type { StoredRecord, TraceRecord } from '../../record.ts';
import { normalId } from '../normalId.ts';
import { type Cluster, type Hit, PAGE, type SearchAnswer } from './cluster.ts';
import { unwrap } from './recordDocument.ts';
import { BLOCK_POINTS, isTxId, kindOf, TX_POINTS } from './recordKind.ts';
import { Resolution } from './resolution.ts';

/** Rows that begin with the shortened IDs of one call and are looked at; where there are more, one more or less changes nothing. */
const MOST_ALIKE = 20_000;
const BUCKETS = 1000;

/** What some transaction IDs have to do with: rows, their records, the blocks that hold them. */
export interface LoadedRows {
  readonly resolution: Resolution;
  /** The records of a row itself, by `rowName`. */
  readonly records: ReadonlyMap<string, readonly StoredRecord[]>;
  /** Numbers of the blocks that hold a full ID, by `rowName`. */
  readonly blocks: ReadonlyMap<string, ReadonlySet<number>>;
}

export function rowName(kind: 'full' | 'shortened', channel: string, txId: string): string {
  return `${kind} ${txId}\0${channel}`;
}

export interface Search {
  readonly index: string;
  readonly body: object;
}

/** Searches that go out in one request, those of others among them. */
export type SearchTogether = (searches: readonly Search[]) => Promise<readonly SearchAnswer[]>;

/**
 * @param ids full or shortened, whichever they are
 * @param lengths of the shortened IDs there are; undefined where that is not known
 * @param together sends the first searches; `cluster.searches` unless told
 */
export async function loadRows(
  cluster: Cluster,
  ids: readonly string[],
  lengths?: readonly number[],
  together: SearchTogether = (searches) => cluster.searches(searches),
): Promise<LoadedRows> {
  const own = ownSearch(cluster, ids, lengths);
  const lists = listSearch(cluster, { terms: { 'ftl.txs.id': ids } }, ids.length > 1);
  const [ofRows, ofLists] = await together([own, lists]);
  const rows = new RowCollector();
  for (const hit of await complete(cluster, own, ofRows)) rows.addRecord(hit);
  for (const hit of await complete(cluster, lists, ofLists)) rows.addList(hit, ids);
  const prefixes = [...rows.resolution.prefixes];
  if (prefixes.length > 0) await addAlike(cluster, rows, prefixes, gathering(cluster));
  return rows;
}

/** Searches of callers that ask in the same turn go out in one request. */
function gathering(cluster: Cluster): SearchTogether {
  let waiting: { readonly all: Search[]; readonly answers: Promise<readonly SearchAnswer[]> } | null = null;
  return async (searches) => {
    if (waiting === null) {
      const all: Search[] = [];
      const answers = Promise.resolve().then(async () => {
        waiting = null;
        return cluster.searches(all);
      });
      waiting = { all, answers };
    }
    const { all, answers } = waiting;
    const from = all.length;
    all.push(...searches);
    return (await answers).slice(from, from + searches.length);
  };
}

/** Rows whose ID begins with `prefix`, at most so many; none of their records. */
export async function idsBeginningWith(cluster: Cluster, prefix: string, limit: number): Promise<string[]> {
  const rows = new RowCollector();
  const together = gathering(cluster);
  await Promise.all([
    addAlike(cluster, rows, [prefix], together, limit),
    addBuckets(cluster, { field: 'ftl.tx_id_prefix', prefixes: [prefix], limit, together }, (txId) =>
      rows.resolution.addShortened(txId, ''),
    ),
  ]);
  return [...new Set(rows.resolution.beginningWith(prefix))].toSorted().slice(0, limit);
}

class RowCollector implements LoadedRows {
  readonly resolution = new Resolution();
  readonly records = new Map<string, StoredRecord[]>();
  readonly blocks = new Map<string, Set<number>>();
  readonly #seen = new Set<string>();

  addRecord(hit: Hit): void {
    const stored = unwrap(hit);
    const { ftl } = stored.record;
    const kind = kindOf(stored.record);
    if (kind !== 'full' && kind !== 'shortened') return;
    // Twice where it came again after a rollover, until refresh finds it.
    if (this.#seen.has(hit.id)) return;
    this.#seen.add(hit.id);
    const channel = normalId(ftl.channel ?? '');
    const txId = normalId((kind === 'full' ? ftl.tx_id : ftl.tx_id_prefix) ?? '');
    if (kind === 'full') {
      this.resolution.addFull(txId, channel);
      if (ftl.block !== undefined && channel !== '') this.#addBlock(channel, txId, ftl.block.number);
    } else {
      this.resolution.addShortened(txId, channel);
    }
    const name = rowName(kind, channel, txId);
    const list = this.records.get(name);
    if (list === undefined) this.records.set(name, [stored]);
    else list.push(stored);
  }

  /** A record with a list of transactions, by its fields; `wanted` are in it where it does not tell which. */
  addList({ fields }: Hit, wanted: readonly string[]): void {
    const list = listOf(fields);
    if (list === null) return;
    const { channel, number } = list;
    for (const txId of list.txIds ?? wanted) {
      if (!isTxId(txId)) continue;
      this.resolution.addFull(txId, channel);
      this.#addBlock(channel, txId, number);
    }
  }

  #addBlock(channel: string, txId: string, number: number): void {
    const name = rowName('full', channel, txId);
    const numbers = this.blocks.get(name);
    if (numbers === undefined) this.blocks.set(name, new Set([number]));
    else numbers.add(number);
  }
}

function ownSearch({ names }: Cluster, ids: readonly string[], lengths: readonly number[] | undefined): Search {
  const prefixes = new Set(ids);
  for (const id of ids) {
    if (lengths === undefined) for (let length = 1; length < id.length; length++) prefixes.add(id.slice(0, length));
    else for (const length of lengths) if (length < id.length) prefixes.add(id.slice(0, length));
  }
  const should = [
    { terms: { 'ftl.tx_id': ids } },
    ...(lengths?.length === 0 ? [] : [{ terms: { 'ftl.tx_id_prefix': [...prefixes] } }]),
  ];
  return { index: names.records, body: bodyOf({ bool: { filter: [{ bool: { should } }] } }, {}) };
}

const LIST_FIELDS = ['ftl.point', 'ftl.channel', 'ftl.tx_id', 'ftl.block.number', 'ftl.block.last'] as const;

function listSearch({ names }: Cluster, query: object, withIds: boolean): Search {
  const fields = withIds ? [...LIST_FIELDS, 'ftl.txs.id'] : LIST_FIELDS;
  return {
    index: names.records,
    body: bodyOf({ bool: { filter: [query] } }, { _source: false, docvalue_fields: fields }),
  };
}

function bodyOf(query: object, more: object): object {
  return { size: PAGE, track_total_hits: false, sort: ['_doc'], query, ...more };
}

/** The hits of an answer, all of them read anew where one page did not hold them. */
async function complete(
  cluster: Cluster,
  { index, body }: Search,
  answer: SearchAnswer | undefined,
): Promise<readonly Hit[]> {
  if (answer === undefined) return [];
  return answer.hits.length < PAGE ? answer.hits : cluster.all(index, body);
}

/** Channel, block and transactions of a record that lists some; null for one whose list says nothing. */
function listOf(
  fields: Hit['fields'],
): { readonly channel: string; readonly number: number; readonly txIds: readonly string[] | undefined } | null {
  const first = (name: string) => fields[name]?.[0];
  const number = first('ftl.block.number') as number | undefined;
  const channel = (first('ftl.channel') ?? '') as string;
  if (number === undefined || channel === '') return null;
  const last = first('ftl.block.last') as number | undefined;
  const txId = first('ftl.tx_id') as string | undefined;
  const kind = kindOf({
    ftl: {
      version: 1,
      point: first('ftl.point') as TraceRecord['ftl']['point'],
      block: { number, ...(last !== undefined && { last }) },
      ...(txId !== undefined && { tx_id: txId }),
    },
  });
  if (kind !== 'block' && kind !== 'full') return null;
  return { channel, number, txIds: fields['ftl.txs.id'] as readonly string[] | undefined };
}

/** The full IDs that begin with one of the prefixes, in whatever channel. */
async function addAlike(
  cluster: Cluster,
  rows: RowCollector,
  prefixes: readonly string[],
  together: SearchTogether,
  limit = MOST_ALIKE,
): Promise<void> {
  const inLists = listSearch(cluster, startsWith('ftl.txs.id', prefixes), true);
  const [, [first]] = await Promise.all([
    addBuckets(cluster, { field: 'ftl.tx_id', prefixes, limit, together }, (txId, channel) =>
      rows.resolution.addFull(txId, channel),
    ),
    together([inLists]),
  ]);
  const hits = await complete(cluster, inLists, first);
  const lengths = [...new Set(prefixes.map(({ length }) => length))];
  const wanted = new Set(prefixes);
  for (const { fields } of hits) {
    const list = listOf(fields);
    for (const txId of list?.txIds ?? []) {
      if (list !== null && isTxId(txId) && lengths.some((length) => wanted.has(txId.slice(0, length)))) {
        rows.resolution.addFull(txId, list.channel);
      }
    }
  }
}

type Add = (txId: string, channel: string) => void;

interface BucketQuery {
  readonly field: 'ftl.tx_id' | 'ftl.tx_id_prefix';
  readonly prefixes: readonly string[];
  readonly limit: number;
  readonly together: SearchTogether;
}

/** Distinct values of a field that begin with one of the prefixes, with their channels. */
async function addBuckets(
  { names }: Cluster,
  { field, prefixes, limit, together }: BucketQuery,
  add: Add,
): Promise<void> {
  let after: object | undefined;
  for (let count = 0; count < limit; count += BUCKETS) {
    const body = {
      size: 0,
      track_total_hits: false,
      query: { bool: { filter: [startsWith(field, prefixes), { terms: { 'ftl.point': TX_POINTS } }] } },
      aggs: {
        rows: {
          composite: {
            size: BUCKETS,
            sources: [
              { txId: { terms: { field } } },
              { channel: { terms: { field: 'ftl.channel', missing_bucket: true } } },
            ],
            ...(after !== undefined && { after }),
          },
        },
      },
    };
    const [found] = await together([{ index: names.records, body }]);
    const answer = found?.aggregations['rows'] as {
      readonly after_key?: object;
      readonly buckets: readonly { readonly key: { readonly txId: string; readonly channel: string | null } }[];
    };
    for (const { key } of answer.buckets) add(key.txId, key.channel ?? '');
    after = answer.after_key;
    if (answer.buckets.length < BUCKETS || after === undefined) return;
  }
}

function startsWith(field: string, prefixes: readonly string[]): object {
  return { bool: { should: prefixes.map((prefix) => ({ prefix: { [field]: prefix } })) } };
}

/** The records about some blocks of a channel, those about ranges that hold them included, by number. */
export async function blockRecords(
  cluster: Cluster,
  channel: string,
  numbers: readonly number[],
): Promise<Map<number, StoredRecord[]>> {
  const found = new Map<number, StoredRecord[]>(numbers.map((number) => [number, []]));
  if (numbers.length === 0) return found;
  const { records: index } = cluster.names;
  const ofChannel = [{ term: { 'ftl.channel': channel } }, { terms: { 'ftl.point': BLOCK_POINTS } }];
  const searches = [
    { index, body: bodyOf({ bool: { filter: [...ofChannel, { terms: { 'ftl.block.number': numbers } }] } }, {}) },
    {
      index,
      body: bodyOf(
        {
          bool: {
            filter: [
              ...ofChannel,
              { range: { 'ftl.block.last': { gte: Math.min(...numbers) } } },
              { range: { 'ftl.block.number': { lte: Math.max(...numbers) } } },
            ],
          },
        },
        {},
      ),
    },
  ];
  const answers = await cluster.searches(searches);
  const seen = new Set<string>();
  for (const [n, search] of searches.entries()) {
    for (const hit of await complete(cluster, search, answers[n])) {
      if (seen.has(hit.id)) continue;
      seen.add(hit.id);
      const stored = unwrap(hit);
      const { block } = stored.record.ftl;
      const kind = kindOf(stored.record);
      if (block === undefined) continue;
      if (kind === 'block') found.get(block.number)?.push(stored);
      if (kind !== 'range') continue;
      for (const number of numbers) {
        if (block.number <= number && number <= (block.last ?? block.number)) found.get(number)?.push(stored);
      }
    }
  }
  return found;
}
