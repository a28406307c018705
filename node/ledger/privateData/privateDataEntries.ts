import { hash } from 'node:crypto';
import { ledger } from '@hyperledger/fabric-protos';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { decodeNumbers, encodeNumbers } from '../blocks/indexEncoding.ts';
import type { BlockToLive } from './privateData.ts';
import { PrivateDataError } from './privateDataError.ts';
import { key, KeyReader } from './privateDatabase.ts';

const { KVRWSet } = ledger.rwset.kvrwset;

/** One collection of one transaction. */
export interface DataPlace {
  readonly block: number;
  readonly tx: number;
  readonly namespace: string;
  readonly collection: string;
}

/** Lists of what is missing: wanted next, wanted at times, and not for this peer. */
export const MISSING = { prioritized: 'm', deprioritized: 'q', ineligible: 'x' } as const;
export type MissingList = keyof typeof MISSING;

/*
 * Keys. `d` block tx ns coll → rwset; `h` ns coll keyHash block tx → the key itself; lists of missing data (above) block ns coll →
 * numbers of transactions; `e` expiring-block block ns coll tx → nothing; `p` ns coll keyHash → where the key was purged,
 * `c` ns coll → where any key of the collection was last purged, `t` ns coll keyHash: purges to be carried out; `k` block tx ns coll
 * keyHash → value hash, of data before a snapshot; `v` block ns coll: eligibility to be carried out; `s`, `b`: last block committed,
 * last block of the snapshot.
 */
export const LAST_BLOCK = key('s');
export const LAST_SNAPSHOT_BLOCK = key('b');

export function dataKey(place: DataPlace): Uint8Array {
  return key('d', place.block, place.tx, place.namespace, place.collection);
}

export function placeOfDataKey(bytes: Uint8Array): DataPlace {
  const reader = new KeyReader(bytes);
  const [block, tx] = [reader.number(), reader.number()];
  return { block, tx, namespace: reader.name(), collection: reader.name() };
}

export function hashKey(place: DataPlace, keyHash: Uint8Array): Uint8Array {
  return key('h', place.namespace, place.collection, keyHash, place.block, place.tx);
}

export function missingKey(list: MissingList, block: number, namespace: string, collection: string): Uint8Array {
  return key(MISSING[list], block, namespace, collection);
}

/** Kind of what expires: data of a transaction, missing data of a block, or hashes of a snapshot. */
export type Expiring = 'd' | 'm' | 'k';

export function expiryKey(expires: number, kind: Expiring, place: DataPlace): Uint8Array {
  const { block, namespace, collection, tx } = place;
  return key('e', expires, Buffer.from(kind), block, namespace, collection, tx);
}

export function ofExpiryKey(bytes: Uint8Array): { readonly kind: Expiring; readonly place: DataPlace } {
  const reader = new KeyReader(bytes);
  reader.number();
  const kind = String.fromCharCode(reader.bytes(1)[0] as number) as Expiring;
  const block = reader.number();
  const [namespace, collection] = [reader.name(), reader.name()];
  return { kind, place: { block, namespace, collection, tx: reader.number() } };
}

/** Where something was purged. */
export function encodeHeight(block: number, tx: number): Uint8Array {
  return encodeNumbers([block, tx]);
}

/** Whether data of a place was there when the purge happened. */
export function purgedBy(marker: Uint8Array, place: { readonly block: number; readonly tx: number }): boolean {
  const [block, tx] = decodeNumbers(marker) as [number, number];
  return place.block < block || (place.block === block && place.tx <= tx);
}

/** The block whose commit takes data of `block` away; null: none (Fabric, pvtdatapolicy: block + blockToLive + 1, 0 for ever). */
export async function expiringBlock(blockToLive: BlockToLive, place: Omit<DataPlace, 'tx'>): Promise<number | null> {
  const blocks = await blockToLive(place.namespace, place.collection);
  const expires = place.block + blocks + 1;
  // Fabric counts in 64 bits: what no chain will reach lives for ever in both.
  return blocks === 0 || !Number.isSafeInteger(expires) ? null : expires;
}

export function sha256(bytes: Uint8Array | string): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** A collection's private writes. @throws PrivateDataError `malformed` */
export function decodeWrites(rwset: Uint8Array): ledger.rwset.kvrwset.KVRWSet {
  try {
    return decodeMessage(KVRWSet, rwset, 'kvrwset.KVRWSet');
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new PrivateDataError('malformed', cause.message, { cause });
    }
    throw cause;
  }
}

/** The set with some of its writes alone. */
export function keepWrites(
  set: ledger.rwset.kvrwset.KVRWSet,
  keep: (write: ledger.rwset.kvrwset.KVWrite) => boolean,
): Uint8Array {
  const rest = new KVRWSet();
  rest.setReadsList(set.getReadsList());
  rest.setRangeQueriesInfoList(set.getRangeQueriesInfoList());
  rest.setWritesList(set.getWritesList().filter(keep));
  rest.setMetadataWritesList(set.getMetadataWritesList());
  return rest.serializeBinary();
}
