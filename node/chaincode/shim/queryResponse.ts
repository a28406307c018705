import { ledger, peer } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { KeyModification } from '#node/ledger/history/keyHistory.ts';
import type { StateIterator } from '#node/ledger/simulator/stateIterator.ts';
import type { OpenQuery, ResultSource, TransactionContext } from './transactionContext.ts';

// A CommonJS module whose names Node cannot see from outside.
const { Timestamp } = timestamps;

/** Results in one message to the chaincode, which asks for more (core/chaincode/chaincode_support.go). */
const BATCH = 100;

export interface QueryLimits {
  /** Results at most, of all batches. */
  readonly total: number;
  /** One page is all that is wanted; its bookmark comes with it. */
  readonly paginated: boolean;
}

/**
 * The next batch of a query. How far the source is read for it, one result ahead and never beyond the limit, is what the read set
 * will say the transaction saw: it has to be the same on every peer (core/chaincode/query_response_generator.go).
 */
export async function nextResponse(
  context: TransactionContext,
  query: OpenQuery,
  limits: QueryLimits,
): Promise<Uint8Array> {
  try {
    while (query.total < limits.total) {
      const result = await query.source.next();
      if (result === null) {
        break;
      }
      query.total++;
      if (!limits.paginated && query.pending.length === BATCH) {
        const batch = query.pending;
        query.pending = [result];
        return encodeResponse(query.id, batch, true, null);
      }
      query.pending.push(result);
    }
    if (!limits.paginated) {
      await context.closeQuery(query);
      return encodeResponse(query.id, query.pending, false, null);
    }
    const bookmark = await query.source.bookmark();
    context.forgetQuery(query);
    const metadata = new peer.QueryResponseMetadata();
    metadata.setBookmark(bookmark);
    metadata.setFetchedRecordsCount(query.total);
    return encodeResponse(query.id, query.pending, false, metadata);
  } catch (error) {
    await context.closeQuery(query);
    throw error;
  }
}

/** As the answer to the closing of a query, too. */
export function encodeResponse(
  id: string,
  results: readonly Uint8Array[],
  hasMore: boolean,
  metadata: peer.QueryResponseMetadata | null,
): Uint8Array {
  const response = new peer.QueryResponse();
  response.setId(id);
  response.setHasMore(hasMore);
  response.setResultsList(
    results.map((bytes) => {
      const result = new peer.QueryResultBytes();
      result.setResultbytes(bytes);
      return result;
    }),
  );
  if (metadata !== null) {
    response.setMetadata(metadata.serializeBinary());
  }
  return response.serializeBinary();
}

/** Results as `queryresult.KV`. */
export function stateResults(iterator: StateIterator): ResultSource {
  return {
    async next() {
      const found = await iterator.next();
      if (found === null) {
        return null;
      }
      const result = new ledger.queryresult.KV();
      result.setNamespace(found.namespace);
      result.setKey(found.key);
      result.setValue(found.value);
      return result.serializeBinary();
    },
    bookmark: () => iterator.bookmark(),
    close: () => iterator.close(),
  };
}

/** Results as `queryresult.KeyModification`. */
export function historyResults(modifications: AsyncGenerator<KeyModification, void>): ResultSource {
  return {
    async next() {
      const step = await modifications.next();
      if (step.done === true) {
        return null;
      }
      const { txId, value, timestamp, isDelete } = step.value;
      const result = new ledger.queryresult.KeyModification();
      result.setTxId(txId);
      result.setValue(value);
      result.setIsDelete(isDelete);
      if (timestamp !== null) {
        const message = new Timestamp();
        message.setSeconds(timestamp.seconds);
        message.setNanos(timestamp.nanos);
        result.setTimestamp(message);
      }
      return result.serializeBinary();
    },
    bookmark: () => Promise.resolve(''),
    async close() {
      await modifications.return();
    },
  };
}
