import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { type NodeEntry, selfOf } from '../nodesFile.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import type { RecordStore } from '../pipeline/storeWriter.ts';
import { BeatsStream, parseStreamCheckpoint, type StreamCheckpoint } from './beatsStream.ts';
import type { HoldBudget } from './lineOrder.ts';
import type { ShippedLine } from './shippedLine.ts';

export const BEATS_KEY_PREFIX = 'beats:';
/** Streams in memory; beyond, those that have rested longest go back to their checkpoints. */
const MAX_STREAMS = 1024;
/** Characters of lines that wait for others before them. */
const MAX_HELD = 64 * 1024 * 1024;

export interface BeatsStreamsOptions {
  readonly orderMs: number;
  readonly maxLineBytes: number;
  readonly maxStreams?: number;
}

export interface BeatsStreamsModules {
  readonly pipeline: RecordPipeline;
  readonly store: Pick<RecordStore, 'checkpoints'>;
  readonly nodes: readonly NodeEntry[];
  readonly logger: Logger;
  readonly onRepeated: () => void;
}

/** All shipped files, by host and path, each opened when its first line comes and resumed where its checkpoint says. */
export class BeatsStreams {
  readonly #options: BeatsStreamsOptions;
  readonly #modules: BeatsStreamsModules;
  readonly #maxStreams: number;
  readonly #budget: HoldBudget = { held: 0, max: MAX_HELD };
  /** The one that moved last at the end. */
  readonly #streams = new Map<string, BeatsStream>();
  /** Most lines are of the file that the line before was of. */
  #last: (Pick<ShippedLine, 'host' | 'path' | 'rebuilt'> & { readonly stream: BeatsStream }) | null = null;
  readonly #opening = new Map<string, Promise<BeatsStream>>();
  readonly #nodes: ReadonlyMap<string, NodeEntry>;

  constructor(options: BeatsStreamsOptions, modules: BeatsStreamsModules) {
    this.#options = options;
    this.#modules = modules;
    this.#maxStreams = options.maxStreams ?? MAX_STREAMS;
    this.#nodes = new Map(modules.nodes.map((node) => [node.name, node]));
  }

  /** The stream of a line: at once if it is open, else when its checkpoint is known. */
  of(line: ShippedLine): BeatsStream | Promise<BeatsStream> {
    const last = this.#last;
    if (last !== null && last.path === line.path && last.host === line.host && last.rebuilt === line.rebuilt) {
      return last.stream;
    }
    const key = keyOf(line);
    const stream = this.#streams.get(key);
    if (stream === undefined) return this.#opened(key, line);
    this.#streams.delete(key);
    this.#streams.set(key, stream);
    const { host, path, rebuilt } = line;
    this.#last = { host, path, rebuilt, stream };
    return stream;
  }

  /** Lines that wait for others go in as they are. */
  releaseAll(): void {
    for (const stream of this.#streams.values()) stream.releaseAll();
  }

  #opened(key: string, line: ShippedLine): Promise<BeatsStream> {
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      opening = this.#open(key, line).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  async #open(key: string, line: ShippedLine): Promise<BeatsStream> {
    await this.#makeRoom();
    const { pipeline, logger, onRepeated } = this.#modules;
    const checkpoint = await this.#checkpoint(key);
    const node = line.node === undefined ? undefined : this.#nodes.get(line.node);
    // A name that appears or changes later would give the same line another ID.
    const name = checkpoint?.name ?? line.node ?? line.name;
    const stream = new BeatsStream({
      name,
      checkpoint,
      holdMs: this.#options.orderMs,
      budget: this.#budget,
      maxLineBytes: this.#options.maxLineBytes,
      onRepeated,
    });
    const where = `${line.host}:${line.path}`;
    const self = node === undefined ? (line.node === undefined ? undefined : { name: line.node }) : selfOf(node);
    stream.connect(
      pipeline.openStream({
        key,
        name,
        ...(self === undefined ? {} : { self }),
        ...(checkpoint === null ? {} : { snapshot: checkpoint.decoder }),
        file: () => where,
        position: () => stream.position(),
        lineNumber: () => stream.lines,
      }),
    );
    this.#streams.set(key, stream);
    logger.info({ host: line.host, path: line.path, resumed: checkpoint !== null }, `${where} is shipped here`);
    return stream;
  }

  async #checkpoint(key: string): Promise<StreamCheckpoint | null> {
    const { store, logger } = this.#modules;
    try {
      const text = (await store.checkpoints(key)).get(key);
      if (text === undefined) return null;
      const checkpoint = parseStreamCheckpoint(text);
      if (checkpoint === null) logger.warn({ key }, `the checkpoint ${key} can't be read; the stream begins anew`);
      return checkpoint;
    } catch (error) {
      // The store is down: the stream could begin anew, but then it would forget what it knew.
      logger.warn({ err: error, key }, `the checkpoint of a shipped file can't be had: ${messageOf(error)}`);
      throw error;
    }
  }

  /** What a stream knows is in its checkpoint once the store has all that came of it: then its memory can go. */
  async #makeRoom(): Promise<void> {
    if (this.#streams.size < this.#maxStreams) return;
    const resting = [...this.#streams].slice(0, Math.ceil(this.#maxStreams / 8));
    const lines = resting.map(([, stream]) => stream.lines);
    if (!(await this.#modules.pipeline.written())) return;
    for (const [index, [key, stream]] of resting.entries()) {
      if (stream.lines === lines[index] && !stream.holds) this.#streams.delete(key);
    }
    this.#last = null;
  }
}

function keyOf({ host, path, rebuilt }: ShippedLine): string {
  return `${BEATS_KEY_PREFIX}${rebuilt ? 'fields' : 'lines'}:${encodeURIComponent(host)}:${path}`;
}
