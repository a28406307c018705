import { hash } from 'node:crypto';
import { common, ledger, peer } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { hashedKey, hashedNamespace, privateNamespace } from '../state/namespaces.ts';
import type { StateKey, StateReader } from '../state/stateDatabase.ts';
import type { StateUpdates } from '../state/stateUpdates.ts';
import type { PrivateWriteSet } from './privateUpdates.ts';

const { VALID } = peer.TxValidationCode;

/** A hash of private state that a block may have set. */
export interface WrittenHash {
  readonly namespace: string;
  readonly collection: string;
  readonly keyHash: Uint8Array;
}

/** What a block brought whose time is over. */
export interface ExpiringBlock {
  /** n - blockToLive - 1, where n is the block that is being committed. */
  readonly number: number;
  /** Whether it did set them is for the versions in the state to say. */
  readonly hashes: Iterable<WrittenHash>;
  /** Its private data, as far as this peer had it: without them a private key's name is not known. */
  readonly privateWriteSets: readonly PrivateWriteSet[];
}

interface Candidate {
  readonly namespace: string;
  readonly collection: string;
  readonly keyHash: string;
  /** Null where this peer does not know it. */
  readonly key: string | null;
}

/**
 * Deletes from the state what expires with a block: hashes, and private keys with them, that `expiring` wrote and nobody wrote
 * since. Reads of them conflict from the next block on, so every peer has to do it in the same block. To be called after MVCC and
 * before the updates are applied; the commit hash knows nothing of it (core/ledger/kvledger/txmgmt/pvtstatepurgemgmt/purge_mgr.go).
 *
 * @param lives whether a collection's data live exactly as long as from `expiring` to the block that is being committed
 * @param committing number of that block
 * @throws ProtoError, StateError
 */
export async function addExpiredUpdates(
  expiring: ExpiringBlock,
  lives: (namespace: string, collection: string) => boolean,
  committing: number,
  state: StateReader,
  updates: StateUpdates,
): Promise<void> {
  const candidates = candidatesOf(expiring, lives);
  if (candidates.length === 0) {
    return;
  }
  const keys = candidates.flatMap(({ namespace, collection, keyHash, key }): StateKey[] => [
    { namespace: hashedNamespace(namespace, collection), key: keyHash },
    { namespace: privateNamespace(namespace, collection), key: key ?? '' },
  ]);
  const versions = await state.getVersions(keys);
  const gone = { value: null, metadata: null, version: { block: committing, tx: 0 } };
  for (const [index, { namespace, collection, keyHash, key }] of candidates.entries()) {
    const hashStays = versions[index * 2]?.block !== expiring.number;
    if (hashStays && (key === null || versions[index * 2 + 1]?.block !== expiring.number)) {
      continue;
    }
    if (!hashStays && updates.getHashed(namespace, collection, keyHash) === undefined) {
      updates.putHashed(namespace, collection, keyHash, gone);
    }
    if (key !== null && updates.getPrivate(namespace, collection, key) === undefined) {
      updates.putPrivate(namespace, collection, key, gone);
    }
  }
}

function candidatesOf(
  { hashes, privateWriteSets }: ExpiringBlock,
  lives: (namespace: string, collection: string) => boolean,
): Candidate[] {
  const names = privateKeys(privateWriteSets, lives);
  const found = new Map<string, Candidate>();
  for (const { namespace, collection, keyHash: bytes } of hashes) {
    if (lives(namespace, collection)) {
      const keyHash = hashedKey(bytes);
      const id = JSON.stringify([namespace, collection, keyHash]);
      found.set(id, { namespace, collection, keyHash, key: names.get(id) ?? null });
    }
  }
  return [...found.values()];
}

/** Hashes that the valid transactions of a block wrote, and those whose policy they set. @param codes final ones */
export function* hashesWritten(block: BlockView, codes: Uint8Array): Generator<WrittenHash> {
  for (const [index, envelope] of block.envelopes.entries()) {
    if (codes[index] !== VALID || envelope.channelHeader.type !== common.HeaderType.ENDORSER_TRANSACTION) {
      continue;
    }
    for (const { namespace, collections } of envelope.transaction.action.readWriteSet.namespaces) {
      for (const { name: collection, writes, metadataWrites } of collections) {
        for (const { keyHash } of writes) {
          yield { namespace, collection, keyHash };
        }
        for (const { keyHash } of metadataWrites) {
          yield { namespace, collection, keyHash };
        }
      }
    }
  }
}

/** Plain keys by what they are called above. */
function privateKeys(
  sets: readonly PrivateWriteSet[],
  lives: (namespace: string, collection: string) => boolean,
): Map<string, string> {
  const names = new Map<string, string>();
  for (const { namespace, collection, rwset } of sets.flatMap(({ collections }) => collections)) {
    if (lives(namespace, collection)) {
      const set = decodeMessage(ledger.rwset.kvrwset.KVRWSet, rwset, 'kvrwset.KVRWSet (private)');
      for (const write of [...set.getWritesList(), ...set.getMetadataWritesList()]) {
        const key = write.getKey();
        names.set(JSON.stringify([namespace, collection, hash('sha256', key, 'hex')]), key);
      }
    }
  }
  return names;
}
