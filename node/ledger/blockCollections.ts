import { peer } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { VALID } from '#node/protos/enumNames.ts';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { MvccResult } from './mvcc/mvcc.ts';
import type { CollectionDefinition, CollectionHistory } from './privateData/collectionHistory.ts';
import type { BlockToLive, MissingPrivateData, TxPrivateData } from './privateData/privateData.ts';
import type { StateReader } from './state/stateDatabase.ts';

/** A definition is committed with its sequence, whatever else of it changes. */
const SEQUENCE_KEY = /^namespaces\/fields\/([^/]+)\/Sequence$/;

/** The collections of every chaincode that a block defines anew. @param state as of the block before */
export async function definedCollections(
  block: number,
  { updates }: MvccResult,
  state: StateReader,
): Promise<readonly CollectionDefinition[]> {
  const lifecycle = updates.public.get(LIFECYCLE_NAMESPACE);
  const found: CollectionDefinition[] = [];
  for (const name of lifecycle?.keys() ?? []) {
    const chaincode = SEQUENCE_KEY.exec(name)?.[1];
    if (chaincode === undefined) {
      continue;
    }
    const key = `namespaces/fields/${chaincode}/Collections`;
    const update = lifecycle?.get(key);
    const value = update === undefined ? (await state.get(LIFECYCLE_NAMESPACE, key))?.value : update.value;
    if (value != null) {
      const data = decodeMessage(peer.lifecycle.StateData, value, 'lifecycle.StateData');
      found.push({ chaincode, block, collections: data.getBytes_asU8() });
    }
  }
  return found;
}

/** After how many blocks the data of a collection expires, by its latest definition; never for an organisation's own. */
export function blockToLiveBy(history: CollectionHistory): BlockToLive {
  return async (namespace, collection) => {
    const definition = await history.before(Number.MAX_SAFE_INTEGER, namespace);
    if (definition === null) {
      return 0;
    }
    const what = 'protos.CollectionConfigPackage';
    const configs = decodeMessage(peer.CollectionConfigPackage, definition.collections, what).getConfigList();
    const config = configs.find((one) => one.getStaticCollectionConfig()?.getName() === collection);
    return config?.getStaticCollectionConfig()?.getBlockToLive() ?? 0;
  };
}

/** Private data that valid transactions of a block refer to and that nobody handed over with it. */
export function missingPrivateData(
  block: BlockView,
  codes: Uint8Array,
  given: readonly TxPrivateData[],
  eligible: (namespace: string, collection: string) => boolean,
): readonly MissingPrivateData[] {
  const missing: MissingPrivateData[] = [];
  const { envelopes } = block;
  for (let tx = 0; tx < envelopes.length; tx++) {
    const envelope = envelopes[tx] as EnvelopeView;
    if (codes[tx] !== VALID || envelope.channelHeader.typeName !== 'ENDORSER_TRANSACTION') {
      continue;
    }
    const have = given.length === 0 ? [] : (given.find((one) => one.tx === tx)?.collections ?? []);
    for (const { namespace, collections } of envelope.transaction.action.readWriteSet.namespaces) {
      for (const { name: collection, privateHash } of collections) {
        // A collection that was only read has no hash of writes.
        const wanted = privateHash.length > 0;
        if (wanted && !have.some((one) => one.namespace === namespace && one.collection === collection)) {
          missing.push({ tx, namespace, collection, eligible: eligible(namespace, collection) });
        }
      }
    }
  }
  return missing;
}
