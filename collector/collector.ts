import { basename, dirname, resolve } from 'node:path';
import type { PartialIdentity } from '#trace/identity.ts';
import { BEATS_DEFAULTS } from './beats/beatsOptions.ts';
import { BeatsSource, type BeatsStatus } from './beats/beatsSource.ts';
import { BlockSource } from './blocks/blockSource.ts';
import { DELIVER_DEFAULTS, DELIVER_KEY_PREFIX, DeliverSource, type DeliverStatus } from './deliver/deliverSource.ts';
import { createStreamDecoder, isKnownLine } from './decoders/registry.ts';
import { type CollectorMetrics, createCollectorMetrics, type FileLag, removeCollectorMetrics } from './metrics.ts';
import { type NodeEntry, nodeRecords, parseNodes, selfOf } from './nodesFile.ts';
import type { CollectorModules, CollectorOptions, CommonOptions, ImportOptions } from './options.ts';
import { DEAD_LETTER_DEFAULTS, DeadLetters } from './pipeline/deadLetters.ts';
import { PIPELINE_DEFAULTS, type PipelineOptions, RecordPipeline } from './pipeline/recordPipeline.ts';
import { BLOCK_KEY_PREFIX, BlockFiles } from './sources/blockFiles.ts';
import { FILE_TAIL_DEFAULTS, FileTail, type FollowRequest, TAIL_KEY_PREFIX } from './sources/fileTail.ts';
import { type ImportedFiles, importFiles } from './sources/importFiles.ts';
import { listFiles } from './sources/listFiles.ts';
import { streamPathOf } from './sources/rotation.ts';
import { ReadableStreamPosition, readStream, STDIN_NAME } from './sources/stdin.ts';

export type { CollectorModules, CollectorOptions, ImportOptions } from './options.ts';

export interface CollectorStatus {
  /** Followed streams, by the path of their live file. */
  readonly files: readonly FileLag[];
  /** Channels that are followed at nodes. */
  readonly deliver: readonly DeliverStatus[];
  /** Where events of Beats are taken, if they are. */
  readonly beats: BeatsStatus | null;
  /** Records that wait for the store. */
  readonly queued: number;
  readonly added: number;
  readonly known: number;
  readonly deadLetters: number;
  /** Whether all that is there now has been read, stored and summarised. */
  readonly caughtUp: boolean;
}

