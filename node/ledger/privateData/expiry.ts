import {
  sha256,
  dataKey,
  decodeWrites,
  hashKey,
  keepWrites,
  missingKey,
  ofExpiryKey,
  purgedBy,
} from './privateDataEntries.ts';
import type { DataPlace, MissingList } from './privateDataEntries.ts';
import { type Database, key, KeyReader, type Operation, rangeOf } from './privateDatabase.ts';

/** Operations in one write. */
const BATCH = 10_000;
const LISTS: readonly MissingList[] = ['prioritized', 'deprioritized', 'ineligible'];

/** Collects operations and writes them in batches. */
class Batches {
  readonly #db: Database;
  #operations: Operation[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  async add(operations: readonly Operation[]): Promise<void> {
    this.#operations.push(...operations);
    if (this.#operations.length >= BATCH) {
      await this.flush();
    }
  }

  async flush(): Promise<void> {
    await this.#db.batch(this.#operations);
    this.#operations = [];
  }
}

const drop = (at: Uint8Array): Operation => ({ type: 'del', key: at });

/** Removes what expires with `block` or before. What a crash leaves is removed the next time. */
export async function expireUpTo(db: Database, block: number): Promise<void> {
  const batches = new Batches(db);
  for await (const at of db.keys({ gte: key('e'), lt: key('e', block + 1) })) {
    const { kind, place } = ofExpiryKey(at);
    const operations = [drop(at)];
    if (kind === 'd') {
      const rwset = await db.get(dataKey(place));
      operations.push(drop(dataKey(place)), ...(rwset === undefined ? [] : hashKeysOf(place, rwset).map(drop)));
    } else if (kind === 'm') {
      operations.push(...LISTS.map((list) => drop(missingKey(list, place.block, place.namespace, place.collection))));
    } else {
      const prefix = key('k', place.block, place.tx, place.namespace, place.collection);
      for await (const one of db.keys(rangeOf(prefix))) {
        operations.push(drop(one));
      }
    }
    await batches.add(operations);
  }
  await batches.flush();
}

function hashKeysOf(place: DataPlace, rwset: Uint8Array): readonly Uint8Array[] {
  return decodeWrites(rwset)
    .getWritesList()
    .map((write) => hashKey(place, sha256(write.getKey())));
}

const HASH_BYTES = 32;

/** Removes purged keys from the write sets that hold them. */
export async function carryOutPurges(db: Database): Promise<void> {
  for await (const [at, marker] of db.iterator(rangeOf(key('t')))) {
    const reader = new KeyReader(at);
    const [namespace, collection] = [reader.name(), reader.name()];
    const keyHash = reader.rest();
    const prefix = key('h', namespace, collection, keyHash);
    for await (const [found, name] of db.iterator(rangeOf(prefix))) {
      const where = new KeyReader(found);
      where.name();
      where.name();
      where.bytes(keyHash.length || HASH_BYTES);
      const place = { namespace, collection, block: where.number(), tx: where.number() };
      if (purgedBy(marker, place)) {
        const rwset = await db.get(dataKey(place));
        const text = Buffer.from(name).toString();
        // Each write set at once: the next key of the same set must see this one gone.
        const rest = rwset && keepWrites(decodeWrites(rwset), (write) => write.getKey() !== text);
        await db.batch([drop(found), ...(rest ? [{ type: 'put' as const, key: dataKey(place), value: rest }] : [])]);
      }
    }
    await db.del(at);
  }
}
