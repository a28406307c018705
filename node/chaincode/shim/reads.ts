import { peer } from '@hyperledger/fabric-protos';
import { readGetState } from '#node/protos/shimMessages.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import {
  checkMetadataCapability,
  checkNotInit,
  checkPrivateAccess,
  type RequestModules,
  withSimulator,
} from './requestContext.ts';
import type { TransactionContext } from './transactionContext.ts';

const NOTHING = new Uint8Array(0);

export async function getState(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const { key, collection } = readGetState(payload);
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'read', modules);
  }
  const value = await withSimulator(context, collection, (simulator) =>
    collection === ''
      ? simulator.getState(context.namespace, key)
      : simulator.getPrivateData(context.namespace, collection, key),
  );
  return value ?? NOTHING;
}

export async function getStateMultiple(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const request = decodeMessage(peer.GetStateMultiple, payload, 'protos.GetStateMultiple');
  const collection = request.getCollection();
  const keys = request.getKeysList();
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'read', modules);
  }
  const values = await withSimulator(context, collection, (simulator) =>
    collection === ''
      ? simulator.getStateMultipleKeys(context.namespace, keys)
      : simulator.getPrivateDataMultipleKeys(context.namespace, collection, keys),
  );
  const result = new peer.GetStateMultipleResult();
  result.setValuesList(values.map((value) => value ?? NOTHING));
  return result.serializeBinary();
}

export async function getPrivateDataHash(payload: Uint8Array, context: TransactionContext): Promise<Uint8Array> {
  const { key, collection } = readGetState(payload);
  checkNotInit(context);
  const found = await withSimulator(context, collection, (simulator) =>
    simulator.getPrivateDataHash(context.namespace, collection, key),
  );
  return found ?? NOTHING;
}

export async function getStateMetadata(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  checkMetadataCapability(context, modules);
  const request = decodeMessage(peer.GetStateMetadata, payload, 'protos.GetStateMetadata');
  const collection = request.getCollection();
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'read', modules);
  }
  const metadata = await withSimulator(context, collection, (simulator) =>
    collection === ''
      ? simulator.getStateMetadata(context.namespace, request.getKey())
      : simulator.getPrivateDataMetadata(context.namespace, collection, request.getKey()),
  );
  const result = new peer.StateMetadataResult();
  result.setEntriesList(
    Array.from(metadata, ([name, value]) => {
      const entry = new peer.StateMetadata();
      entry.setMetakey(name);
      entry.setValue(value);
      return entry;
    }),
  );
  return result.serializeBinary();
}
