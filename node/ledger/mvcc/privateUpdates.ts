import { hash } from 'node:crypto';
import { common, ledger, peer } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import type { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { compareHeights, type Height, sameHeight } from '../state/height.ts';
import { hashedKey, privateNamespace } from '../state/namespaces.ts';
import type { StateReader } from '../state/stateDatabase.ts';
import type { StateUpdates } from '../state/stateUpdates.ts';
import { MvccError } from './mvccError.ts';
import type { MvccResult, PurgeUpdate } from './mvcc.ts';

const { kvrwset } = ledger.rwset;
const { VALID } = peer.TxValidationCode;
const EMPTY = new Uint8Array(0);

/** Private data of one transaction, as far as this peer has it: each collection's `kvrwset.KVRWSet`, serialised. */
export interface PrivateWriteSet {
  /** Position in the block. */
  readonly tx: number;
  readonly collections: readonly {
    readonly namespace: string;
    readonly collection: string;
    readonly rwset: Uint8Array;
  }[];
}

export interface PrivateUpdateOptions {
  /** False for data that comes from this peer's own store, where purged keys may be missing from it. Default true. */
  readonly verifyHashes?: boolean;
}

/**
 * Adds the private writes of a block's valid transactions to its updates. A transaction without private data, or whose data this
 * peer does not have, adds none.
 *
 * @throws MvccError `private_hash` where a collection's data is not what the block has the hash of: whoever gathered it had to
 * compare (core/ledger/kvledger/txmgmt/validation/batch_preparer.go, `validateAndPreparePvtBatch`)
 * @throws ProtoError, StateError
 */
export async function addPrivateUpdates(
  block: BlockView,
  result: MvccResult,
  privateWriteSets: readonly PrivateWriteSet[],
  state: StateReader,
  options: PrivateUpdateOptions = {},
): Promise<void> {
  const verify = options.verifyHashes ?? true;
  const renewed: PrivateKey[] = [];
  for (const writeSet of privateWriteSets.toSorted((first, second) => first.tx - second.tx)) {
    const { tx } = writeSet;
    const envelope = block.envelopes[tx];
    if (
      envelope === undefined ||
      result.codes[tx] !== VALID ||
      envelope.channelHeader.type !== common.HeaderType.ENDORSER_TRANSACTION
    ) {
      continue;
    }
    const publicSet = envelope.transaction.action.readWriteSet;
    if (holdsPrivateHashes(publicSet)) {
      renewed.push(...addTransaction(writeSet, verify ? publicSet : null, { block: block.number, tx }, result.updates));
    }
  }
  await renewVersions(renewed, result.updates, state);
}

/**
 * Deletes what a block's transactions purge from private state, unless a later transaction of the block wrote it again.
 *
 * @param keys of the purged hashes, as far as this peer knows them.
 */
export function addPurges(
  keys: Iterable<{ readonly purge: PurgeUpdate; readonly key: string }>,
  updates: StateUpdates,
): void {
  for (const { purge, key } of keys) {
    const { namespace, collection, version } = purge;
    const written = updates.getPrivate(namespace, collection, key)?.version;
    if (written === undefined || compareHeights(written, version) < 0) {
      updates.putPrivate(namespace, collection, key, { value: null, metadata: null, version });
    }
  }
}

interface PrivateKey {
  readonly namespace: string;
  readonly collection: string;
  readonly key: string;
}

/** Gives the keys whose metadata the transaction sets. */
function addTransaction(
  writeSet: PrivateWriteSet,
  publicSet: ReadWriteSetView | null,
  version: Height,
  updates: StateUpdates,
): PrivateKey[] {
  const renewed: PrivateKey[] = [];
  for (const { namespace, collection, rwset } of writeSet.collections) {
    if (publicSet !== null) {
      checkHash(publicSet, namespace, collection, rwset, version);
    }
    const set = decodeMessage(kvrwset.KVRWSet, rwset, 'kvrwset.KVRWSet (private)');
    for (const write of set.getWritesList()) {
      const value = write.getValue_asU8();
      updates.putPrivate(namespace, collection, write.getKey(), {
        value: write.getIsDelete() || value.length === 0 ? null : value,
        metadata: null,
        version,
      });
    }
    for (const write of set.getMetadataWritesList()) {
      renewed.push({ namespace, collection, key: write.getKey() });
    }
  }
  return renewed;
}

function checkHash(
  publicSet: ReadWriteSetView,
  namespace: string,
  collection: string,
  rwset: Uint8Array,
  { block, tx }: Height,
): void {
  const expected = publicSet.namespace(namespace)?.collections.find(({ name }) => name === collection)?.privateHash;
  if (expected === undefined || Buffer.compare(sha256(rwset), expected) !== 0) {
    throw new MvccError(
      'private_hash',
      `private data of ${privateNamespace(namespace, collection)}, transaction ${tx} of block ${block}, has another hash than the block holds`,
    );
  }
}

/**
 * Metadata of a private key is kept with its hash alone, but raises the version of both: the private value, where it is the one
 * that the hash stands for, follows its hash.
 */
async function renewVersions(keys: readonly PrivateKey[], updates: StateUpdates, state: StateReader): Promise<void> {
  for (const { namespace, collection, key } of keys) {
    const hashed = updates.getHashed(namespace, collection, hashedKey(sha256(Buffer.from(key))));
    if (hashed === undefined) {
      continue;
    }
    const latest =
      updates.getPrivate(namespace, collection, key) ?? (await state.get(privateNamespace(namespace, collection), key));
    if (latest === null || sameHeight(latest.version, hashed.version)) {
      continue;
    }
    if (Buffer.compare(sha256(latest.value ?? EMPTY), hashed.value ?? EMPTY) === 0) {
      updates.putPrivate(namespace, collection, key, {
        value: latest.value ?? EMPTY,
        metadata: null,
        version: hashed.version,
      });
    }
  }
}

function holdsPrivateHashes(set: ReadWriteSetView): boolean {
  return set.namespaces.some(({ collections }) => collections.some(({ privateHash }) => privateHash.length > 0));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
