import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import { ChaincodeError } from '../chaincodeError.ts';
import type { ChaincodeInvocation } from '../chaincodeSupport.ts';
import type { CollectionPermission } from './collectionAccess.ts';

/** Queries that one transaction may have open: each holds an iterator of the state database. */
const MAX_OPEN_QUERIES = 1000;

/** Where a query's results come from, each ready to be sent. */
export interface ResultSource {
  /** Null at the end. */
  next(): Promise<Uint8Array | null>;
  /** Closes, and gives where the next page starts. */
  bookmark(): Promise<string>;
  close(): Promise<void>;
}

/** A query that the chaincode has not read to its end. */
export interface OpenQuery {
  readonly id: string;
  readonly source: ResultSource;
  /** Taken from the source and not sent yet. */
  pending: Uint8Array[];
  /** Taken from the source so far. */
  total: number;
}

/** What a chaincode's requests for one transaction have in common, from TRANSACTION to COMPLETED. */
export class TransactionContext {
  readonly invocation: ChaincodeInvocation;
  /** The namespace of its keys. */
  readonly namespace: string;
  /** Asked for once a transaction. */
  readonly permissions = new Map<string, Promise<CollectionPermission>>();
  /** The request being answered; the shim sends one at a time. */
  request: Promise<void> | null = null;
  readonly #queries = new Map<string, OpenQuery>();
  #lastQuery = 0;
  #closed = false;

  constructor(invocation: ChaincodeInvocation) {
    this.invocation = invocation;
    this.namespace = invocation.name;
  }

  get isInit(): boolean {
    return this.invocation.kind === 'init';
  }

  /** @throws ChaincodeError `protocol` for a proposal outside any channel */
  simulator(refusal: string): TxSimulator {
    if (this.invocation.simulator === null) {
      throw new ChaincodeError('protocol', refusal);
    }
    return this.invocation.simulator;
  }

  async openQuery(source: ResultSource): Promise<OpenQuery> {
    if (this.#closed || this.#queries.size >= MAX_OPEN_QUERIES) {
      await source.close();
      throw new ChaincodeError(
        'protocol',
        this.#closed ? 'the transaction is over' : `more than ${MAX_OPEN_QUERIES} open query iterators`,
      );
    }
    const query: OpenQuery = { id: `${++this.#lastQuery}`, source, pending: [], total: 0 };
    this.#queries.set(query.id, query);
    return query;
  }

  query(id: string): OpenQuery | null {
    return this.#queries.get(id) ?? null;
  }

  async closeQuery(query: OpenQuery): Promise<void> {
    this.#queries.delete(query.id);
    await query.source.close();
  }

  /** Forgets a query whose source is closed already. */
  forgetQuery(query: OpenQuery): void {
    this.#queries.delete(query.id);
  }

  /** The transaction is over: gives back what its queries hold. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#queries.size > 0) {
      const open = [...this.#queries.values()];
      this.#queries.clear();
      await Promise.allSettled(open.map(({ source }) => source.close()));
    }
  }
}
