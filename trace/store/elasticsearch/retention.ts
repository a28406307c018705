import { StoreError } from '../errors.ts';
import { approximateTime } from '../time.ts';
import { itemError } from './clientErrors.ts';
import type { Cluster, Hit } from './cluster.ts';
import type { FollowerDocument, Mark, MarkDocument } from './documents.ts';
import { type Expiring, splitByLife, summariesBeginningWith, summariesOf, summaryPages } from './expiry.ts';
import { blockId, FOLLOWER_ID, markId } from './indices.ts';
import type { Parts } from './parts.ts';
import { BLOCK_POINTS, TX_POINTS } from './recordKind.ts';
import type { Refresher } from './refresh.ts';
import { beginningsOf, deleteEmptyIndices, dropWholeIndices, olderThan, planRetention } from './wholeIndices.ts';

/** Traces that are looked at together. */
const PAGE = 1000;
/** Actions of one bulk request. */
const ACTIONS = 5000;

/**
 * Forgets what is older than a time. An index of records that holds nothing younger goes as a whole: what living traces still
 * stand on is carried over into the newest index first. In the indices that hold both, what is over goes document by document;
 * but where that would be more than a million documents, only as much is forgotten as whole indices hold, so that in a large
 * store retention is as fine as its rollover.
 *
 * Summaries are taken away by refresh, like every other change to them: a mark tells it to look at whatever has records from
 * before that time. The mark is written first as well, so that a process that is cut off leaves no summary of what is gone.
 */
export async function dropBefore(
  parts: Parts,
  refresher: Refresher,
  time: string,
): Promise<{ readonly records: number; readonly traces: number }> {
  if (Number.isNaN(Date.parse(time))) throw new StoreError('invalid_query', 'That is no ISO 8601 time.');
  const { cluster } = parts;
  const { names } = cluster;
  // What is not summarised yet would count as over; and of a record that is carried over, a refresh would find two.
  const dropped = await refresher.alone(async () => {
    await cluster.refresh(names.records, names.traces, names.blocks);
    const plan = await planRetention(cluster, approximateTime(time));
    if (plan === null) return NOTHING;
    const mark: Mark = { what: 'times', first: 0, until: plan.before };
    await writeMark(cluster, mark);
    const dropper = new Dropper(cluster, plan.before, await prefixLengths(cluster));
    dropper.records += await dropWholeIndices(cluster, plan, dropper.lengths);
    await dropper.dropTraces();
    await dropper.dropRest();
    if (dropper.records === 0 && dropper.traces === 0) return NOTHING;
    await writeMark(cluster, mark);
    return { records: dropper.records, traces: dropper.traces };
  });
  if (dropped === NOTHING) return dropped;
  await refresher.alone(async () => deleteEmptyIndices(cluster));
  return dropped;
}

const NOTHING = { records: 0, traces: 0 };

class Dropper {
  readonly #cluster: Cluster;
  readonly #before: number;
  /** Lengths that shortened IDs have. */
  readonly lengths: readonly number[];
  #lines: string[] = [];
  records = 0;
  traces = 0;

  constructor(cluster: Cluster, before: number, lengths: readonly number[]) {
    this.#cluster = cluster;
    this.#before = before;
    this.lengths = lengths;
  }

