import { BoundedMap } from './boundedMap.ts';
import type { Channels } from './channels.ts';
import type { Database } from './database.ts';
import { textHash } from './dictionary.ts';
import type { TraceSummary } from '../../trace.ts';

/** What many summaries have in common: all that names something, hence all that a search asks for but ID, time and block. */
export type SummaryShape = Pick<
  TraceSummary,
  'channel' | 'type' | 'chaincode' | 'function' | 'creator' | 'code' | 'endorsers' | 'participants' | 'findings'
>;

/** The hand-overs of a trace: point, from, to, whether it failed; sorted. Durations are in the summary's bytes. */
export type EdgeShape = readonly (readonly [point: string, from: string | null, to: string, failed: 0 | 1])[];

/** Interned shapes of summaries (table `shape`) and of their edges (table `edges`). */
export class Shapes {
  readonly #db: Database;
  readonly #channels: Channels;
  readonly #keys = new BoundedMap<string, number>(4096);
  readonly #shapes = new BoundedMap<number, SummaryShape>(4096);
  readonly #edgeKeys = new BoundedMap<string, number>(4096);
  readonly #edges = new BoundedMap<number, EdgeShape>(4096);

  constructor(db: Database, channels: Channels) {
    this.#db = db;
    this.#channels = channels;
  }

  /** Shapes without a trace may have been dropped, or made in a transaction that was rolled back. */
  forget(): void {
    this.#keys.clear();
    this.#shapes.clear();
    this.#edgeKeys.clear();
    this.#edges.clear();
  }

  keyOf(shape: SummaryShape): number {
    const json = JSON.stringify(shape);
    return this.#keys.get(json) ?? this.#intern(shape, json);
  }

  shape(key: number): SummaryShape {
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = JSON.parse(this.#json('shape', key)) as SummaryShape;
      this.#shapes.set(key, shape);
    }
    return shape;
  }

  keyOfEdges(edges: EdgeShape): number {
    const json = JSON.stringify(edges);
    const known = this.#edgeKeys.get(json);
    if (known !== undefined) return known;
    const hash = textHash(json);
    const stored = this.#db.get('SELECT key FROM edges WHERE hash = ? AND json = ?', hash, json)?.[0];
    const key =
      typeof stored === 'number'
        ? stored
        : Number(this.#db.prepare('INSERT INTO edges (hash, json) VALUES (?, ?)').run(hash, json).lastInsertRowid);
    this.#edgeKeys.set(json, key);
    return key;
  }

  edges(key: number): EdgeShape {
    let edges = this.#edges.get(key);
    if (edges === undefined) {
      edges = JSON.parse(this.#json('edges', key)) as EdgeShape;
      this.#edges.set(key, edges);
    }
    return edges;
  }

  #json(table: 'shape' | 'edges', key: number): string {
    const json = this.#db.get(`SELECT json FROM ${table} WHERE key = ?`, key)?.[0];
    if (typeof json !== 'string') throw new RangeError(`no row ${key} in ${table}`);
    return json;
  }

  #intern(shape: SummaryShape, json: string): number {
    const hash = textHash(json);
    const stored = this.#db.get('SELECT key FROM shape WHERE hash = ? AND json = ?', hash, json)?.[0];
    const key = typeof stored === 'number' ? stored : this.#insert(shape, json, hash);
    this.#keys.set(json, key);
    return key;
  }

  #insert(shape: SummaryShape, json: string, hash: number): number {
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO shape (hash, channel, code, chaincode, function, creator, search, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        hash,
        this.#channels.intern(shape.channel),
        shape.code,
        shape.chaincode,
        shape.function,
        shape.creator,
        searchText(shape),
        json,
      );
    return Number(lastInsertRowid);
  }
}

/** The fields that the text search looks at, in lower case, a line each. */
function searchText(shape: SummaryShape): string {
  const fields = [
    shape.chaincode,
    shape.function,
    shape.creator,
    shape.code,
    ...shape.participants,
    ...shape.findings.map(({ code }) => code),
  ];
  return fields
    .filter((field) => field !== null)
    .join('\n')
    .toLowerCase();
}
