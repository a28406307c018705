import { peer } from '@hyperledger/fabric-protos';
import { invokeChaincode } from './invokeChaincode.ts';
import { getHistoryForKey, getQueryResult, getStateByRange, queryStateClose, queryStateNext } from './queries.ts';
import { getPrivateDataHash, getState, getStateMetadata, getStateMultiple } from './reads.ts';
import type { Request } from './requestContext.ts';
import { deleteState, purge, putMetadata, putState, writeBatch } from './writes.ts';

const { Type } = peer.ChaincodeMessage;

/** What a chaincode may ask of the peer while a transaction runs (core/chaincode/handler.go). */
export const REQUESTS: ReadonlyMap<number, Request> = new Map<number, Request>([
  [Type.GET_STATE, getState],
  [Type.GET_STATE_MULTIPLE, getStateMultiple],
  [Type.GET_PRIVATE_DATA_HASH, getPrivateDataHash],
  [Type.GET_STATE_METADATA, getStateMetadata],
  [Type.GET_STATE_BY_RANGE, getStateByRange],
  [Type.GET_QUERY_RESULT, getQueryResult],
  [Type.GET_HISTORY_FOR_KEY, getHistoryForKey],
  [Type.QUERY_STATE_NEXT, queryStateNext],
  [Type.QUERY_STATE_CLOSE, queryStateClose],
  [Type.PUT_STATE, putState],
  [Type.DEL_STATE, deleteState],
  [Type.PUT_STATE_METADATA, putMetadata],
  [Type.PURGE_PRIVATE_DATA, purge],
  [Type.WRITE_BATCH_STATE, writeBatch],
  [Type.INVOKE_CHAINCODE, invokeChaincode],
]);