  /** Records of the traces that are over, and their blocks. */
  async dropTraces(): Promise<void> {
    const query = { range: { lastRecord: { lt: this.#before } } };
    for await (const page of summaryPages(this.#cluster, query, PAGE)) {
      const { dead } = await splitByLife(this.#cluster, page, this.#before);
      if (dead.length === 0) continue;
      this.traces += dead.length;
      await this.#dropFull(dead);
      await this.#dropShortened(dead);
      for (const [channel, traces] of Map.groupBy(dead, (trace) => trace.channel)) {
        await this.#dropBlocks(channel, [...new Set(traces.flatMap(({ blocks }) => blocks))]);
      }
      await this.#flush();
    }
  }

  /** Old records that belong to no trace: about blocks without transactions, about ranges of blocks, about nothing. */
  async dropRest(): Promise<void> {
    const { records } = this.#cluster.names;
    const isLoose = {
      bool: { must_not: [{ exists: { field: 'ftl.tx_id' } }, { exists: { field: 'ftl.tx_id_prefix' } }] },
    };
    const hits = await this.#cluster.all(records, {
      ...COLUMNS,
      query: {
        bool: {
          filter: [olderThan(this.#before), { bool: { should: [{ terms: { 'ftl.point': BLOCK_POINTS } }, isLoose] } }],
        },
      },
    });
    const ofBlocks = new Map<string, Map<number, Hit[]>>();
    for (const hit of hits) {
      const channel = channelOf(hit);
      const number = numberOf(hit);
      if (!BLOCK_POINTS.includes(textOf(hit, 'ftl.point')) || channel === '' || number === null || isRange(hit)) {
        this.#drop(hit);
        continue;
      }
      const blocks = ofBlocks.get(channel) ?? new Map<number, Hit[]>();
      ofBlocks.set(channel, blocks);
      const list = blocks.get(number);
      if (list === undefined) blocks.set(number, [hit]);
      else list.push(hit);
    }
    for (const [channel, blocks] of ofBlocks) {
      const numbers = [...blocks.keys()];
      for (let at = 0; at < numbers.length; at += PAGE) {
        const some = numbers.slice(at, at + PAGE);
        const alive = await this.#livingBlocks(channel, some);
        for (const number of some) {
          if (alive.has(number)) continue;
          for (const hit of blocks.get(number) ?? []) this.#drop(hit);
          this.#dropBlock(channel, number);
        }
      }
    }
    await this.#flush();
  }

  async #dropFull(dead: readonly Expiring[]): Promise<void> {
    const ids = [...new Set(dead.map(({ txId }) => txId))];
    const { living } = await splitByLife(this.#cluster, await summariesOf(this.#cluster, ids), this.#before);
    const isLiving = new Set(living.flatMap(({ channel, txId }) => [`${txId}\0${channel}`, `${txId}\0`]));
    for (const hit of await this.#old([{ terms: { 'ftl.tx_id': ids } }, { terms: { 'ftl.point': TX_POINTS } }])) {
      if (!isLiving.has(`${textOf(hit, 'ftl.tx_id')}\0${channelOf(hit)}`)) this.#drop(hit);
    }
  }

  /** A shortened ID goes when none of those that it may stand for is alive. */
  async #dropShortened(dead: readonly Expiring[]): Promise<void> {
    if (this.lengths.length === 0) return;
    const beginnings = beginningsOf(dead, this.lengths);
    const hits = await this.#old([{ terms: { 'ftl.tx_id_prefix': beginnings } }]);
    const prefixes = [...new Set(hits.map((hit) => textOf(hit, 'ftl.tx_id_prefix')))];
    const alike = await summariesBeginningWith(this.#cluster, prefixes);
    const { living } = await splitByLife(this.#cluster, alike, this.#before);
    for (const hit of hits) {
      const prefix = textOf(hit, 'ftl.tx_id_prefix');
      const channel = channelOf(hit);
      const isShown = living.some(
        (trace) => trace.txId.startsWith(prefix) && (channel === '' || ['', channel].includes(trace.channel)),
      );
      if (!isShown) this.#drop(hit);
    }
  }

  async #dropBlocks(channel: string, numbers: readonly number[]): Promise<void> {
    if (numbers.length === 0) return;
    const hits = await this.#old([
      { term: { 'ftl.channel': channel } },
      { terms: { 'ftl.point': BLOCK_POINTS } },
      { terms: { 'ftl.block.number': numbers } },
    ]);
    for (const hit of hits) if (!isRange(hit)) this.#drop(hit);
    for (const number of numbers) this.#dropBlock(channel, number);
  }

  /** Those that hold a trace with a younger record, or have one themselves. */
  async #livingBlocks(channel: string, numbers: readonly number[]): Promise<ReadonlySet<number>> {
    const { names } = this.#cluster;
    const among = (field: string) => ({ blocks: { terms: { field, size: numbers.length, include: numbers } } });
    const ofTraces = [
      { term: { channel } },
      { terms: { blocks: numbers } },
      { range: { lastRecord: { gte: this.#before } } },
    ];
    const ofRecords = [
      { term: { 'ftl.channel': channel } },
      { terms: { 'ftl.point': BLOCK_POINTS } },
      { terms: { 'ftl.block.number': numbers } },
    ];
    const answers = await this.#cluster.searches([
      { index: names.traces, body: { size: 0, query: { bool: { filter: ofTraces } }, aggs: among('blocks') } },
      {
        index: names.records,
        body: {
          size: 0,
          query: { bool: { filter: ofRecords, must_not: [olderThan(this.#before)] } },
          aggs: among('ftl.block.number'),
        },
      },
    ]);
    return new Set(
      answers.flatMap(({ aggregations }) => {
        const { buckets } = aggregations['blocks'] as { readonly buckets: readonly { readonly key: number }[] };
        return buckets.map(({ key }) => key);
      }),
    );
  }

  async #old(filter: readonly object[]): Promise<readonly Hit[]> {
    const query = { bool: { filter: [olderThan(this.#before), ...filter] } };
    return this.#cluster.all(this.#cluster.names.records, { ...COLUMNS, query });
  }

  #drop({ index, id }: Hit): void {
    this.#lines.push(JSON.stringify({ delete: { _index: index, _id: id } }));
  }

  #dropBlock(channel: string, number: number): void {
    const { blocks } = this.#cluster.names;
    this.#lines.push(JSON.stringify({ delete: { _index: blocks, _id: blockId(channel, number) } }));
  }
  async #flush(): Promise<void> {
    const { names } = this.#cluster;
    for (let at = 0; at < this.#lines.length; at += ACTIONS) {
      const lines = this.#lines.slice(at, at + ACTIONS);
      this.records += await deleteDocuments(this.#cluster, lines, names.blocks);
    }
    this.#lines = [];
  }
}

/** How many records were there; `blocks` are not counted. */
async function deleteDocuments(cluster: Cluster, lines: readonly string[], blocks: string): Promise<number> {
  const { items } = await cluster.bulk(`${lines.join('\n')}\n`, blocks);
  let records = 0;
  for (const [n, { status, error }] of items.entries()) {
    // Whoever else forgets at the same time was first.
    if (status >= 300 && status !== 404) throw itemError(status, error, cluster.connection.location);
    if (status < 300 && lines[n]?.includes(`"_index":"${blocks}"`) === false) records++;
  }
  return records;
}

/** What tells where a record belongs. */
const COLUMNS = {
  _source: false,
  docvalue_fields: ['ftl.point', 'ftl.channel', 'ftl.tx_id', 'ftl.tx_id_prefix', 'ftl.block.number', 'ftl.block.last'],
};

function textOf({ fields }: Hit, name: string): string {
  const value = fields[name]?.[0];
  return typeof value === 'string' ? value : '';
}

function channelOf(hit: Hit): string {
  return textOf(hit, 'ftl.channel');
}

function numberOf({ fields }: Hit): number | null {
  const value = fields['ftl.block.number']?.[0];
  return typeof value === 'number' ? value : null;
}

function isRange(hit: Hit): boolean {
  const last = hit.fields['ftl.block.last']?.[0];
  return typeof last === 'number' && last > (numberOf(hit) ?? last);
}

async function writeMark(cluster: Cluster, mark: Mark): Promise<void> {
  const { state } = cluster.names;
  const document: MarkDocument = { kind: 'mark', mark };
  const lines = [JSON.stringify({ index: { _index: state, _id: markId(mark) } }), JSON.stringify(document), ''];
  await cluster.write(lines.join('\n'), [state]);
}

async function prefixLengths(cluster: Cluster): Promise<readonly number[]> {
  const { body } = await cluster.send<{ readonly _source?: FollowerDocument }>({
    method: 'GET',
    path: `/${cluster.names.state}/_doc/${FOLLOWER_ID}`,
  });
  const { _source: follower } = body;
  return follower?.prefixLengths ?? [];
}
