import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { GrpcService } from '#node/grpc/service.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { ProcessedMessage } from '../messageProcessor.ts';

/** The orderer's part in a channel's consensus (Fabric, `orderer/common/types`). */
export type ConsensusRelation = 'consenter' | 'follower' | 'config-tracker' | 'other';
export type ChannelStatus = 'active' | 'onboarding' | 'inactive' | 'failed';

export interface ConsenterStatus {
  readonly relation: ConsensusRelation;
  readonly status: ChannelStatus;
}

/**
 * What brings the messages of one channel into an order (Fabric, `consensus.Chain`). Messages come checked; those that a new
 * configuration overtook are checked again before they go into a block, and dropped where they no longer pass.
 */
export interface Consenter {
  /**
   * Accepts a normal message: when it resolves, the message will be in a block, unless a configuration that comes before it forbids it.
   * Calls made one after the other, without waiting, keep their order.
   * @param sequence of the configuration that it was checked under
   * @throws OrdererError `unavailable`: it was not accepted
   */
  order(envelope: EnvelopeView, sequence: number): Promise<void>;
  /** Accepts a CONFIG envelope, which gets a block of its own. @throws OrdererError `unavailable` */
  configure(envelope: EnvelopeView, sequence: number): Promise<void>;
  /** Resolves when more messages are taken: how a full queue pushes back. @throws OrdererError `unavailable` */
  waitReady(): Promise<void>;
  /** Why nothing can be ordered now; null while all is well. */
  readonly failure: string | null;
  readonly status: ConsenterStatus;
  start(): void;
  /** Takes no more, puts what was accepted into blocks as far as that is possible, and stops. Again is no error. */
  halt(): Promise<void>;
}

/** What a consenter gets of its channel. */
export interface ConsenterSupport {
  readonly channelId: string;
  readonly height: number;
  /** The configuration in force. */
  readonly bundle: ChannelBundle;
  /** What the consenter wrote into the last block; empty where it wrote nothing. */
  readonly consenterMetadata: Uint8Array;
  /** Checks again what was checked under an older configuration. @throws OrdererError */
  processNormal(envelope: EnvelopeView): Promise<number>;
  /** @throws OrdererError */
  processConfig(envelope: EnvelopeView): Promise<ProcessedMessage>;
  /** The next block, which must be written before those that are made after it. */
  createBlock(envelopes: readonly EnvelopeView[]): BlockView;
  /**
   * The next block with one configuration in it, which follows the one in force.
   * @throws OrdererError `config_rejected`: no block was made
   */
  createConfigBlock(envelope: EnvelopeView): Promise<BlockView>;
  /**
   * Signs a block and appends it to the ledger; a configuration takes effect with its block. A block that could not be written can be
   * tried again; nothing of it is left.
   * @returns whether a power cut cannot take it away any more
   */
  writeBlock(block: BlockView, consenterMetadata: Uint8Array): Promise<boolean>;
  /** The same for a block of `createConfigBlock`. */
  writeConfigBlock(block: BlockView, consenterMetadata: Uint8Array): Promise<boolean>;
}

/** A kind of consensus. */
export interface ConsensusType {
  /** As the channel's configuration names it. */
  readonly name: string;
  /**
   * Whether a configuration makes this orderer one of the channel's consenters.
   * @throws OrdererError for a configuration that makes no sense
   */
  isMember(bundle: ChannelBundle): boolean;
  /** Whether the consensus part of a configuration may follow the one in force. @throws OrdererError `config_rejected` */
  checkSuccession(now: ChannelBundle, next: ChannelBundle): void;
  /** Of a channel that this orderer is a member of. @throws OrdererError */
  open(support: ConsenterSupport): Promise<Consenter>;
  /** Deletes all that it keeps of a channel beside the blocks. Again is no error. */
  remove(channelId: string): Promise<void>;
  /** Services that consenters talk to each other through. */
  readonly services: readonly GrpcService[];
}