export interface RunningCollector {
  status(): CollectorStatus;
  /** Resolves when `caughtUp` holds; rejects if `signal` is aborted before. */
  untilCaughtUp(signal?: AbortSignal): Promise<void>;
  /**
   * Stops reading, writes what was read with its checkpoints, closes the files. If `signal` is aborted (the store may be down)
   * it gives up writing and rejects with `aborted`; what was not written is read again by the next run.
   */
  stop(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

export interface ImportResult extends ImportedFiles {
  readonly added: number;
  /** Records that the store had already. */
  readonly known: number;
  readonly deadLetters: number;
}

/** What following and importing share: the pipeline and what hangs on it. */
interface Plant {
  readonly nodes: readonly NodeEntry[];
  readonly metrics: CollectorMetrics;
  readonly deadLetters: DeadLetters;
  readonly pipeline: RecordPipeline;
  readonly blocks: BlockSource;
  readonly ignore: (path: string) => boolean;
  readonly clock: () => number;
}

const CAUGHT_UP_POLL_MS = 20;

/**
 * Follows log files, block folders, nodes' Deliver services and what Beats ship into the store until told to stop. Starts where the last run with this store left off.
 *
 * @throws CollectorError `bad_nodes_file`, `beats_listen`; whatever the store throws when it can't tell its checkpoints
 */
export async function startCollector(options: CollectorOptions, modules: CollectorModules): Promise<RunningCollector> {
  const tails: FileTail[] = [];
  const plant = build(options, modules, () => tails[0]?.lags() ?? []);
  const { pipeline, metrics, deadLetters, clock, nodes } = plant;
  const { logger, store } = modules;
  const stopping = new AbortController();

  const tail = new FileTail(
    {
      ...FILE_TAIL_DEFAULTS,
      ...pick(options, ['pollMs', 'discoverMs', 'maxLineBytes', 'readBytes', 'start']),
      follow: followRequests(options.logs, nodes),
      ignore: plant.ignore,
    },
    { pipeline, checkpoints: await store.checkpoints(TAIL_KEY_PREFIX), metrics, logger, clock },
  );
  tails.push(tail);
  const blockFiles = new BlockFiles(
    { patterns: options.blocks ?? [], pollMs: options.discoverMs ?? FILE_TAIL_DEFAULTS.discoverMs },
    { ...plant, checkpoints: await store.checkpoints(BLOCK_KEY_PREFIX), logger },
  );
  const deliver = new DeliverSource(
    { ...DELIVER_DEFAULTS, targets: options.deliver ?? [] },
    { ...plant, checkpoints: await store.checkpoints(DELIVER_KEY_PREFIX), logger },
  );

  if (nodes.length > 0) pipeline.addRecords(nodeRecords(nodes, clock()));
  const beats = await startBeats(options, modules, plant);
  await tail.start();
  deliver.start();
  if ((options.blocks ?? []).length > 0) blockFiles.start();
  let readingStdin = options.logs.includes('-');
  const stdin = readingStdin ? readStdin(options, modules, plant, stopping.signal) : Promise.resolve();
  const stdinDone = stdin
    .catch((error: unknown) => {
      metrics.sourceErrors.inc();
      logger.error({ err: error }, 'standard input can not be read any more');
    })
    .finally(() => {
      readingStdin = false;
    });

  const caughtUp = () =>
    tail.caughtUp &&
    ((options.blocks ?? []).length === 0 || blockFiles.caughtUp) &&
    deliver.caughtUp &&
    (beats?.caughtUp ?? true) &&
    !readingStdin &&
    pipeline.idle;
  let stopped: Promise<void> | undefined;
  const abort = () => pipeline.abort();
  const stop = async (signal: AbortSignal | undefined) => {
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      // Sources first, then what they left in the pipeline.
      stopping.abort();
      await Promise.all([tail.stop(), blockFiles.stop(), deliver.stop(), beats?.stop(), stdinDone]);
      await pipeline.drain();
    } finally {
      signal?.removeEventListener('abort', abort);
      removeCollectorMetrics(modules.registry);
    }
  };
  return {
    status: () => ({
      files: [...tail.lags()],
      deliver: deliver.status(),
      beats: beats?.status() ?? null,
      queued: pipeline.queued,
      ...pipeline.totals,
      deadLetters: deadLetters.count,
      caughtUp: caughtUp(),
    }),
    untilCaughtUp: async (signal) => {
      while (!caughtUp()) {
        signal?.throwIfAborted();
        await new Promise((wake) => {
          setTimeout(wake, CAUGHT_UP_POLL_MS);
        });
      }
    },
    stop: (how) => (stopped ??= stop(how?.signal)),
  };
}

/**
 * Reads files once and to their end. Importing the same files again, or part of what is followed, adds nothing.
 *
 * @throws CollectorError `no_such_file`, `bad_nodes_file`, `aborted`
 */
export async function importAll(options: ImportOptions, modules: CollectorModules): Promise<ImportResult> {
  // Summaries once, at the end: a trace's records come from several files.
  const plant = build(options, modules, () => [], { refreshMs: Infinity, restMs: Infinity });
  const { pipeline, deadLetters, nodes } = plant;
  const abort = () => pipeline.abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    if (nodes.length > 0) pipeline.addRecords(nodeRecords(nodes, plant.clock()));
    const owners = await ownersOf(nodes);
    const files = await importFiles(
      {
        ...FILE_TAIL_DEFAULTS,
        ...pick(options, ['maxLineBytes', 'readBytes', 'onProgress', 'signal']),
        paths: options.paths,
        ignore: plant.ignore,
        selfOf: (path) => owners.get(path),
        knownLine: isKnownLine,
      },
      plant,
    );
    await pipeline.drain();
    for (let remaining = 1; remaining > 0; ) ({ remaining } = await modules.store.refresh({ limit: 5000 }));
    return { ...files, ...pipeline.totals, deadLetters: deadLetters.count };
  } catch (error) {
    pipeline.abort();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
    removeCollectorMetrics(modules.registry);
  }
}

