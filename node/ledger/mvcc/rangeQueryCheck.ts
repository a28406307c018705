import type { MerkleSummaryView, RangeQueryView, ReadView } from '#node/protos/readWriteSetView.ts';
import { RangeQueryResults } from '../simulator/rangeQueryResults.ts';
import { sameHeight } from '../state/height.ts';
import type { StateReader } from '../state/stateDatabase.ts';
import type { StateUpdates } from '../state/stateUpdates.ts';
import { combinedRange, type PresentKey } from './combinedRange.ts';

/**
 * Whether a range query would still find what it found during simulation (no phantoms); null, or else what is different.
 *
 * Where a summary makes no sense (a degree below 2, hashes that no tree can have), Go's peer stops or crashes; here the query
 * counts as one with phantoms.
 */
export async function rangeQueryConflict(
  namespace: string,
  query: RangeQueryView,
  state: StateReader,
  updates: StateUpdates,
): Promise<string | null> {
  // A query whose caller stopped early names the last key that was seen, which then belongs to the range.
  const keys = combinedRange(state, updates, namespace, query.startKey, query.endKey, !query.exhausted);
  try {
    const conflict =
      query.merkle === null ? await readsConflict(query.reads, keys) : await merkleConflict(query.merkle, keys);
    return conflict === null
      ? null
      : `range ${JSON.stringify(query.startKey)} to ${JSON.stringify(query.endKey)} of namespace ${JSON.stringify(namespace)}: ${conflict}`;
  } finally {
    await keys.return();
  }
}

async function readsConflict(reads: readonly ReadView[], keys: AsyncIterable<PresentKey>): Promise<string | null> {
  let next = 0;
  for await (const { key, version } of keys) {
    const read = reads[next++];
    if (read === undefined) {
      return `key ${JSON.stringify(key)} came after what was read`;
    }
    if (read.key !== key) {
      return `key ${JSON.stringify(read.key)} was read, ${JSON.stringify(key)} is in its place`;
    }
    if (!sameHeight(read.version, version)) {
      return `key ${JSON.stringify(key)} changed`;
    }
  }
  return next < reads.length ? `key ${JSON.stringify(reads[next]?.key)} is gone` : null;
}

async function merkleConflict(expected: MerkleSummaryView, keys: AsyncIterable<PresentKey>): Promise<string | null> {
  if (expected.maxDegree < 2) {
    return 'its summary has a degree below 2';
  }
  const results = new RangeQueryResults(expected.maxDegree);
  let matched = 0;
  for await (const { key, version } of keys) {
    results.add(key, version);
    const { maxLevel, hashes } = results.summary;
    if (maxLevel < expected.maxLevel || matched === hashes.length) {
      continue;
    }
    if (hashes.length > expected.hashes.length) {
      return 'more keys than were read';
    }
    if (maxLevel > expected.maxLevel || !sameBytes(hashes[matched], expected.hashes[matched])) {
      return 'other keys or versions than were read';
    }
    matched++;
  }
  const { merkle } = results.finish();
  const same =
    merkle !== null &&
    merkle.maxLevel === expected.maxLevel &&
    merkle.hashes.length === expected.hashes.length &&
    merkle.hashes.every((hash, index) => sameBytes(hash, expected.hashes[index]));
  return same ? null : 'other keys or versions than were read';
}

function sameBytes(first: Uint8Array | undefined, second: Uint8Array | undefined): boolean {
  return first !== undefined && second !== undefined && Buffer.compare(first, second) === 0;
}
