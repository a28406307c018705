import { peer } from '@hyperledger/fabric-protos';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { addExpiredUpdates, type ExpiringBlock, hashesWritten } from './mvcc/expiredUpdates.ts';
import type { MvccResult } from './mvcc/mvcc.ts';
import type { LedgerStores } from './ledgerStores.ts';
import type { CollectionDefinition } from './privateData/collectionHistory.ts';
import type { StateReader } from './state/stateDatabase.ts';

const PREFIX_BYTES = 'slscc\0'.length;
const SUFFIX_BYTES = '~collection'.length + 8;

/** Where expiring data is found. */
export interface ExpirySource {
  /** As of the block before. */
  readonly state: StateReader;
  /** What block `number` wrote; null where there is no such block. */
  expiring(number: number): Promise<ExpiringBlock | null>;
}

/** After how many blocks the private data of each collection expires, as the channel's chaincodes are defined now. */
export class BlocksToLive {
  readonly #byChaincode = new Map<string, ReadonlyMap<string, number>>();

  static async of({ collections }: Pick<LedgerStores, 'collections'>): Promise<BlocksToLive> {
    const all = new BlocksToLive();
    for await (const [key, value] of collections.entries()) {
      const chaincode = Buffer.from(key.subarray(PREFIX_BYTES, key.length - SUFFIX_BYTES)).toString('utf8');
      // The latest definition of a chaincode comes first.
      if (!all.#byChaincode.has(chaincode)) {
        all.#byChaincode.set(chaincode, blocksToLive(value));
      }
    }
    return all;
  }

  /** To be called with what a committed block defined; definitions without collections change nothing, as in Fabric. */
  define(definitions: readonly CollectionDefinition[]): void {
    for (const { chaincode, collections } of definitions) {
      if (collections.length > 0) {
        this.#byChaincode.set(chaincode, blocksToLive(collections));
      }
    }
  }

  *#all(): Generator<number> {
    for (const collections of this.#byChaincode.values()) {
      yield* collections.values();
    }
  }

  /** The longest that any data lives which does not live for ever; 0 where all does. */
  get longest(): number {
    return Math.max(0, ...this.#all());
  }

  /** Deletes from the state what expires with block `number`. */
  async addExpired(number: number, { updates }: MvccResult, source: ExpirySource): Promise<void> {
    const lives = new Set(this.#all());
    for (const live of lives) {
      const block = number > live ? await source.expiring(number - live - 1) : null;
      if (block !== null) {
        const isOver = (namespace: string, collection: string): boolean =>
          this.#byChaincode.get(namespace)?.get(collection) === live;
        await addExpiredUpdates(block, isOver, number, source.state, updates);
      }
    }
  }
}

/** By collection, of those whose data does not live for ever. */
function blocksToLive(bytes: Uint8Array): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const list = decodeMessage(peer.CollectionConfigPackage, bytes, 'protos.CollectionConfigPackage').getConfigList();
  for (const one of list) {
    const config = one.getStaticCollectionConfig();
    const blocks = config?.getBlockToLive() ?? 0;
    if (config !== undefined && blocks > 0) {
      found.set(config.getName(), blocks);
    }
  }
  return found;
}

/** What a peer's own stores hold of expiring data; of blocks before the snapshot that it began with, the hashes from there. */
export function expirySource({ blocks, privateData, state }: LedgerStores): ExpirySource {
  return {
    state,
    async expiring(number) {
      const privateWriteSets = await privateData.evenExpired(number);
      if (number < blocks.firstBlock) {
        return { number, hashes: await privateData.snapshotHashesOfBlock(number), privateWriteSets };
      }
      const block = await blocks.byNumber(number);
      const hashes = block === null ? [] : hashesWritten(block, block.transactionsFilter);
      return { number, hashes, privateWriteSets };
    },
  };
}