function build(
  options: CommonOptions,
  modules: CollectorModules,
  lags: () => Iterable<FileLag>,
  refresh: Partial<PipelineOptions> = {},
): Plant {
  const nodes = parseNodes(options.nodes);
  const clock = modules.clock ?? Date.now;
  const { logger, store } = modules;
  const gauges = { queued: () => 0, lags };
  const metrics = createCollectorMetrics(modules.registry, gauges);
  const letters = options.deadLetters;
  const deadLetters = new DeadLetters(letters === undefined ? null : { ...DEAD_LETTER_DEFAULTS, ...letters }, {
    metrics,
    logger,
    clock,
  });
  const pipeline = new RecordPipeline(
    {
      ...PIPELINE_DEFAULTS,
      ...refresh,
      ...(options.batchRecords === undefined ? {} : { maxRecords: options.batchRecords }),
      ...(options.batchMs === undefined ? {} : { maxDelayMs: options.batchMs }),
      ...(options.retryMs === undefined ? {} : { backoffMs: options.retryMs }),
      ...(options.queueBatches === undefined ? {} : { maxQueued: options.queueBatches }),
    },
    {
      store,
      createDecoder: (stream, snapshot) =>
        createStreamDecoder(
          options.format ?? 'auto',
          { ...stream, checkRecords: options.checkRecords ?? true },
          snapshot,
        ),
      deadLetters,
      metrics,
      logger,
      clock,
    },
  );
  gauges.queued = () => pipeline.queued;
  const blocks = new BlockSource(options.blockChannel === undefined ? {} : { channel: options.blockChannel });
  return { nodes, metrics, deadLetters, pipeline, blocks, ignore: ownFiles(letters?.path), clock };
}

/** First of all sources: of those that are configured it alone may find that it can't start. */
async function startBeats(
  options: CollectorOptions,
  modules: CollectorModules,
  plant: Plant,
): Promise<BeatsSource | null> {
  if (options.beats === undefined) return null;
  try {
    const maxLineBytes = options.maxLineBytes ?? FILE_TAIL_DEFAULTS.maxLineBytes;
    const beats = new BeatsSource({ ...BEATS_DEFAULTS, ...options.beats }, { ...plant, ...modules, maxLineBytes });
    await beats.start();
    return beats;
  } catch (error) {
    plant.pipeline.abort();
    removeCollectorMetrics(modules.registry);
    throw error;
  }
}

/** What is configured for nodes comes first, so that a file that a general glob matches too has its owner. */
function followRequests(logs: readonly string[], nodes: readonly NodeEntry[]): FollowRequest[] {
  return [
    ...nodes.filter((node) => node.logs.length > 0).map((node) => ({ patterns: node.logs, self: selfOf(node) })),
    { patterns: logs.filter((pattern) => pattern !== '-') },
  ];
}

async function ownersOf(nodes: readonly NodeEntry[]): Promise<ReadonlyMap<string, PartialIdentity>> {
  const owners = new Map<string, PartialIdentity>();
  for (const node of nodes) {
    for (const file of await listFiles(node.logs)) {
      owners.set(file, selfOf(node));
      owners.set(streamPathOf(file), selfOf(node));
    }
  }
  return owners;
}

async function readStdin(
  options: CollectorOptions,
  modules: CollectorModules,
  plant: Plant,
  signal: AbortSignal,
): Promise<void> {
  const position = new ReadableStreamPosition();
  const intake = plant.pipeline.openStream({
    key: null,
    name: 'stdin',
    file: () => STDIN_NAME,
    position: () => ({}),
    lineNumber: () => position.lines,
  });
  const maxLineBytes = options.maxLineBytes ?? FILE_TAIL_DEFAULTS.maxLineBytes;
  await readStream({ input: modules.stdin ?? process.stdin, maxLineBytes, signal }, intake, position);
}

/** The collector does not read what it writes itself. */
function ownFiles(deadLetterPath: string | undefined): (path: string) => boolean {
  if (deadLetterPath === undefined) return () => false;
  const own = resolve(deadLetterPath);
  return (path) => dirname(path) === dirname(own) && basename(path).startsWith(basename(own));
}

/** Those of the named options that are given. */
function pick<T extends object, K extends keyof T>(
  options: T,
  keys: readonly K[],
): { [P in K]?: Exclude<T[P], undefined> } {
  const picked: { [P in K]?: Exclude<T[P], undefined> } = {};
  for (const key of keys) {
    const value = options[key];
    if (value !== undefined) picked[key] = value as Exclude<T[K], undefined>;
  }
  return picked;
}
