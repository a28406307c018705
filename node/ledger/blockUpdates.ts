import type { BlockView } from '#node/protos/blockView.ts';
import { NOT_VALIDATED } from '#node/protos/enumNames.ts';
import { definedCollections } from './blockCollections.ts';
import { LedgerError } from './ledgerError.ts';
import type { LedgerStores } from './ledgerStores.ts';
import type { MvccResult, PurgeUpdate } from './mvcc/mvcc.ts';
import { validateAndPrepare } from './mvcc/validateAndPrepare.ts';
import type { CollectionDefinition } from './privateData/collectionHistory.ts';
import type { PurgeMarker } from './privateData/privateData.ts';
import { hashedKeyBytes } from './state/namespaces.ts';
import type { Height, StateReader } from './state/stateDatabase.ts';

/** The height that state has once a block is in it (Fabric: of its last transaction). */
export function savepointOf(block: BlockView): Height {
  return { block: block.number, tx: Math.max(0, block.envelopes.length - 1) };
}

/**
 * What a stored block changes: its codes are final, so versions are not compared again.
 * @throws LedgerError `not_validated`
 */
export async function replayedUpdates(block: BlockView, state: StateReader): Promise<MvccResult> {
  const codes = storedCodes(block);
  return validateAndPrepare(block, codes, state, { mvcc: false });
}

/**
 * The codes that a peer stored with its copy of a block.
 * @throws LedgerError `not_validated`
 */
export function storedCodes(block: BlockView): Uint8Array {
  const codes = block.transactionsFilter;
  if (codes.length !== block.envelopes.length || codes.includes(NOT_VALIDATED)) {
    throw new LedgerError('not_validated', `block ${block.number} is stored without the codes of its transactions`);
  }
  return codes;
}

/** Purges as the store of private data keeps them. */
export function purgeMarkers(purges: readonly PurgeUpdate[]): readonly PurgeMarker[] {
  return purges.map(({ namespace, collection, keyHash, version }) => ({
    namespace,
    collection,
    keyHash: hashedKeyBytes(keyHash),
    tx: version.tx,
  }));
}

/** Purges with the key that each hash stands for, as far as this peer has it. */
export async function purgedKeys(
  purges: readonly PurgeUpdate[],
  { privateData }: LedgerStores,
): Promise<readonly { readonly purge: PurgeUpdate; readonly key: string }[]> {
  const found: { purge: PurgeUpdate; key: string }[] = [];
  for (const purge of purges) {
    const key = await privateData.keyOf(purge.namespace, purge.collection, hashedKeyBytes(purge.keyHash));
    if (key !== null) {
      found.push({ purge, key });
    }
  }
  return found;
}

/**
 * Brings a block's changes into the state.
 * @returns the collections that it defines
 */
export async function applyState(
  block: BlockView,
  result: MvccResult,
  { state, collections }: LedgerStores,
): Promise<readonly CollectionDefinition[]> {
  // Before state, whose savepoint says that this was done; doing it twice changes nothing.
  const defined = await definedCollections(block.number, result, state);
  await collections.add(defined);
  await state.apply(result.updates, savepointOf(block));
  return defined;
}
