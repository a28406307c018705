import type { AssembleContext } from '../../assemble/context.ts';
import type { Network } from '../../network/network.ts';
import type { StoredRecord } from '../../record.ts';
import { distinct } from '../recordLists.ts';
import type { Cluster } from './cluster.ts';
import type { HeightDocument } from './documents.ts';
import { compareTerms } from './order.ts';
import type { Row } from './resolution.ts';
import { blockRecords, rowName, type LoadedRows, type Search } from './rowLoader.ts';

/** What a trace stands on: the arguments of `assemble`. */
export interface Evidence {
  readonly records: readonly StoredRecord[];
  readonly context: AssembleContext;
  /** Blocks that hold the transaction, ascending. */
  readonly blocks: readonly number[];
}

/** Highest block that each writer committed, by channel. */
export type Heights = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** The heights of some channels; of all where none are named. */
export function heightSearch({ names }: Cluster, channels?: readonly string[]): Search {
  const filter = [{ term: { kind: 'height' } }, ...(channels === undefined ? [] : [{ terms: { channel: channels } }])];
  return {
    index: names.state,
    body: { size: 10_000, track_total_hits: false, sort: ['_doc'], query: { bool: { filter } } },
  };
}

export function heightsOf(documents: readonly HeightDocument[]): Heights {
  const heights = new Map<string, Map<string, number>>();
  for (const { channel, node, block } of documents.toSorted((a, b) => compareTerms(a.node, b.node))) {
    const nodes = heights.get(channel) ?? new Map<string, number>();
    heights.set(channel, nodes.set(node, block));
  }
  return heights;
}

/** What all traces share. */
export interface World {
  readonly network: Network;
  readonly heights: Heights;
}

const NO_HEIGHTS: ReadonlyMap<string, number> = new Map();

/** Joins the records of traces: their own, those of the same ID without a channel, those of the shortened ID, and those of their blocks. */
export class EvidenceReader {
  readonly #cluster: Cluster;
  readonly #rows: LoadedRows;
  readonly #world: World;
  /** By channel and number. */
  readonly #blocks = new Map<string, readonly StoredRecord[]>();

  constructor(cluster: Cluster, rows: LoadedRows, world: World) {
    this.#cluster = cluster;
    this.#rows = rows;
    this.#world = world;
  }

  /** Reads the blocks of these rows, each once. */
  async readBlocks(rows: readonly Row[]): Promise<void> {
    const wanted = new Map<string, Set<number>>();
    for (const row of rows) {
      for (const number of this.#blocksOf(row)) {
        const numbers = wanted.get(row.channel) ?? new Set<number>();
        wanted.set(row.channel, numbers.add(number));
      }
    }
    await Promise.all(
      [...wanted].map(async ([channel, numbers]) => {
        for (const [number, records] of await blockRecords(this.#cluster, channel, [...numbers])) {
          this.#blocks.set(`${number} ${channel}`, records);
        }
      }),
    );
  }

  /** After `readBlocks`. */
  of(row: Row): Evidence {
    const { channel, txId, kind } = row;
    const records: StoredRecord[] = [];
    let ambiguous = false;
    let blocks: readonly number[] = [];
    if (kind === 'shortened') {
      records.push(...this.#recordsOf('shortened', channel, txId));
    } else {
      records.push(...this.#recordsOf('full', channel, txId));
      if (channel !== '') records.push(...this.#recordsOf('full', '', txId));
      for (const one of this.#rows.resolution.shortenedFor(row)) {
        ambiguous ||= one.ambiguous;
        records.push(...this.#recordsOf('shortened', one.channel, one.prefix));
      }
      blocks = [...this.#blocksOf(row)].toSorted((a, b) => a - b);
      for (const number of blocks) records.push(...(this.#blocks.get(`${number} ${channel}`) ?? []));
    }
    const context: AssembleContext = {
      channel,
      txId,
      network: this.#world.network,
      heights: this.#world.heights.get(channel) ?? NO_HEIGHTS,
      ...(ambiguous && { ambiguousPrefix: true as const }),
    };
    return { records: blocks.length > 1 ? distinct(records) : records, context, blocks };
  }

  #recordsOf(kind: 'full' | 'shortened', channel: string, txId: string): readonly StoredRecord[] {
    return this.#rows.records.get(rowName(kind, channel, txId)) ?? [];
  }

  #blocksOf({ kind, channel, txId }: Row): Iterable<number> {
    return kind === 'full' ? (this.#rows.blocks.get(rowName('full', channel, txId)) ?? []) : [];
  }
}
