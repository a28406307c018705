import { ledger } from '@hyperledger/fabric-protos';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { CollectionData, TxPrivateData } from './privateData.ts';
import { PrivateDataError } from './privateDataError.ts';

const { TxPvtReadWriteSet, NsPvtReadWriteSet, CollectionPvtReadWriteSet, TxReadWriteSet } = ledger.rwset;

/** Private data of a transaction from a `rwset.TxPvtReadWriteSet`, as endorsers send it. @throws PrivateDataError `malformed` */
export function decodeTxPrivateData(tx: number, bytes: Uint8Array): TxPrivateData {
  try {
    const message = decodeMessage(TxPvtReadWriteSet, bytes, 'rwset.TxPvtReadWriteSet');
    const collections = message.getNsPvtRwsetList().flatMap((one) =>
      one.getCollectionPvtRwsetList().map((collection): CollectionData => {
        return {
          namespace: one.getNamespace(),
          collection: collection.getCollectionName(),
          rwset: collection.getRwset_asU8(),
        };
      }),
    );
    return { tx, collections };
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new PrivateDataError('malformed', cause.message, { cause });
    }
    throw cause;
  }
}

/** The message for other peers, or for state: collections of a namespace in a row, as the store gives them. */
export function encodeTxPrivateData(data: TxPrivateData): Uint8Array {
  const message = new TxPvtReadWriteSet();
  message.setDataModel(TxReadWriteSet.DataModel.KV);
  let current: ledger.rwset.NsPvtReadWriteSet | null = null;
  for (const { namespace, collection, rwset } of data.collections) {
    if (current?.getNamespace() !== namespace) {
      current = new NsPvtReadWriteSet();
      current.setNamespace(namespace);
      message.addNsPvtRwset(current);
    }
    const one = new CollectionPvtReadWriteSet();
    one.setCollectionName(collection);
    one.setRwset(rwset);
    current.addCollectionPvtRwset(one);
  }
  return message.serializeBinary();
}
