import type { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import type { StateIterator } from '#node/ledger/simulator/stateIterator.ts';
import type { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import { implicitCollection, LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';

/** Keys of `_lifecycle`, public or of one organisation. */
export interface ReadableState {
  get(key: string): Promise<Uint8Array | null>;
}

export interface WritableState extends ReadableState {
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface RangeableState extends ReadableState {
  /** Keys that begin so, in order, with their values. */
  range(prefix: string): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** What every peer knows of an organisation's own keys. */
export interface OpaqueState {
  readonly mspId: string;
  /** SHA-256 of the value; null where there is no such key. */
  getHash(key: string): Promise<Uint8Array | null>;
}

/** After every character that a key of `_lifecycle` is made of. */
const BEHIND_ALL = '\u007f';

/** The channel's own keys: definitions that are committed. */
export class PublicState implements RangeableState {
  readonly #query: QueryExecutor;

  constructor(query: QueryExecutor) {
    this.#query = query;
  }

  get(key: string): Promise<Uint8Array | null> {
    return this.#query.getState(LIFECYCLE_NAMESPACE, key);
  }

  async range(prefix: string): Promise<ReadonlyMap<string, Uint8Array>> {
    return taken(await this.#query.getStateRange(LIFECYCLE_NAMESPACE, prefix, `${prefix}${BEHIND_ALL}`));
  }
}

/** As `PublicState`, to write a definition into. */
export class WritablePublicState extends PublicState implements WritableState {
  readonly #simulator: TxSimulator;

  constructor(simulator: TxSimulator) {
    super(simulator);
    this.#simulator = simulator;
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#simulator.setState(LIFECYCLE_NAMESPACE, key, value);
  }

  delete(key: string): Promise<void> {
    return this.#simulator.deleteState(LIFECYCLE_NAMESPACE, key);
  }
}

/** Hashes of an organisation's keys: what it has approved shows in them, without being told. */
export class OrganizationHashes implements OpaqueState {
  readonly mspId: string;
  readonly #query: QueryExecutor;

  constructor(query: QueryExecutor, mspId: string) {
    this.#query = query;
    this.mspId = mspId;
  }

  getHash(key: string): Promise<Uint8Array | null> {
    return this.#query.getPrivateDataHash(LIFECYCLE_NAMESPACE, implicitCollection(this.mspId), key);
  }
}

/** This peer's organisation's own keys: what it approved. */
export class OrganizationState implements RangeableState, WritableState {
  readonly #simulator: TxSimulator;
  readonly #collection: string;

  constructor(simulator: TxSimulator, mspId: string) {
    this.#simulator = simulator;
    this.#collection = implicitCollection(mspId);
  }

  get(key: string): Promise<Uint8Array | null> {
    return this.#simulator.getPrivateData(LIFECYCLE_NAMESPACE, this.#collection, key);
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.#simulator.setPrivateData(LIFECYCLE_NAMESPACE, this.#collection, key, value);
  }

  delete(key: string): Promise<void> {
    return this.#simulator.deletePrivateData(LIFECYCLE_NAMESPACE, this.#collection, key);
  }

  async range(prefix: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const end = `${prefix}${BEHIND_ALL}`;
    return taken(await this.#simulator.getPrivateDataRange(LIFECYCLE_NAMESPACE, this.#collection, prefix, end));
  }
}

async function taken(iterator: StateIterator): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  try {
    for (let one = await iterator.next(); one !== null; one = await iterator.next()) {
      found.set(one.key, one.value);
    }
  } finally {
    await iterator.close();
  }
  return found;
}
