import { peer } from '@hyperledger/fabric-protos';
import { keyHistory } from '#node/ledger/history/keyHistory.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { ChaincodeError } from '../chaincodeError.ts';
import { encodeResponse, historyResults, nextResponse, stateResults } from './queryResponse.ts';
import { checkPrivateAccess, NO_CONTEXT, type RequestModules, withSimulator } from './requestContext.ts';
import type { TransactionContext } from './transactionContext.ts';

export async function getStateByRange(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const request = decodeMessage(peer.GetStateByRange, payload, 'protos.GetStateByRange');
  const collection = request.getCollection();
  const page = pageOf(request.getMetadata_asU8());
  const start = request.getStartkey();
  const end = request.getEndkey();
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'read', modules);
  }
  const paginated = collection === '' && (page.size > 0 || page.bookmark !== '');
  const iterator = await withSimulator(context, collection, (simulator) => {
    if (collection !== '') {
      return simulator.getPrivateDataRange(context.namespace, collection, start, end);
    }
    return paginated
      ? simulator.getStateRangePage(context.namespace, page.bookmark === '' ? start : page.bookmark, end, page.size)
      : simulator.getStateRange(context.namespace, start, end);
  });
  const query = await context.openQuery(stateResults(iterator));
  const total = page.size > 0 ? Math.min(page.size, modules.totalQueryLimit) : modules.totalQueryLimit;
  return withSimulator(context, collection, () => nextResponse(context, query, { total, paginated }));
}

/** Rich queries are CouchDB's. */
export async function getQueryResult(
  payload: Uint8Array,
  context: TransactionContext,
  modules: RequestModules,
): Promise<Uint8Array> {
  const request = decodeMessage(peer.GetQueryResult, payload, 'protos.GetQueryResult');
  const collection = request.getCollection();
  const page = pageOf(request.getMetadata_asU8());
  if (collection !== '') {
    await checkPrivateAccess(context, collection, 'read', modules);
  } else if (page.size > 0 || page.bookmark !== '') {
    throw new ChaincodeError('protocol', 'ExecuteQueryWithMetadata not supported for leveldb');
  }
  const iterator = await withSimulator(context, collection, (simulator) =>
    simulator.executeQuery(context.namespace, request.getQuery()),
  );
  const query = await context.openQuery(stateResults(iterator));
  return nextResponse(context, query, { total: modules.totalQueryLimit, paginated: false });
}

export async function getHistoryForKey(
  payload: Uint8Array,
  context: TransactionContext,
  { channels, totalQueryLimit }: RequestModules,
): Promise<Uint8Array> {
  context.simulator(NO_CONTEXT);
  const { history, channelId } = context.invocation;
  const blocks = channels.channel(channelId)?.ledger.blocks;
  if (history === null || blocks === undefined) {
    throw new ChaincodeError('protocol', 'history database is not enabled');
  }
  const request = decodeMessage(peer.GetHistoryForKey, payload, 'protos.GetHistoryForKey');
  const query = await context.openQuery(
    historyResults(keyHistory(history, blocks, context.namespace, request.getKey())),
  );
  return nextResponse(context, query, { total: totalQueryLimit, paginated: false });
}

export async function queryStateNext(
  payload: Uint8Array,
  context: TransactionContext,
  { totalQueryLimit }: RequestModules,
): Promise<Uint8Array> {
  const request = decodeMessage(peer.QueryStateNext, payload, 'protos.QueryStateNext');
  const query = context.query(request.getId());
  if (query === null) {
    throw new ChaincodeError('protocol', 'query iterator not found');
  }
  return withSimulator(context, '', () => nextResponse(context, query, { total: totalQueryLimit, paginated: false }));
}

export async function queryStateClose(payload: Uint8Array, context: TransactionContext): Promise<Uint8Array> {
  const request = decodeMessage(peer.QueryStateClose, payload, 'protos.QueryStateClose');
  const query = context.query(request.getId());
  if (query !== null) {
    await context.closeQuery(query);
  }
  return encodeResponse(request.getId(), [], false, null);
}

function pageOf(bytes: Uint8Array): { readonly size: number; readonly bookmark: string } {
  const metadata = decodeMessage(peer.QueryMetadata, bytes, 'protos.QueryMetadata');
  return { size: metadata.getPagesize(), bookmark: metadata.getBookmark() };
}
