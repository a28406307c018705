import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { checkedChannelId } from '../blocks/channelId.ts';
import { PrivateDataError } from './privateDataError.ts';
import { type Database, key, KeyReader, NOTHING, type Operation, openDatabase, rangeOf } from './privateDatabase.ts';

/** Private data of a transaction that is endorsed and not (yet) committed. */
export interface TransientEntry {
  /** Height of the ledger when it was received. */
  readonly receivedAt: number;
  /** Serialised `transientstore.TxPvtReadWriteSetWithConfigInfo`. */
  readonly data: Uint8Array;
}

/** Beyond what an endorsement can carry over gRPC. */
const MAX_ENTRY_BYTES = 100 * 1024 * 1024;

/**
 * Private data between endorsement and commit, by transaction (several endorsers may send their own) and by the height at which
 * it came, for what is never committed: `folder/transientStore/CHANNEL`, rules of Fabric's core/transientstore.
 *
 * Keys: `t` ID uuid height → data; `h` height ID uuid → nothing.
 */
export class TransientStore {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** @throws PrivateDataError `in_use`, `corrupt` */
  static async open(folder: string, channelId: string): Promise<TransientStore> {
    return new TransientStore(await openDatabase(join(folder, 'transientStore', checkedChannelId(channelId))));
  }

  /** Durable when done. @throws PrivateDataError `malformed` for an ID with a zero byte, or more than 100 MiB */
  async persist(txId: string, receivedAt: number, data: Uint8Array): Promise<void> {
    if (data.length > MAX_ENTRY_BYTES) {
      throw new PrivateDataError('malformed', `private data of ${data.length} bytes, at most ${MAX_ENTRY_BYTES}`);
    }
    const uuid = randomUUID();
    const operations: Operation[] = [
      { type: 'put', key: key('t', txId, uuid, receivedAt), value: data },
      { type: 'put', key: key('h', receivedAt, txId, uuid), value: NOTHING },
    ];
    await this.#db.batch(operations, { sync: true });
  }

  /** All that came for a transaction. */
  async *ofTransaction(txId: string): AsyncGenerator<TransientEntry> {
    for await (const [at, data] of this.#db.iterator(rangeOf(key('t', txId)))) {
      const reader = new KeyReader(at);
      reader.name();
      reader.name();
      yield { receivedAt: reader.number(), data };
    }
  }

  /** After the transactions were committed. */
  async purgeTransactions(txIds: readonly string[]): Promise<void> {
    const operations: Operation[] = [];
    for (const txId of txIds) {
      for await (const at of this.#db.keys(rangeOf(key('t', txId)))) {
        const reader = new KeyReader(at);
        const [id, uuid, height] = [reader.name(), reader.name(), reader.number()];
        operations.push({ type: 'del', key: at }, { type: 'del', key: key('h', height, id, uuid) });
      }
    }
    await this.#db.batch(operations, { sync: true });
  }

  /** Drops what came below `height` and was never committed. */
  async purgeBelow(height: number): Promise<void> {
    const operations: Operation[] = [];
    for await (const at of this.#db.keys({ gte: key('h'), lt: key('h', height) })) {
      const reader = new KeyReader(at);
      const [receivedAt, txId, uuid] = [reader.number(), reader.name(), reader.name()];
      operations.push({ type: 'del', key: at }, { type: 'del', key: key('t', txId, uuid, receivedAt) });
    }
    await this.#db.batch(operations, { sync: true });
  }

  /** The lowest height at which something here was received; null: empty. */
  async lowestHeight(): Promise<number | null> {
    for await (const at of this.#db.keys({ ...rangeOf(key('h')), limit: 1 })) {
      return new KeyReader(at).number();
    }
    return null;
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}
