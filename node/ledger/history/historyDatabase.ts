import { common, peer } from '@hyperledger/fabric-protos';
import { ClassicLevel } from 'classic-level';
import type { BlockView } from '#node/protos/blockView.ts';
import { appendOrderedNumber, decodeHeight, encodeHeight, type Height, readOrderedNumber } from '../state/height.ts';
import { levelCall, levelError } from '../state/levelError.ts';
import { StateError } from '../state/stateError.ts';

const { VALID } = peer.TxValidationCode;
const SAVEPOINT = Buffer.from('s');
const EMPTY = new Uint8Array(0);
/** Places that come from LevelDB at once. */
const CHUNK = 256;

export interface HistoryOptions {
  /** Whether each block reaches the disk before `commit` returns; see `LevelStateOptions`. Default false. */
  readonly sync?: boolean;
}

/**
 * Which transactions wrote a key: an index over the blocks, which hold the values. Stored keys are Fabric's: namespace, 0x00,
 * length and text of the key, 0x00, block and transaction (core/ledger/kvledger/history/kv_encoding.go).
 */
export class HistoryDatabase implements AsyncDisposable {
  readonly #db: ClassicLevel<Uint8Array, Uint8Array>;
  readonly #sync: boolean;
  #savepoint: Height | null;

  private constructor(db: ClassicLevel<Uint8Array, Uint8Array>, sync: boolean, savepoint: Height | null) {
    this.#db = db;
    this.#sync = sync;
    this.#savepoint = savepoint;
  }

  /**
   * Opens the database, and makes it where there is none.
   * @throws StateError `io`, `corrupt`
   */
  static async open(folder: string, options: HistoryOptions = {}): Promise<HistoryDatabase> {
    const db = new ClassicLevel<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' });
    try {
      await db.open();
      const stored = await db.get(SAVEPOINT);
      return new HistoryDatabase(db, options.sync ?? false, stored === undefined ? null : decodeHeight(stored).height);
    } catch (error) {
      await db.close().catch(() => undefined);
      throw levelError(error);
    }
  }

  /** Up to where history is complete (`tx` is the count of the block's transactions, as in Fabric); null before the first block. */
  get savepoint(): Height | null {
    return this.#savepoint;
  }

  /** First block that history does not have yet: where to catch up from. */
  get nextBlock(): number {
    return this.#savepoint === null ? 0 : this.#savepoint.block + 1;
  }

  /**
   * Notes the writes of a block's valid transactions, and with them the savepoint.
   *
   * @param codes final TxValidationCode of each transaction
   * @throws StateError `order` for a block that is not above the savepoint
   * @throws ProtoError where a valid transaction cannot be read, which MVCC rules out
   */
  async commit(block: BlockView, codes: Uint8Array): Promise<void> {
    if (block.number < this.nextBlock) {
      throw new StateError('order', `history has block ${block.number} already`);
    }
    const batch: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = [];
    for (const [index, envelope] of block.envelopes.entries()) {
      if (codes[index] !== VALID || envelope.channelHeader.type !== common.HeaderType.ENDORSER_TRANSACTION) {
        continue;
      }
      for (const { namespace, writes } of envelope.transaction.action.readWriteSet.namespaces) {
        for (const { key } of writes) {
          batch.push({ type: 'put', key: placeKey(namespace, key, block.number, index), value: EMPTY });
        }
      }
    }
    const savepoint = { block: block.number, tx: block.envelopes.length };
    batch.push({ type: 'put', key: SAVEPOINT, value: encodeHeight(savepoint) });
    try {
      await this.#db.batch(batch, { sync: this.#sync });
    } catch (error) {
      throw levelError(error);
    }
    this.#savepoint = savepoint;
  }

  /**
   * Begins history at a channel snapshot: nothing is known of what came before.
   * @throws StateError `not_empty`
   */
  async startAt(savepoint: Height): Promise<void> {
    if (this.#savepoint !== null) {
      throw new StateError('not_empty', 'history has begun already');
    }
    try {
      await this.#db.put(SAVEPOINT, encodeHeight(savepoint), { sync: true } as object);
    } catch (error) {
      throw levelError(error);
    }
    this.#savepoint = savepoint;
  }

  /** Block and transaction of each write of a key, newest first. */
  async *places(namespace: string, key: string): AsyncGenerator<Height, void> {
    const prefix = placePrefix(namespace, key);
    const end = Buffer.concat([prefix, Buffer.of(0xff)]);
    const iterator = levelCall(() => this.#db.keys({ gte: prefix, lt: end, reverse: true }));
    try {
      for (let keys = await iterator.nextv(CHUNK); keys.length > 0; keys = await iterator.nextv(CHUNK)) {
        for (const stored of keys) {
          const block = readOrderedNumber(stored, prefix.length);
          const tx = readOrderedNumber(stored, block.next);
          if (tx.next !== stored.length) {
            throw new StateError('corrupt', 'a stored place is longer than it should be');
          }
          yield { block: block.value, tx: tx.value };
        }
      }
    } catch (error) {
      throw levelError(error);
    } finally {
      await iterator.close();
    }
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function placePrefix(namespace: string, key: string): Buffer {
  const length: number[] = [];
  const text = Buffer.from(key);
  appendOrderedNumber(length, text.length);
  return Buffer.concat([Buffer.from(namespace), Buffer.of(0), Buffer.from(length), text, Buffer.of(0)]);
}

function placeKey(namespace: string, key: string, block: number, tx: number): Uint8Array {
  return Buffer.concat([placePrefix(namespace, key), encodeHeight({ block, tx })]);
}
