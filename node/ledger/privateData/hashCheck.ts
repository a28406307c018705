import type { CollectionData } from './privateData.ts';
import { decodeWrites, keepWrites, sha256 } from './privateDataEntries.ts';
import { PrivateDataError } from './privateDataError.ts';

/** What a block, or a snapshot, says of a collection's private writes in one transaction. */
export interface ExpectedHashes {
  /** Of the whole set; null where only a snapshot tells of it. */
  readonly rwset: Uint8Array | null;
  /** Value hashes by key hash (hex). */
  readonly writes: ReadonlyMap<string, Uint8Array>;
  /** Key hashes (hex) that were purged since, as this peer knows. */
  readonly purged: ReadonlySet<string>;
}

/** Data to be stored, or why it is refused. */
export type HashCheck =
  | { readonly accepted: true; readonly data: CollectionData }
  | { readonly accepted: false; readonly reason: 'not_expected' | 'malformed' | 'wrong_hash' | 'incomplete' };

const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
const same = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;

/** Whether a private write set is the one whose hash stands in the block. */
export function isExpectedRwset(rwset: Uint8Array, hash: Uint8Array): boolean {
  return same(sha256(rwset), hash);
}

/**
 * Checks a private write set that another peer sent for an older block (Fabric, kvledger `validateAndRemovePurgedKeys`): as a
 * whole where nothing was purged, else key by key; keys that are purged, or that the snapshot does not know, are left out.
 */
export function checkReconciled(data: CollectionData, expected: ExpectedHashes): HashCheck {
  if (expected.writes.size === 0) {
    return { accepted: false, reason: 'not_expected' };
  }
  const wanted = new Map([...expected.writes].filter(([key]) => !expected.purged.has(key)));
  if (wanted.size === 0) {
    // Nothing is left of it: stored empty, so that it is no longer missing and others get the same answer.
    return { accepted: true, data: { ...data, rwset: new Uint8Array(0) } };
  }
  let set: ReturnType<typeof decodeWrites>;
  try {
    set = decodeWrites(data.rwset);
  } catch (error) {
    if (error instanceof PrivateDataError) {
      return { accepted: false, reason: 'malformed' };
    }
    throw error;
  }
  const writes = set.getWritesList();
  if (expected.rwset !== null && wanted.size === expected.writes.size && writes.length === wanted.size) {
    return isExpectedRwset(data.rwset, expected.rwset)
      ? { accepted: true, data }
      : { accepted: false, reason: 'wrong_hash' };
  }
  const kept = new Set<string>();
  for (const write of writes) {
    const keyHash = hex(sha256(write.getKey()));
    const valueHash = wanted.get(keyHash);
    if (valueHash !== undefined) {
      if (!same(valueHash, sha256(write.getValue_asU8()))) {
        return { accepted: false, reason: 'wrong_hash' };
      }
      wanted.delete(keyHash);
      kept.add(write.getKey());
    }
  }
  // The sender has seen purges that this peer has not: it will, and then asks again.
  return wanted.size > 0
    ? { accepted: false, reason: 'incomplete' }
    : { accepted: true, data: { ...data, rwset: writesAlone(set, kept) } };
}

function writesAlone(set: ReturnType<typeof decodeWrites>, kept: ReadonlySet<string>): Uint8Array {
  set.setReadsList([]);
  set.setRangeQueriesInfoList([]);
  set.setMetadataWritesList([]);
  return keepWrites(set, (write) => kept.has(write.getKey()));
}
