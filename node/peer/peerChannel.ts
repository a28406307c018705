import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import type { Chain } from '#node/deliver/chain.ts';
import type { PeerLedger } from '#node/ledger/peerLedger.ts';
import type { TransientStore } from '#node/ledger/privateData/transientStore.ts';
import type { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { BlockView } from '#node/protos/blockView.ts';

/** A channel that the peer has joined. */
export interface PeerChannel extends Chain {
  readonly ledger: PeerLedger;
  readonly bundle: ChannelBundle;
  /** Private data of proposals that were endorsed here and are not committed yet. */
  readonly transientStore: TransientStore;
  /** Runs a transaction against the state as it is committed now; to be closed with `done`. */
  simulator(txId: string): Promise<TxSimulator>;
  /** For reading only; to be closed with `done`. */
  query(): Promise<QueryExecutor>;
  /** Whether a block holds this ID, whatever became of it. */
  hasTransaction(txId: string): Promise<boolean>;
  /** Told of each block after it is in the ledger, in order. @returns how to stop it */
  onCommit(listener: (block: CommittedBlock) => void): () => void;
}

/** The channels of a peer. */
export interface PeerChannels {
  channel(channelId: string): PeerChannel | null;
  /** IDs, sorted. */
  list(): readonly string[];
  /** @throws PeerChannelError `exists`, `bad_genesis` … */
  join(genesis: BlockView): Promise<PeerChannel>;
  /** Begins from a snapshot's folder, in the background; `joiningFromSnapshot` tells when it is done. @throws PeerChannelError */
  joinBySnapshot(folder: string): Promise<void>;
  /** Folder of the snapshot that a channel is being begun from now; null for none. */
  readonly joiningFromSnapshot: string | null;
}
