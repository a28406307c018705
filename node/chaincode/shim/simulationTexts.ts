import { SimulationError, type SimulationErrorCode } from '#node/ledger/simulator/simulationError.ts';
import { messageOf } from '../chaincodeError.ts';

/** What a request was about, as far as a text names it. */
export interface RequestSubject {
  readonly txId: string;
  readonly namespace: string;
  readonly collection: string;
}

const TEXTS: Partial<Record<SimulationErrorCode, (subject: RequestSubject) => string>> = {
  rich_query: () => 'ExecuteQuery not supported for leveldb',
  done: () => 'this instance should not be used after calling Done()',
  private_query_after_write: ({ txId }) =>
    `txid [${txId}]: unsuppored transaction. Queries on pvt data is supported only in a read-only transaction`,
  write_after_private_query: ({ txId }) =>
    `txid [${txId}]: unsuppored transaction. Transaction has already performed queries on pvt data. Writes are not allowed`,
  page_after_write: ({ txId }) =>
    `txid [${txId}]: unsuppored transaction. Paginated queries are supported only in a read-only transaction`,
  write_after_page: ({ txId }) =>
    `txid [${txId}]: unsuppored transaction. Transaction has already performed a paginated query. Writes are not allowed`,
  no_collections: ({ namespace }) =>
    `collection config not defined for chaincode [${namespace}], pass the collection configuration upon chaincode definition/instantiation`,
  no_such_collection: ({ namespace, collection }) =>
    `collection [${collection}] not defined in the collection config for chaincode [${namespace}]`,
};

/**
 * What the chaincode is told, and through it the client: in the words of a Go peer, spelling included, for programs look for them
 * (core/ledger/kvledger/txmgmt/txmgr, statedb/stateleveldb).
 */
export function simulationText(error: unknown, subject: RequestSubject): string {
  const text = error instanceof SimulationError ? TEXTS[error.code] : undefined;
  return text?.(subject) ?? messageOf(error);
}
