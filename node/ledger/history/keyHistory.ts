import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { Timestamp } from '#node/protos/timestamp.ts';
import { deletes } from '../mvcc/keyOperations.ts';
import type { Height } from '../state/height.ts';
import { StateError } from '../state/stateError.ts';
import type { HistoryDatabase } from './historyDatabase.ts';

/** One write of a key: Fabric's `queryresult.KeyModification`, and where it stands. */
export interface KeyModification {
  readonly txId: string;
  /** As the client put it; null where it put none. */
  readonly timestamp: Timestamp | null;
  readonly value: Uint8Array;
  readonly isDelete: boolean;
  readonly height: Height;
}

/** Where blocks are read from. */
export interface BlockSource {
  byNumber(number: number): Promise<BlockView | null>;
}

/**
 * All writes of a key, newest first, as `GetHistoryForKey` gives them.
 *
 * @throws StateError `corrupt` where the blocks do not hold what the history database says
 */
export async function* keyHistory(
  history: HistoryDatabase,
  blocks: BlockSource,
  namespace: string,
  key: string,
): AsyncGenerator<KeyModification, void> {
  for await (const height of history.places(namespace, key)) {
    const envelope = (await blocks.byNumber(height.block))?.envelopes[height.tx];
    const modification = envelope === undefined ? null : modificationOf(envelope, namespace, key, height);
    if (modification === null) {
      throw new StateError('corrupt', `transaction ${height.tx} of block ${height.block} does not write this key`);
    }
    yield modification;
  }
}

/** Null where the transaction does not write the key. Only the first part of a namespace and the first write count, as in Fabric. */
export function modificationOf(
  envelope: EnvelopeView,
  namespace: string,
  key: string,
  height: Height,
): KeyModification | null {
  const write = envelope.transaction.action.readWriteSet.namespace(namespace)?.writes.find((one) => one.key === key);
  if (write === undefined) {
    return null;
  }
  const { txId, timestamp } = envelope.channelHeader;
  return { txId, timestamp, value: write.value, isDelete: deletes(write), height };
}
