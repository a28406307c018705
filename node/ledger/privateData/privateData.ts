/** Private writes of one collection in one transaction: what endorsers hand round, and what the block has only the hash of. */
export interface CollectionData {
  readonly namespace: string;
  readonly collection: string;
  /** Serialised `kvrwset.KVRWSet`; its SHA-256 stands in the block. */
  readonly rwset: Uint8Array;
}

/** Of one transaction, sorted by namespace and collection as the store gives them. */
export interface TxPrivateData {
  /** Position in the block. */
  readonly tx: number;
  readonly collections: readonly CollectionData[];
}

/** A collection's private data that a block refers to and this peer does not have. */
export interface MissingPrivateData {
  readonly tx: number;
  readonly namespace: string;
  readonly collection: string;
  /** Whether this peer should have it, being a member of the collection. */
  readonly eligible: boolean;
}

/** Which collections of one block are wanted; transactions in ascending order. */
export interface MissingOfBlock {
  readonly block: number;
  readonly entries: readonly { readonly tx: number; readonly namespace: string; readonly collection: string }[];
}

/** A key that a committed transaction purged (`PurgePrivateData`): every earlier version of it goes from the store. */
export interface PurgeMarker {
  readonly namespace: string;
  readonly collection: string;
  readonly keyHash: Uint8Array;
  readonly tx: number;
}

/**
 * After how many blocks a collection's data expires: data of block n is gone once block n + blockToLive + 1 is committed.
 * 0: never. Answers for the collection as it is defined when asked, and the answer may be awaited.
 */
export type BlockToLive = (namespace: string, collection: string) => number | Promise<number>;
