import { orderer } from '@hyperledger/fabric-protos';
import type { BatchSize } from '#node/channel/ordererSection.ts';
import { type BlockView, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { Tracer } from '#node/tracing/tracer.ts';
import { BlockCutter } from '../../blockCutter.ts';
import { OrdererError, textOfError } from '../../ordererError.ts';
import type { OrdererMetrics } from '../../ordererMetrics.ts';
import { Wakeup } from '../../wakeup.ts';
import type { Consenter, ConsenterStatus, ConsenterSupport } from '../consenter.ts';
import { type PendingDurability, type PendingEntry, PendingLog } from './pendingLog.ts';
import { BatchTimer } from './batchTimer.ts';
import { BlockQueue } from './blockQueue.ts';
import { type Message, SubmissionQueue } from './submissionQueue.ts';

export interface SingleConsenterOptions {
  /** Of this channel alone. */
  readonly folder: string;
  readonly pending: PendingDurability;
  readonly retryMs: number;
}

export interface SingleConsenterModules {
  readonly support: ConsenterSupport;
  readonly tracer: Tracer;
  readonly metrics: OrdererMetrics | null;
}

/** This node's number among the consenters, and the one that the next consenter would get. */
interface RaftNode {
  readonly id: number;
  readonly next: number;
}

/** Leaves room for what a block has beside payloads and signatures. */
const MAX_PREFERRED_BYTES = MAX_BLOCK_BYTES - 8 * 1024 * 1024;

const STOPPED = 'chain is stopped';

/**
 * Orders the messages of a channel whose only consenter this orderer is.
 *
 * ```
 * order, configure   queue              bounded: waitReady
 *   │  - - - - - -   pending log        acknowledged from here on; many messages, one write        pendingLog.ts
 *   │                checked again      where a new configuration came between
 *   │                cutter             by count, bytes, timeout; a configuration stands alone     blockCutter.ts
 *   │                block              as many under way as the configuration says                blockQueue.ts
 *   ▼  - - - - - -   ledger             signed, written, synced; the log forgets
 * ```
 *
 * Messages are numbered as they are accepted, and each block says (in `raft_index` of its Raft metadata) which one was its last: that is
 * how, after a crash, no message of the log is lost and none goes into a second block.
 */
export class SingleConsenter implements Consenter {
  readonly #support: ConsenterSupport;
  readonly #tracer: Tracer;
  readonly #metrics: OrdererMetrics | null;
  readonly #node: RaftNode;
  readonly #log: PendingLog | null;
  readonly #cutter: BlockCutter<Message>;
  readonly #blocks: BlockQueue;
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';
  #nextSequence: number;
  readonly #queue = new SubmissionQueue();
  #replay: readonly PendingEntry[];
  readonly #timer: BatchTimer;
  readonly #wakeup = new Wakeup();
  #run: Promise<void> = Promise.resolve();
  #broken: string | null = null;

  private constructor(
    options: SingleConsenterOptions,
    modules: SingleConsenterModules,
    state: {
      readonly node: RaftNode;
      readonly applied: number;
      readonly log: PendingLog | null;
      readonly entries: readonly PendingEntry[];
    },
  ) {
    const { support, tracer, metrics } = modules;
    this.#support = support;
    this.#tracer = tracer;
    this.#metrics = metrics;
    this.#node = state.node;
    this.#log = state.log;
    this.#replay = state.entries;
    this.#nextSequence = Math.max(state.applied, state.entries.at(-1)?.sequence ?? 0) + 1;
    this.#cutter = new BlockCutter<Message>({
      batchSize: () => readable(sectionOf(support).batchSize),
      sizeOf: ({ envelope }) => envelope.payloadBytes.length + envelope.signature.length,
      onCut: (seconds) => metrics?.blockFill(support.channelId, seconds),
    });
    this.#timer = new BatchTimer(
      () => sectionOf(support).batchTimeoutMs,
      () => this.#wakeup.wake(),
    );
    this.#blocks = new BlockQueue(
      { retryMs: options.retryMs, maxInFlight: () => maxInFlight(support) },
      {
        write: (block, last, isConfig) => this.#write(block, last, isConfig),
        // Not acknowledged yet, and nobody knows how long it would take.
        failed: () => this.#refuseQueued(),
      },
    );
  }

  /** Takes up what was acknowledged and is in no block. @throws OrdererError `corrupt` */
  static async open(options: SingleConsenterOptions, modules: SingleConsenterModules): Promise<SingleConsenter> {
    const written = decodeMessage(
      orderer.etcdraft.BlockMetadata,
      modules.support.consenterMetadata,
      'etcdraft.BlockMetadata',
    );
    const [id = 1] = written.getConsenterIdsList();
    const node = { id, next: Math.max(written.getNextConsenterId(), id + 1) };
    const applied = written.getRaftIndex();
    if (options.pending === 'none') {
      return new SingleConsenter(options, modules, { node, applied, log: null, entries: [] });
    }
    const { log, entries } = await PendingLog.open({ folder: options.folder, durability: options.pending }, applied);
    return new SingleConsenter(options, modules, { node, applied, log, entries });
  }

  get failure(): string | null {
    if (this.#state !== 'running') {
      return this.#state === 'new' ? 'chain is not started' : STOPPED;
    }
    return this.#broken ?? this.#blocks.failure;
  }

  get status(): ConsenterStatus {
    return { relation: 'consenter', status: this.#state === 'stopped' ? 'inactive' : 'active' };
  }

  order(envelope: EnvelopeView, sequence: number): Promise<void> {
    this.#metrics?.normalProposal(this.#support.channelId);
    return this.#submit(envelope, 'normal', sequence);
  }

  configure(envelope: EnvelopeView, sequence: number): Promise<void> {
    this.#metrics?.configProposals.inc({ channel: this.#support.channelId });
    return this.#submit(envelope, 'config', sequence);
  }

  async waitReady(): Promise<void> {
    while (this.failure === null && this.#queue.isFull) {
      await this.#queue.emptied();
    }
    this.#refuseUnlessRunning();
  }

  start(): void {
    if (this.#state !== 'new') {
      return;
    }
    this.#state = 'running';
    const { channelId } = this.#support;
    this.#tracer.leaderConsensus(channelId, this.#node.id, this.#node.id);
    this.#metrics?.leads(channelId);
    this.#metrics?.committedBlock.set({ channel: channelId }, this.#support.height - 1);
    this.#run = this.#loop().catch((error: unknown) => {
      // Not to be met unless by a mistake in here: whoever comes is told.
      this.#broken = `the chain stopped: ${textOfError(error)}`;
      this.#timer.stop();
      this.#refuseQueued();
    });
  }

  async halt(): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'stopped';
      await this.#log?.close();
      return;
    }
    if (this.#state === 'running') {
      this.#state = 'stopping';
      this.#blocks.giveUpOnFailure();
      this.#wakeup.wake();
    }
    await this.#run;
    this.#state = 'stopped';
  }

  #submit(envelope: EnvelopeView, kind: PendingEntry['kind'], configSequence: number): Promise<void> {
    try {
      this.#refuseUnlessRunning();
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((accepted, refused) => {
      const sequence = this.#nextSequence++;
      this.#queue.push({ envelope, kind, configSequence, sequence, accepted, refused });
      this.#wakeup.wake();
    });
  }

  #refuseUnlessRunning(): void {
    const { failure } = this;
    if (failure !== null) {
      this.#metrics?.proposalFailures.inc({ channel: this.#support.channelId });
      throw new OrdererError('unavailable', failure);
    }
  }

  async #loop(): Promise<void> {
    for (const { envelope, ...entry } of this.#replay) {
      await this.#orderedOrDropped({ ...entry, envelope: EnvelopeView.fromBytes(envelope) });
    }
    this.#replay = [];
    for (;;) {
      if (this.#queue.length === 0 && !this.#timer.due) {
        if (this.#state !== 'running') {
          break;
        }
        await this.#wakeup.wait();
        continue;
      }
      if (this.#timer.due) {
        this.#timer.stop();
        await this.#propose(this.#cutter.cut());
      }
      await this.#accept();
    }
    this.#timer.stop();
    await this.#propose(this.#cutter.cut());
    await this.#blocks.drained();
    await this.#log?.close();
  }

  /** While it stops, with a block that could not be written, only what the log takes is not lost. */
  #refuseWithoutLog(): void {
    if (this.#log === null && this.#blocks.failure !== null) {
      throw new OrdererError('unavailable', this.#blocks.failure);
    }
  }

  /** Makes all that waits durable with one write, says so, and orders it. */
  async #accept(): Promise<void> {
    const batch = this.#queue.takeAll();
    if (batch.length === 0) {
      return;
    }
    try {
      this.#refuseWithoutLog();
      const started = performance.now();
      await this.#log?.append(
        batch.map(({ envelope, kind, configSequence, sequence }) => ({
          sequence,
          kind,
          configSequence,
          envelope: envelope.bytes,
        })),
      );
      this.#metrics?.persisted(this.#support.channelId, (performance.now() - started) / 1000);
    } catch (cause) {
      const error = new OrdererError('unavailable', `the message could not be stored: ${textOfError(cause)}`, {
        cause,
      });
      for (const { refused } of batch) {
        this.#metrics?.proposalFailures.inc({ channel: this.#support.channelId });
        refused(error);
      }
      return;
    }
    for (const { accepted } of batch) {
      accepted();
    }
    for (const message of batch) {
      await this.#orderedOrDropped(message);
    }
  }

  async #orderedOrDropped(message: Message): Promise<void> {
    try {
      await this.#ordered(message);
    } catch (error) {
      if (!(error instanceof OrdererError)) {
        throw error;
      }
      // A configuration that came before it forbids it.
      this.#metrics?.proposalFailures.inc({ channel: this.#support.channelId });
    }
  }

  /** @throws OrdererError for a message that no longer passes */
  async #ordered(message: Message): Promise<void> {
    const overtaken = message.configSequence < this.#support.bundle.sequence;
    if (message.kind === 'config') {
      let { envelope } = message;
      if (overtaken) {
        ({ envelope } = await this.#support.processConfig(envelope));
      }
      this.#timer.stop();
      await this.#propose(this.#cutter.cut());
      const started = performance.now();
      const block = await this.#support.createConfigBlock(envelope);
      await this.#push(block, message.sequence, { isConfig: true, started });
      // What comes after it is to be checked under the new configuration.
      await this.#blocks.drained();
      return;
    }
    if (overtaken) {
      await this.#support.processNormal(message.envelope);
    }
    const { batches, pending } = this.#cutter.ordered(message);
    if (pending) {
      this.#timer.start();
    } else {
      this.#timer.stop();
    }
    for (const batch of batches) {
      await this.#propose(batch);
    }
  }

  async #propose(batch: readonly Message[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined) {
      return;
    }
    const started = performance.now();
    const block = this.#support.createBlock(batch.map(({ envelope }) => envelope));
    await this.#push(block, last.sequence, { isConfig: false, started });
  }

  async #push(
    block: BlockView,
    last: number,
    { isConfig, started }: { readonly isConfig: boolean; readonly started: number },
  ): Promise<void> {
    this.#tracer.orderBlock(this.#support.channelId, block, 'created', microseconds(started));
    await this.#blocks.push(block, last, isConfig);
  }

  async #write(block: BlockView, last: number, isConfig: boolean): Promise<void> {
    const started = performance.now();
    const metadata = new orderer.etcdraft.BlockMetadata();
    metadata.setConsenterIdsList([this.#node.id]);
    metadata.setNextConsenterId(this.#node.next);
    metadata.setRaftIndex(last);
    const bytes = metadata.serializeBinary();
    const durable = isConfig
      ? await this.#support.writeConfigBlock(block, bytes)
      : await this.#support.writeBlock(block, bytes);
    this.#tracer.orderBlock(this.#support.channelId, block, 'written', microseconds(started));
    this.#metrics?.committedBlock.set({ channel: this.#support.channelId }, block.number);
    if (durable) {
      // A file that could not be deleted is tried again with the next block.
      await this.#log?.forget(last).catch(() => {});
    }
  }

  #refuseQueued(): void {
    for (const { refused } of this.#queue.takeAll()) {
      this.#metrics?.proposalFailures.inc({ channel: this.#support.channelId });
      refused(new OrdererError('unavailable', this.failure ?? STOPPED));
    }
  }
}

function sectionOf({ bundle }: ConsenterSupport): NonNullable<ConsenterSupport['bundle']['orderer']> {
  return bundle.orderer as NonNullable<ConsenterSupport['bundle']['orderer']>;
}

/** A block that nobody would read must not be made, whatever the configuration allows. */
function readable({ maxMessageCount, preferredMaxBytes, absoluteMaxBytes }: BatchSize): BatchSize {
  return {
    maxMessageCount: Math.min(maxMessageCount, MAX_BLOCK_TRANSACTIONS),
    preferredMaxBytes: Math.min(preferredMaxBytes, MAX_PREFERRED_BYTES),
    absoluteMaxBytes,
  };
}

function maxInFlight(support: ConsenterSupport): number {
  return sectionOf(support).raftMetadata()?.getOptions()?.getMaxInflightBlocks() || 1;
}

function microseconds(since: number): number {
  return Math.round((performance.now() - since) * 1000);
}
