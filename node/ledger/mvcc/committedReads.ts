import type { NamespaceView } from '#node/protos/readWriteSetView.ts';
import { getOrMake } from '../state/getOrMake.ts';
import type { Height } from '../state/height.ts';
import { hashedKey, hashedNamespace } from '../state/namespaces.ts';
import type { StateKey, StateReader, VersionedValue } from '../state/stateDatabase.ts';
import type { CommittedValues } from './keyOperations.ts';

/** All that MVCC of one block asks committed state for, read at once: keys, not whole ranges. */
export class CommittedReads implements CommittedValues {
  readonly #versions = new Map<string, Map<string, Height | null>>();
  readonly #values = new Map<string, Map<string, VersionedValue | null>>();

  /**
   * @param readVersions false where no read is checked.
   */
  static async load(
    readWriteSets: readonly (readonly NamespaceView[])[],
    state: StateReader,
    readVersions: boolean,
  ): Promise<CommittedReads> {
    const reads = new CommittedReads();
    const versions = new Wanted(reads.#versions);
    const values = new Wanted(reads.#values);
    for (const set of readWriteSets) {
      const repeated =
        hasRepeated(set.map(({ namespace }) => namespace)) ||
        set.some(({ collections }) => hasRepeated(collections.map(({ name }) => name)));
      for (const one of set) {
        if (readVersions) {
          for (const { key } of one.reads) {
            versions.add(one.namespace, key);
          }
        }
        const metadata = state.mayHaveMetadata(one.namespace);
        // A key that is written twice asks for more than its metadata, see `keyOperations.ts`.
        for (const { key } of metadata || repeated || !ascending(one.writes) ? one.writes : []) {
          values.add(one.namespace, key);
        }
        for (const { key } of one.metadataUpdates) {
          values.add(one.namespace, key);
        }
        for (const collection of one.collections) {
          const name = hashedNamespace(one.namespace, collection.name);
          for (const { keyHash } of readVersions ? collection.reads : []) {
            versions.add(name, hashedKey(keyHash));
          }
          const written = metadata || repeated || collection.writes.length > 1 ? collection.writes : [];
          for (const { keyHash } of written) {
            values.add(name, hashedKey(keyHash));
          }
          for (const { keyHash } of collection.metadataWrites) {
            values.add(name, hashedKey(keyHash));
          }
        }
      }
    }
    if (values.keys.length > 0) {
      values.take(await state.getMany(values.keys));
    }
    if (versions.keys.length > 0) {
      versions.take(await state.getVersions(versions.keys));
    }
    return reads;
  }

  version(namespace: string, key: string): Height | null {
    return this.#versions.get(namespace)?.get(key) ?? null;
  }

  latest(namespace: string, collection: string | null, key: string): VersionedValue | null {
    const name = collection === null ? namespace : hashedNamespace(namespace, collection);
    return this.#values.get(name)?.get(key) ?? null;
  }
}

function hasRepeated(names: readonly string[]): boolean {
  return names.length > 1 && new Set(names).size < names.length;
}

/** As endorsers write them; then no key is there twice. */
function ascending(writes: NamespaceView['writes']): boolean {
  return writes.every(({ key }, index) => index === 0 || (writes[index - 1] as { readonly key: string }).key < key);
}

/** Keys to be asked for, each once, and where the answers go. */
class Wanted<T> {
  readonly keys: StateKey[] = [];
  readonly #answers: Map<string, Map<string, T | null>>;

  constructor(answers: Map<string, Map<string, T | null>>) {
    this.#answers = answers;
  }

  add(namespace: string, key: string): void {
    const found = getOrMake(this.#answers, namespace, () => new Map<string, T | null>());
    if (!found.has(key)) {
      found.set(key, null);
      this.keys.push({ namespace, key });
    }
  }

  take(answers: readonly (T | null)[]): void {
    for (const [index, { namespace, key }] of this.keys.entries()) {
      this.#answers.get(namespace)?.set(key, answers[index] ?? null);
    }
  }
}
