import { ledger } from '@hyperledger/fabric-protos';

const { KVRWSet, KVWrite } = ledger.rwset.kvrwset;

/** Private data of one collection as endorsers hand it round: a `kvrwset.KVRWSet` that writes these values. */
export function privateWrites(values: Readonly<Record<string, string>>): Uint8Array {
  const set = new KVRWSet();
  for (const [key, value] of Object.entries(values)) {
    const write = new KVWrite();
    write.setKey(key);
    write.setValue(Buffer.from(value));
    set.addWrites(write);
  }
  return set.serializeBinary();
}
