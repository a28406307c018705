import { join } from 'node:path';
import { checkedChannelId } from '../blocks/channelId.ts';
import { encodeNumbers } from '../blocks/indexEncoding.ts';
import type { BlockToLive } from './privateData.ts';
import {
  type DataPlace,
  expiringBlock,
  expiryKey,
  LAST_BLOCK,
  LAST_SNAPSHOT_BLOCK,
  type MissingList,
  missingKey,
} from './privateDataEntries.ts';
import { PrivateDataError } from './privateDataError.ts';
import { type Database, key, KeyReader, NOTHING, type Operation, openDatabase, rangeOf } from './privateDatabase.ts';

/** One private key as a snapshot names it. */
export interface SnapshotHash extends DataPlace {
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array;
}

export interface SnapshotRules {
  readonly blockToLive: BlockToLive;
  readonly eligible: (namespace: string, collection: string, block: number) => boolean | Promise<boolean>;
}

const BATCH = 10_000;

/**
 * Fills an empty private data store from a snapshot: every private key is missing until other peers send it, and their data is
 * checked against these hashes.
 * @throws PrivateDataError `not_empty`
 */
export async function loadSnapshotHashes(
  folder: string,
  channelId: string,
  lastBlock: number,
  hashes: AsyncIterable<SnapshotHash>,
  rules: SnapshotRules,
): Promise<void> {
  const db = await openDatabase(join(folder, 'privateData', checkedChannelId(channelId)));
  try {
    for await (const _ of db.keys({ limit: 1 })) {
      throw new PrivateDataError('not_empty', `private data of ${channelId} is there already`);
    }
    let operations: Operation[] = [];
    for await (const { block, tx, namespace, collection, keyHash, valueHash } of hashes) {
      operations.push({ type: 'put', key: key('k', block, tx, namespace, collection, keyHash), value: valueHash });
      if (operations.length >= BATCH) {
        await db.batch(operations);
        operations = [];
      }
    }
    await db.batch(operations);
    await listAll(db, rules);
    const number = encodeNumbers([lastBlock]);
    const ends: Operation[] = [LAST_BLOCK, LAST_SNAPSHOT_BLOCK].map((at) => ({ type: 'put', key: at, value: number }));
    await db.batch(ends, { sync: true });
  } finally {
    await db.close();
  }
}

/** Hashes lie in the order of blocks: what is missing of one block is gathered and written at its end. */
async function listAll(db: Database, rules: SnapshotRules): Promise<void> {
  let block = -1;
  let places = new Map<string, DataPlace>();
  const write = async () => db.batch(await operationsOf([...places.values()], rules));
  for await (const at of db.keys(rangeOf(key('k')))) {
    const reader = new KeyReader(at);
    const place = { block: reader.number(), tx: reader.number(), namespace: reader.name(), collection: reader.name() };
    if (place.block !== block) {
      await write();
      block = place.block;
      places = new Map();
    }
    places.set(JSON.stringify(place), place);
  }
  await write();
}

async function operationsOf(places: readonly DataPlace[], rules: SnapshotRules): Promise<Operation[]> {
  const operations: Operation[] = [];
  const lists = new Map<string, { readonly at: Uint8Array; readonly txs: number[] }>();
  for (const place of places) {
    const { block, tx, namespace, collection } = place;
    const name = JSON.stringify([namespace, collection]);
    const expires = await expiringBlock(rules.blockToLive, place);
    if (!lists.has(name)) {
      const list: MissingList = (await rules.eligible(namespace, collection, block)) ? 'prioritized' : 'ineligible';
      lists.set(name, { at: missingKey(list, block, namespace, collection), txs: [] });
      if (expires !== null) {
        operations.push({ type: 'put', key: expiryKey(expires, 'm', { ...place, tx: 0 }), value: NOTHING });
      }
    }
    lists.get(name)?.txs.push(tx);
    if (expires !== null) {
      operations.push({ type: 'put', key: expiryKey(expires, 'k', place), value: NOTHING });
    }
  }
  for (const { at, txs } of lists.values()) {
    operations.push({ type: 'put', key: at, value: encodeNumbers(txs.toSorted((a, b) => a - b)) });
  }
  return operations;
}
