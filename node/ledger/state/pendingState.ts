import type { Height } from './height.ts';
import { compareKeys } from './keyOrder.ts';
import type { StateKey, StatePage, StateReader, VersionedEntry, VersionedValue } from './stateDatabase.ts';
import type { StateUpdate, StateUpdates } from './stateUpdates.ts';

/**
 * State as it will be once `updates` are written: what the next block is validated against while this one is on its way to the
 * disk (FastFabric's P-II). Reads stay right when the writing ends meanwhile: both say the same of these keys.
 */
export class PendingState implements StateReader {
  readonly #base: StateReader;
  readonly #updates: ReadonlyMap<string, ReadonlyMap<string, StateUpdate>>;
  readonly #withMetadata: ReadonlySet<string>;

  /** @param base state before `updates`, or a state that is taking them in; may be a PendingState itself. */
  constructor(base: StateReader, updates: StateUpdates) {
    this.#base = base;
    this.#updates = new Map(updates.namespaces());
    this.#withMetadata = updates.namespacesWithMetadata();
  }

  async get(namespace: string, key: string): Promise<VersionedValue | null> {
    const update = this.#updates.get(namespace)?.get(key);
    return update === undefined ? this.#base.get(namespace, key) : held(update);
  }

  getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]> {
    return this.#many(keys, held, (missing) => this.#base.getMany(missing));
  }

  getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]> {
    return this.#many(
      keys,
      ({ value, version }) => (value === null ? null : version),
      (missing) => this.#base.getVersions(missing),
    );
  }

  async *range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry> {
    const changed = this.#updates.get(namespace);
    const changes = [...(changed?.keys() ?? [])]
      .filter((key) => compareKeys(key, start) >= 0 && (end === '' || compareKeys(key, end) < 0))
      .toSorted(compareKeys);
    let next = 0;
    const changedEntry = (key: string): VersionedEntry | null => {
      const now = held(changed?.get(key) as StateUpdate);
      return now === null ? null : { namespace, key, value: now.value, metadata: now.metadata, version: now.version };
    };
    for await (const entry of this.#base.range(namespace, start, end)) {
      for (; next < changes.length && compareKeys(changes[next] as string, entry.key) < 0; next++) {
        const added = changedEntry(changes[next] as string);
        if (added !== null) {
          yield added;
        }
      }
      if (changes[next] !== entry.key) {
        yield entry;
      }
    }
    for (; next < changes.length; next++) {
      const added = changedEntry(changes[next] as string);
      if (added !== null) {
        yield added;
      }
    }
  }

  async page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage> {
    const entries: VersionedEntry[] = [];
    for await (const entry of this.range(namespace, start, end)) {
      if (pageSize > 0 && entries.length === pageSize) {
        return { entries, bookmark: entry.key };
      }
      entries.push(entry);
    }
    return { entries, bookmark: '' };
  }

  mayHaveMetadata(namespace: string): boolean {
    return this.#withMetadata.has(namespace) || this.#base.mayHaveMetadata(namespace);
  }

  async #many<T>(
    keys: readonly StateKey[],
    own: (update: StateUpdate) => T | null,
    ask: (missing: readonly StateKey[]) => Promise<(T | null)[]>,
  ): Promise<(T | null)[]> {
    const answers: (T | null)[] = [];
    const missing: StateKey[] = [];
    const places: number[] = [];
    for (const [index, one] of keys.entries()) {
      const update = this.#updates.get(one.namespace)?.get(one.key);
      if (update === undefined) {
        missing.push(one);
        places.push(index);
      }
      answers.push(update === undefined ? null : own(update));
    }
    if (missing.length > 0) {
      const found = await ask(missing);
      for (const [index, place] of places.entries()) {
        answers[place] = found[index] ?? null;
      }
    }
    return answers;
  }
}

function held({ value, metadata, version }: StateUpdate): VersionedValue | null {
  return value === null ? null : { value, metadata, version };
}
