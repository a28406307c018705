import { peer } from '@hyperledger/fabric-protos';
import { type KeyMessage, readDelState, readPutState } from '#node/protos/shimMessages.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { ChaincodeError } from '../chaincodeError.ts';
import {
  bundleOf,
  checkMetadataCapability,
  checkNotInit,
  checkPrivateAccess,
  type RequestModules,
  withSimulator,
} from './requestContext.ts';
import type { TransactionContext } from './transactionContext.ts';

const NOTHING = new Uint8Array(0);

export async function putState(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const request = readPutState(payload);
  await write(request, request.value, context, modules);
  return NOTHING;
}

export async function deleteState(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  await write(readDelState(payload), null, context, modules);
  return NOTHING;
}

export async function purge(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const request = decodeMessage(peer.PurgePrivateState, payload, 'protos.PurgePrivateState');
  await purgeKey({ key: request.getKey(), collection: request.getCollection() }, context, modules);
  return NOTHING;
}

export async function putMetadata(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const request = decodeMessage(peer.PutStateMetadata, payload, 'protos.PutStateMetadata');
  const target = { key: request.getKey(), collection: request.getCollection() };
  await writeMetadata(target, request.getMetadata(), context, modules);
  return NOTHING;
}

/** Many writes in one message, in their order; the first that fails ends it, and with it the transaction. */
export async function writeBatch(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const { Type } = peer.WriteRecord;
  for (const record of decodeMessage(peer.WriteBatchState, payload, 'protos.WriteBatchState').getRecList()) {
    const target = { key: record.getKey(), collection: record.getCollection() };
    switch (record.getType()) {
      case Type.PUT_STATE:
        await write(target, record.getValue_asU8(), context, modules);
        break;
      case Type.DEL_STATE:
        await write(target, null, context, modules);
        break;
      case Type.PURGE_PRIVATE_DATA:
        await purgeKey(target, context, modules);
        break;
      case Type.PUT_STATE_METADATA:
        await writeMetadata(target, record.getMetadata(), context, modules);
        break;
      default:
        throw new ChaincodeError('protocol', 'unknown operation type');
    }
  }
  return NOTHING;
}

async function write(
  { key, collection }: KeyMessage,
  value: Uint8Array | null,
  context: TransactionContext,
  modules: RequestModules,
): Promise<void> {
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'write', modules);
  }
  await withSimulator(context, collection, (simulator) =>
    collection === ''
      ? simulator.setState(context.namespace, key, value)
      : simulator.setPrivateData(context.namespace, collection, key, value),
  );
}

async function purgeKey(
  { key, collection }: KeyMessage,
  context: TransactionContext,
  modules: RequestModules,
): Promise<void> {
  if (bundleOf(context, modules.channels).application?.capabilities.purgePvtData !== true) {
    throw new ChaincodeError(
      'protocol',
      'purge private data is not enabled, channel application capability of V2_5 or later is required',
    );
  }
  if (collection === '') {
    throw new ChaincodeError('protocol', 'only applicable for private data');
  }
  checkNotInit(context);
  await checkPrivateAccess(context, collection, 'write', modules);
  await withSimulator(context, collection, (simulator) =>
    simulator.purgePrivateData(context.namespace, collection, key),
  );
}

async function writeMetadata(
  { key, collection }: KeyMessage,
  entry: peer.StateMetadata | undefined,
  context: TransactionContext,
  modules: RequestModules,
): Promise<void> {
  checkMetadataCapability(context, modules);
  const metadata = new Map([[entry?.getMetakey() ?? '', entry?.getValue_asU8() ?? NOTHING]]);
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'write', modules);
  }
  await withSimulator(context, collection, (simulator) =>
    collection === ''
      ? simulator.setStateMetadata(context.namespace, key, metadata)
      : simulator.setPrivateDataMetadata(context.namespace, collection, key, metadata),
  );
}
