import { peer } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { addExpiredUpdates } from './mvcc/expiredUpdates.ts';
import type { MvccResult } from './mvcc/mvcc.ts';
import type { LedgerStores } from './ledgerStores.ts';

const PREFIX_BYTES = 'slscc\0'.length;
const SUFFIX_BYTES = '~collection'.length + 8;

/** After how many blocks the private data of each collection expires, as the channel's chaincodes are defined now. */
export class BlocksToLive {
  readonly #byCollection = new Map<string, number>();

  static async of({ collections }: Pick<LedgerStores, 'collections'>): Promise<BlocksToLive> {
    const all = new BlocksToLive();
    const seen = new Set<string>();
    for await (const [key, value] of collections.entries()) {
      const chaincode = Buffer.from(key.subarray(PREFIX_BYTES, key.length - SUFFIX_BYTES)).toString('utf8');
      // The latest definition of a chaincode comes first.
      if (!seen.has(chaincode)) {
        seen.add(chaincode);
        all.#add(chaincode, value);
      }
    }
    return all;
  }

  #add(chaincode: string, bytes: Uint8Array): void {
    const list = decodeMessage(peer.CollectionConfigPackage, bytes, 'protos.CollectionConfigPackage').getConfigList();
    for (const one of list) {
      const config = one.getStaticCollectionConfig();
      const blocks = config?.getBlockToLive() ?? 0;
      if (config !== undefined && blocks > 0) {
        this.#byCollection.set(`${chaincode}\u0000${config.getName()}`, blocks);
      }
    }
  }

  /** Deletes from the state what expires with this block. */
  async addExpired(
    block: BlockView,
    { updates }: MvccResult,
    { blocks, privateData, state }: LedgerStores,
  ): Promise<void> {
    for (const live of new Set(this.#byCollection.values())) {
      const number = block.number - live - 1;
      const expiring = number < blocks.firstBlock ? null : await blocks.byNumber(number);
      if (expiring !== null) {
        await addExpiredUpdates(
          {
            block: expiring,
            codes: expiring.transactionsFilter,
            privateWriteSets: await privateData.ofBlock(number),
          },
          (namespace, collection) => this.#byCollection.get(`${namespace}\u0000${collection}`) === live,
          block.number,
          state,
          updates,
        );
      }
    }
  }
}
