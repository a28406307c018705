import { z } from 'zod';
import type { Logger } from 'pino';
import type { BlockView } from '#node/protos/blockView.ts';
import type { BlockSource } from '../blocks/blockSource.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { CollectorMetrics } from '../metrics.ts';
import type { DeadLetters } from '../pipeline/deadLetters.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import { sleep } from '../pipeline/storeWriter.ts';
import { BlockConnection } from './blockConnection.ts';
import { DeliverFault } from './explain.ts';
import type { DeliverTarget } from './targets.ts';

export const DELIVER_KEY_PREFIX = 'deliver:';

export interface DeliverSourceOptions {
  readonly targets: readonly DeliverTarget[];
  /** Before the first attempt after a failure, milliseconds; doubled with each, up to `maxRetryMs`. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

/** What a node says, or does not, that is just being started or stopped. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'unavailable', 'no_channel', 'no_answer']);
const PATIENCE_MS = 10_000;

export const DELIVER_DEFAULTS = { retryMs: 250, maxRetryMs: 15_000 } as const;

export interface DeliverSourceModules {
  readonly pipeline: RecordPipeline;
  readonly blocks: BlockSource;
  readonly checkpoints: ReadonlyMap<string, string>;
  readonly deadLetters: DeadLetters;
  readonly metrics: CollectorMetrics;
  readonly logger: Logger;
}

export interface DeliverStatus {
  readonly address: string;
  readonly channel: string;
  /** Number of the last block that was read; null before the first. */
  readonly block: number | null;
  /** Newest block of the node when it was last connected to. */
  readonly newest: number | null;
  /** Why blocks do not come just now. */
  readonly fault: DeliverFault | null;
}

/** How far a channel of a node was read: stored with the records of that block, in one step. */
const Checkpoint = z.object({ block: z.int().min(0), hash: z.string() });
type Checkpoint = z.infer<typeof Checkpoint>;

/** Follows the blocks of channels at peers or orderers over gRPC: the truth about what was committed, as it happens. */
export class DeliverSource {
  readonly #followers: readonly ChannelFollower[];
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: DeliverSourceOptions, modules: DeliverSourceModules) {
    this.#followers = options.targets.flatMap((target) =>
      target.channels.map((channel) => new ChannelFollower(target, channel, options, modules)),
    );
  }

  start(): void {
    this.#running = Promise.all(this.#followers.map((follower) => follower.run(this.#stop.signal)));
  }

  /** Whether all blocks are there that the nodes had when they were connected to; a node that cannot be reached holds up nobody. */
  get caughtUp(): boolean {
    return this.#followers.every((follower) => follower.caughtUp);
  }

  status(): DeliverStatus[] {
    return this.#followers.map((follower) => follower.status);
  }

  /** Resolves when no block will come any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

class ChannelFollower {
  readonly #target: DeliverTarget;
  readonly #channel: string;
  readonly #options: Pick<DeliverSourceOptions, 'retryMs' | 'maxRetryMs'>;
  readonly #modules: DeliverSourceModules;
  readonly #key: string;
  #last: Checkpoint | null = null;
  #newest: number | null = null;
  #faultSince = 0;
  /** The fault that the log has told of. */
  #told: string | null = null;
  #fault: DeliverFault | null = null;

  constructor(
    target: DeliverTarget,
    channel: string,
    options: Pick<DeliverSourceOptions, 'retryMs' | 'maxRetryMs'>,
    modules: DeliverSourceModules,
  ) {
    this.#target = target;
    this.#channel = channel;
    this.#options = options;
    this.#modules = modules;
    this.#key = `${DELIVER_KEY_PREFIX}${channel}@${target.address}`;
    this.#last = parseCheckpoint(modules.checkpoints.get(this.#key));
  }

  get status(): DeliverStatus {
    const block = this.#last?.block ?? null;
    return { address: this.#target.address, channel: this.#channel, block, newest: this.#newest, fault: this.#fault };
  }

  get caughtUp(): boolean {
    return this.#fault !== null || (this.#newest !== null && (this.#last?.block ?? -1) >= this.#newest);
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger, metrics } = this.#modules;
    let wait = this.#options.retryMs;
    while (!signal.aborted) {
      const before = this.#last?.block;
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#last?.block !== before) wait = this.#options.retryMs;
        const fault = error instanceof DeliverFault ? error : new DeliverFault('no_answer', messageOf(error));
        metrics.sourceErrors.inc();
        this.#faultSince = this.#fault === null ? Date.now() : this.#faultSince;
        this.#fault = fault;
        const isPassing = PASSING.has(fault.code) && Date.now() - this.#faultSince < PATIENCE_MS;
        // The same reason is not told again and again, and one that passes by itself only when it does not.
        if (!isPassing && this.#told !== fault.message) {
          this.#told = fault.message;
          logger.warn({ code: fault.code, channel: this.#channel }, `blocks: ${fault.message}`);
        }
      }
      await sleep(wait, signal);
      wait = Math.min(wait * 2, this.#options.maxRetryMs);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    using connection = new BlockConnection(this.#target);
    this.#newest = await connection.newest(this.#channel, signal);
    const resumed = this.#last;
    const { address } = this.#target;
    if (resumed !== null && this.#newest < resumed.block) {
      throw new DeliverFault(
        'other_ledger',
        `${address} has blocks of channel ${this.#channel} up to ${this.#newest} only, and ${resumed.block} was read before: it is behind, or another network has its address now (then give that a store of its own)`,
      );
    }
    // From the last one on, to see that it is still the same ledger.
    for await (const block of connection.blocks(this.#channel, resumed?.block ?? this.#target.from, signal)) {
      this.#check(block);
      this.#fault = null;
      if (this.#told !== null) {
        this.#modules.logger.info({ address, channel: this.#channel }, `${address} gives blocks again`);
        this.#told = null;
      }
      if (block.number !== this.#last?.block) await this.#take(block);
      signal.throwIfAborted();
    }
  }

  /** @throws DeliverFault `other_ledger` for a block that does not follow */
  #check(block: BlockView): void {
    const last = this.#last;
    if (last === null) return;
    const isSame = block.number === last.block && hex(block.hash) === last.hash;
    const follows = block.number === last.block + 1 && hex(block.previousHash) === last.hash;
    if (isSame || follows) return;
    throw new DeliverFault(
      'other_ledger',
      `block ${block.number} of channel ${this.#channel} at ${this.#target.address} does not follow block ${last.block} that was read before: if another network has this address now, give it a store of its own`,
    );
  }

  async #take(block: BlockView): Promise<void> {
    const { pipeline, blocks, deadLetters, metrics } = this.#modules;
    const { number } = block;
    const read = { block: number, hash: hex(block.hash) };
    const checkpoint = [this.#key, JSON.stringify(read)] as const;
    await pipeline.room();
    try {
      pipeline.addRecords(blocks.recordsOf(block, this.#channel), checkpoint);
    } catch (error) {
      const file = `${this.#target.address}/${this.#channel}/${number}`;
      deadLetters.add({ origin: { file }, code: codeOf(error) ?? 'bad_block', reason: messageOf(error), line: '' });
      pipeline.addRecords([], checkpoint);
    }
    metrics.deliveredBlocks.inc();
    this.#last = read;
  }
}

/** Null for a text that no version of ours wrote: the channel is then read from its beginning, which adds nothing. */
function parseCheckpoint(text: string | undefined): Checkpoint | null {
  try {
    const parsed = Checkpoint.safeParse(JSON.parse(text ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
