import type { StoredRecord } from '../../record.ts';
import { normalId } from '../normalId.ts';
import type { Hit } from './cluster.ts';
import type { AppliedDocument, BlockDocument, Mark, MarkDocument } from './documents.ts';
import { marksOfFacts } from './factEffects.ts';
import { FEED_BODY, endOf, factsBetween, nextOf, type Positions, recordOfColumns } from './feed.ts';
import { blockId, stateId } from './indices.ts';
import type { Parts } from './parts.ts';
import { unwrap } from './recordDocument.ts';
import { isTxId, kindOf } from './recordKind.ts';
import { idsInBlocks, idsOfMark, idsOfPrefixes, markTotal } from './concerned.ts';
import { Watermarks } from './watermarks.ts';

/** IDs held in memory, and new records read for them, at most; roughly. */
const MOST_IDS = 5000;
const MOST_RECORDS = 20_000;

interface OpenMark {
  readonly mark: Mark;
  /** Of those that are stored: where and in what version. */
  readonly hit: Hit<MarkDocument> | null;
  /** The trace ID up to which its summaries have been taken up; undefined before the first. */
  after: string | undefined;
  left: number;
}

/**
 * What refresh has taken upon itself: IDs whose summaries have to be made, out of new records and of marks. Nothing of it is
 * stored: until the positions in the follower document move on, it can be found again.
 */
export class Workload {
  readonly #parts: Parts;
  readonly #ids = new Set<string>();
  /** Taken from `#ids` since the last `commit`. */
  readonly #done = new Set<string>();
  #marks: OpenMark[] = [];
  #finished: OpenMark[] = [];
  #applied: AppliedDocument[] = [];
  readonly #read: Record<string, number>;
  readonly #heads: Positions;
  readonly lengths: Set<number>;

  constructor(parts: Parts, from: Positions, heads: Positions, lengths: readonly number[]) {
    this.#parts = parts;
    // Indices that are gone are forgotten.
    this.#read = Object.fromEntries(Object.keys(heads).map((shard) => [shard, from[shard] ?? -1]));
    this.#heads = heads;
    this.lengths = new Set(lengths);
  }

