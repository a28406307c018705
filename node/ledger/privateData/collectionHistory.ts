import { join } from 'node:path';
import { checkedChannelId } from '../blocks/channelId.ts';
import { type Database, openDatabase } from './privateDatabase.ts';

/** A chaincode's collections as they were defined by a block. */
export interface CollectionDefinition {
  readonly chaincode: string;
  /** Block that committed the definition. */
  readonly block: number;
  /** Serialised `protos.CollectionConfigPackage`. */
  readonly collections: Uint8Array;
}

const PREFIX = Buffer.from('slscc\0');
const SUFFIX = '~collection';
const NUMBER_BYTES = 8;
const MAX = 0xffff_ffff_ffff_ffffn;

/**
 * Which collections each chaincode had since when: who validates, expires or reconciles private data of a block asks for the
 * definition before it. `folder/collectionHistory/CHANNEL`; keys are those of Fabric's core/ledger/confighistory, since they
 * stand in snapshots as they are: `s` `lscc` 0 chaincode `~collection`, and 2^64 - 1 - block in eight bytes.
 */
export class CollectionHistory {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** @throws PrivateDataError `in_use`, `corrupt` */
  static async open(folder: string, channelId: string): Promise<CollectionHistory> {
    return new CollectionHistory(await openDatabase(join(folder, 'collectionHistory', checkedChannelId(channelId))));
  }

  /** Durable when done. Adding again what is there changes nothing. Definitions without collections are not noted down (as Fabric). */
  async add(definitions: readonly CollectionDefinition[]): Promise<void> {
    const puts = definitions
      .filter(({ collections }) => collections.length > 0)
      .map(({ chaincode, block, collections }) => {
        return { type: 'put' as const, key: keyOf(chaincode, block), value: collections };
      });
    if (puts.length > 0) {
      await this.#db.batch(puts, { sync: true });
    }
  }

  /** The latest definition that was committed before `block`; null: none with collections. */
  async before(block: number, chaincode: string): Promise<CollectionDefinition | null> {
    if (block <= 0) {
      return null;
    }
    // Later blocks sort first.
    const range = { gte: keyOf(chaincode, block - 1), lte: keyOf(chaincode, 0), limit: 1 };
    for await (const [key, collections] of this.#db.iterator(range)) {
      return { chaincode, block: blockOf(key), collections };
    }
    return null;
  }

  /** Keys and values as they are, for a snapshot. */
  async *entries(): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array]> {
    yield* this.#db.iterator({ gte: PREFIX, lt: Buffer.from('slscc\x01') });
  }

  /** From a snapshot; durable when done. */
  async load(entries: AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>): Promise<void> {
    for await (const [key, value] of entries) {
      await this.#db.put(key, value, { sync: true });
    }
  }

  async isEmpty(): Promise<boolean> {
    for await (const _ of this.#db.keys({ limit: 1 })) {
      return false;
    }
    return true;
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

function keyOf(chaincode: string, block: number): Uint8Array {
  const number = Buffer.alloc(NUMBER_BYTES);
  number.writeBigUInt64BE(MAX - BigInt(block));
  return Buffer.concat([PREFIX, Buffer.from(chaincode + SUFFIX), number]);
}

function blockOf(key: Uint8Array): number {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  return Number(MAX - bytes.readBigUInt64BE(bytes.length - NUMBER_BYTES));
}
