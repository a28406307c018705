import type { CommittedBlock } from '#node/commit/blockStages.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { IdentityView } from '#node/protos/serializedIdentity.ts';

/** The other side of a hand-over, as far as the node knows it. */
export interface Party {
  readonly identity?: IdentityView;
  readonly kind?: 'client' | 'peer' | 'orderer' | 'chaincode';
  /** `host:port`. */
  readonly address?: string;
  /** For a chaincode, and where there is no certificate. */
  readonly name?: string;
}

export interface TransactionStep {
  readonly channelId: string;
  readonly txId: string;
  /** HeaderType's name. */
  readonly type?: string;
  readonly caller: Party;
  readonly chaincode?: string;
  readonly function?: string;
  /** W3C trace context of the client's call. */
  readonly traceparent?: string | null;
}

export interface StepResult extends TransactionStep {
  /** Of an endorsement: whether it changes nothing. A query has no place in a block. */
  readonly readOnly?: boolean;
  /** Of the response: 200 and above as Fabric has them. */
  readonly status: number;
  readonly error?: string;
  readonly durationUs: number;
}

/**
 * Writes the records of a node: one call a point of `trace/points.ts`, made by the room in which it happens. A call never throws, never
 * waits and takes a few microseconds.
 */
export interface Tracer {
  /** @param address `host:port` by which others find the node; absent where it is not known */
  nodeStart(version: string, address?: string): void;
  endorseRequest(step: TransactionStep): void;
  endorseResponse(step: StepResult): void;
  chaincodeInvoke(step: StepResult & { readonly packageId: string }): void;
  broadcastRequest(step: TransactionStep): void;
  broadcastResponse(step: StepResult): void;
  /** An orderer cut (`created`) or wrote (`written`) a block. */
  orderBlock(channelId: string, block: BlockView, stage: 'created' | 'written', durationUs: number): void;
  /** A Deliver service handed a block to `receiver`. */
  deliverSend(channelId: string, block: BlockView, receiver: Party): void;
  /** A peer begins to pull from `orderer`. */
  deliverSubscribe(channelId: string, fromBlock: number, orderer: Party): void;
  /** A block came from an orderer. */
  deliverBlock(channelId: string, block: BlockView, orderer: Party): void;
  /** A block is in the ledger; `sender` handed it over. */
  commit(block: CommittedBlock, sender: Party | null): void;
  configUpdate(channelId: string, block: BlockView, sequence: number): void;
  leaderGossip(channelId: string, stage: 'elected' | 'resigned'): void;
  leaderConsensus(channelId: string, node: number, leader: number): void;
}

const nothing = (): void => {};

/** Records nothing. */
export const NO_TRACER: Tracer = {
  nodeStart: nothing,
  endorseRequest: nothing,
  endorseResponse: nothing,
  chaincodeInvoke: nothing,
  broadcastRequest: nothing,
  broadcastResponse: nothing,
  orderBlock: nothing,
  deliverSend: nothing,
  deliverSubscribe: nothing,
  deliverBlock: nothing,
  commit: nothing,
  configUpdate: nothing,
  leaderGossip: nothing,
  leaderConsensus: nothing,
};