  /** Up to where new records have been read. */
  get read(): Positions {
    return { ...this.#read };
  }

  /** IDs that wait, and records and summaries that may yield more. */
  get remaining(): number {
    const unread = Object.entries(this.#heads).reduce(
      (sum, [shard, head]) => sum + head - (this.#read[shard] ?? -1),
      0,
    );
    return this.#ids.size + unread + this.#marks.reduce((sum, { left }) => sum + left, 0);
  }

  get hasIds(): boolean {
    return this.#ids.size > 0;
  }

  /** Whether everything that was read is done, so that `commit` may follow. */
  get isDone(): boolean {
    return this.#ids.size === 0 && this.#marks.length === 0;
  }

  take(limit: number): string[] {
    const taken = [...this.#ids.values().take(limit)];
    for (const id of taken) {
      this.#ids.delete(id);
      this.#done.add(id);
    }
    return taken;
  }

  /** IDs that turned out to be concerned. */
  add(ids: Iterable<string>): void {
    for (const id of ids) if (isTxId(id) && !this.#done.has(id)) this.#ids.add(id);
  }

  /** Reads on, until there are IDs enough or nothing is left to read; the blocks that new records name. */
  async fill(): Promise<readonly BlockDocument[]> {
    if (this.#marks.length > 0) {
      await this.#expandMarks();
      return [];
    }
    await this.#readMarks();
    await this.#readFacts();
    const blocks = await this.#readRecords();
    await this.#expandMarks();
    return blocks;
  }

  /** Once all that was read is summarised, before the positions are written. */
  async commit(): Promise<void> {
    const { cluster } = this.#parts;
    const { state } = cluster.names;
    const lines: string[] = [];
    for (const { hit } of this.#finished) {
      if (hit === null) continue;
      const { id, seqNo, primaryTerm } = hit;
      // Written again meanwhile: stays.
      lines.push(
        JSON.stringify({ delete: { _index: state, _id: id, if_seq_no: seqNo, if_primary_term: primaryTerm } }),
      );
    }
    for (const document of this.#applied) {
      const id = stateId('applied', document.channel, document.node);
      const version = document.block + 1;
      lines.push(
        JSON.stringify({ index: { _index: state, _id: id, version, version_type: 'external' } }),
        JSON.stringify(document),
      );
    }
    if (lines.length > 0) await cluster.write(`${lines.join('\n')}\n`, [state]);
    this.#finished = [];
    this.#applied = [];
    this.#done.clear();
  }

  async #readMarks(): Promise<void> {
    const { cluster } = this.#parts;
    const hits = await cluster.all<MarkDocument>(cluster.names.state, {
      query: { term: { kind: 'mark' } },
      seq_no_primary_term: true,
    });
    for (const hit of hits) await this.#open(hit.source.mark, hit);
  }

  async #readFacts(): Promise<void> {
    const { cluster, facts } = this.#parts;
    const isFact = (shard: string) => shard.startsWith(`${cluster.names.network}/`);
    const to = Object.fromEntries(Object.entries(this.#heads).filter(([shard]) => isFact(shard)));
    if (Object.entries(to).every(([shard, head]) => (this.#read[shard] ?? -1) >= head)) return;
    const fresh = await factsBetween(cluster, this.#read, to);
    await this.#writeWatermarks(fresh);
    for (const mark of marksOfFacts(fresh, await facts.read())) await this.#open(mark, null);
    Object.assign(this.#read, to);
  }

  /** They were written by whoever appended the records, unless that was no collector of ours, or they have been deleted. */
  async #writeWatermarks(facts: readonly StoredRecord[], watermarks = new Watermarks()): Promise<void> {
    const { cluster } = this.#parts;
    const { names } = cluster;
    for (const { record } of facts) watermarks.add(record);
    await cluster.write(watermarks.lines(names), [names.state, names.blocks]);
  }

  async #open(mark: Mark, hit: Hit<MarkDocument> | null): Promise<void> {
    const opened: OpenMark = { mark, hit, after: undefined, left: 0 };
    if (mark.what === 'trace') {
      this.add([mark.txId]);
      this.#finished.push(opened);
      return;
    }
    opened.left = await markTotal(this.#parts.cluster, mark);
    this.#marks.push(opened);
  }

  /** Page by page: a mark may stand for all traces there are. */
  async #expandMarks(): Promise<void> {
    while (this.#ids.size < MOST_IDS) {
      const [open] = this.#marks;
      if (open === undefined) return;
      const page = await idsOfMark(this.#parts.cluster, open.mark, open.after);
      this.add(page.ids);
      open.after = page.after;
      open.left = Math.max(0, open.left - page.ids.length);
      if (page.after === undefined) {
        this.#marks.shift();
        this.#finished.push(open);
      }
    }
  }

  async #readRecords(): Promise<readonly BlockDocument[]> {
    const { cluster } = this.#parts;
    const news = new News();
    for (const [shard, head] of Object.entries(this.#heads).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      while ((this.#read[shard] ?? -1) < head && news.records < MOST_RECORDS && news.ids.size < MOST_IDS) {
        const hits = await nextOf(cluster, shard, { from: this.#read[shard] ?? -1, to: head }, FEED_BODY);
        for (const hit of hits) news.add(hit);
        await this.#dropDoubles(shard, hits);
        this.#read[shard] = endOf(hits, head);
      }
    }
    if (news.records === 0) return [];
    for (const { length } of news.prefixes) this.lengths.add(length);
    await this.#moveFacts(news.facts);
    await this.#writeWatermarks([], news.watermarks);
    this.add(news.ids);
    this.add(await idsOfPrefixes(cluster, [...news.prefixes]));
    this.add(news.prefixes);
    for (const [channel, { numbers, ranges }] of news.blocks) {
      this.add(await idsInBlocks(cluster, channel, [...numbers], ranges));
    }
    await this.#applyHeights(news.heights);
    return [...news.blocks].flatMap(([channel, { numbers }]) =>
      channel === '' ? [] : [...numbers].map((number) => ({ channel, number, revision: 0 })),
    );
  }

  /** A record that came again after a rollover is in two indices: the first one stays. */
  async #dropDoubles(shard: string, hits: readonly Hit[]): Promise<void> {
    const { cluster } = this.#parts;
    const index = shard.slice(0, shard.lastIndexOf('/'));
    const earlier = Object.keys(this.#heads)
      .map((other) => other.slice(0, other.lastIndexOf('/')))
      .filter((other) => other !== cluster.names.network && other < index);
    if (earlier.length === 0 || hits.length === 0) return;
    const query = { ids: { values: hits.map(({ id }) => id) } };
    const doubles = await cluster.all([...new Set(earlier)].join(), { query, _source: false });
    const lines = doubles.map(({ id }) => `${JSON.stringify({ delete: { _index: index, _id: id } })}\n`);
    await cluster.write(lines.join(''), [cluster.names.records]);
  }

  /** Facts that came without a collector of ours, and so into the index of all records, go to where facts are. */
  async #moveFacts(hits: readonly Hit[]): Promise<void> {
    if (hits.length === 0) return;
    const { cluster } = this.#parts;
    const { names } = cluster;
    const full = await cluster.all(names.records, { query: { ids: { values: hits.map(({ id }) => id) } } });
    const moved: StoredRecord[] = full.map(unwrap);
    const made = full.map(
      ({ id, source }) =>
        `${JSON.stringify({ create: { _index: names.network, _id: id } })}\n${JSON.stringify(source)}\n`,
    );
    await cluster.write(made.join(''), [names.network]);
    const gone = full.map(({ index, id }) => `${JSON.stringify({ delete: { _index: index, _id: id } })}\n`);
    await cluster.write(gone.join(''), [names.records]);
    await cluster.show(names.network);
    for (const mark of marksOfFacts(moved, await this.#parts.facts.read())) await this.#open(mark, null);
  }

  /** A peer that appears in a channel concerns all its traces; one that catches up, those of the blocks it had not. */
  async #applyHeights(raised: ReadonlyMap<string, AppliedDocument>): Promise<void> {
    if (raised.size === 0) return;
    const { cluster } = this.#parts;
    const hits = await cluster.all<AppliedDocument>(cluster.names.state, { query: { term: { kind: 'applied' } } });
    const before = new Map(hits.map(({ source: { channel, node, block } }) => [`${node}\0${channel}`, block]));
    const marks = new Map<string, Mark>();
    for (const [key, { channel, node, block }] of raised) {
      const height = before.get(key);
      if (height !== undefined && height >= block) continue;
      const mark: Mark =
        height === undefined
          ? { what: 'channel', channel }
          : { what: 'blocks', channel, first: height + 1, until: block };
      marks.set(JSON.stringify(mark), mark);
      this.#applied.push({ kind: 'applied', channel, node, block });
    }
    for (const mark of marks.values()) await this.#open(mark, null);
  }
}

/** What a stretch of new records is about. */
class News {
  records = 0;
  readonly ids = new Set<string>();
  readonly prefixes = new Set<string>();
  readonly facts: Hit[] = [];
  readonly watermarks = new Watermarks();
  readonly heights = new Map<string, AppliedDocument>();
  readonly blocks = new Map<
    string,
    { readonly numbers: Set<number>; readonly ranges: (readonly [number, number])[] }
  >();

  add(hit: Hit): void {
    this.records++;
    const record = recordOfColumns(hit);
    const { ftl } = record;
    const kind = kindOf(record);
    this.watermarks.add(record);
    if (kind === 'network') this.facts.push(hit);
    if (kind === 'full' && ftl.tx_id !== undefined) this.ids.add(ftl.tx_id);
    if (kind === 'shortened' && ftl.tx_id_prefix !== undefined) this.prefixes.add(ftl.tx_id_prefix);
    const { block, channel = '' } = ftl;
    if (block === undefined || channel === '') return;
    if (kind === 'range') this.#of(channel).ranges.push([block.number, block.last ?? block.number]);
    if (kind !== 'block' && kind !== 'full') return;
    this.#of(channel).numbers.add(block.number);
    const node = record['service.node.name'];
    if (ftl.point !== 'gossip.commit' || node === undefined) return;
    const key = `${normalId(node)}\0${channel}`;
    if ((this.heights.get(key)?.block ?? -1) < block.number) {
      this.heights.set(key, { kind: 'applied', channel, node: normalId(node), block: block.number });
    }
  }

  #of(channel: string): { readonly numbers: Set<number>; readonly ranges: (readonly [number, number])[] } {
    let blocks = this.blocks.get(channel);
    if (blocks === undefined) this.blocks.set(channel, (blocks = { numbers: new Set(), ranges: [] }));
    return blocks;
  }
}

/** Documents of blocks that have changed, each with a revision of its own. */
export function blockLines(
  index: string,
  blocks: readonly BlockDocument[],
  step: { readonly turn: number; readonly revision: () => number },
): string {
  return blocks
    .map(({ channel, number }) => {
      const action = { _index: index, _id: blockId(channel, number), version: step.turn, version_type: 'external_gte' };
      return `${JSON.stringify({ index: action })}\n${JSON.stringify({ channel, number, revision: step.revision() })}\n`;
    })
    .join('');
}
