import type { Height } from '../state/height.ts';
import type { StateUpdates } from '../state/stateUpdates.ts';

export interface MvccOptions {
  /** False where the codes are final already, as for a block that is committed again after a crash. Default true. */
  readonly mvcc?: boolean;
}

/** A private key that a transaction purges, by the hash of the key. */
export interface PurgeUpdate {
  readonly namespace: string;
  readonly collection: string;
  /** In hex. */
  readonly keyHash: string;
  readonly version: Height;
}

/** What MVCC made of a block. */
export interface MvccResult {
  /** TxValidationCode of each transaction: what goes into the block's metadata. */
  readonly codes: Uint8Array;
  /** Why this step turned a transaction down, by its index. */
  readonly reasons: ReadonlyMap<number, string>;
  /** Public and hashed updates; private ones are added by `addPrivateUpdates`. */
  readonly updates: StateUpdates;
  readonly purges: readonly PurgeUpdate[];
  /** The writes as they enter the commit hash. */
  readonly updateBytes: Uint8Array;
}
