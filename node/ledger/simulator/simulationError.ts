import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a simulation cannot do what the chaincode asks.
 *
 * - `done`: used after `done()`; `results_taken`: results are given once;
 * - `write_after_private_query`, `write_after_page`: a transaction that ran a query over private data, or a paginated one, may not
 *   write any more: nothing could tell at commit whether the query would find the same; `private_query_after_write`,
 *   `page_after_write`: the same the other way round;
 * - `no_collections`, `no_such_collection`: the chaincode has no collections, or none of that name;
 * - `private_data_missing`: this peer does not have the private value that belongs to the hash;
 * - `metadata_by_hash`: such a read could not be noted in a read set; `rich_query`: needs another state database;
 * - `invalid_key`: no text.
 */
export type SimulationErrorCode =
  | 'done'
  | 'results_taken'
  | 'write_after_private_query'
  | 'write_after_page'
  | 'private_query_after_write'
  | 'page_after_write'
  | 'no_collections'
  | 'no_such_collection'
  | 'private_data_missing'
  | 'metadata_by_hash'
  | 'rich_query'
  | 'invalid_key';

/** The error of query executors and simulators; the chaincode sees its message. */
export class SimulationError extends CodedError<SimulationErrorCode> {
  override readonly name = 'SimulationError';
}
