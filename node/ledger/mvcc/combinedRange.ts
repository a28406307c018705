import { compareKeys, sortedKeys } from '../state/keyOrder.ts';
import type { Height, StateReader } from '../state/stateDatabase.ts';
import type { StateUpdates } from '../state/stateUpdates.ts';

export interface PresentKey {
  readonly key: string;
  readonly version: Height;
}

/**
 * Keys of a range as they would be after the valid transactions before this one in the block: committed state with the block's
 * updates over it. `includeEnd` adds the end key itself, as the last one
 * (core/ledger/kvledger/txmgmt/validation/combined_iterator.go).
 */
export async function* combinedRange(
  state: StateReader,
  updates: StateUpdates,
  namespace: string,
  start: string,
  end: string,
  includeEnd: boolean,
): AsyncGenerator<PresentKey, void> {
  const changed = updates.public.get(namespace);
  const changes = sortedKeys(changed?.keys() ?? []).filter(
    (key) => compareKeys(key, start) >= 0 && (end === '' || compareKeys(key, end) < 0),
  );
  let next = 0;
  for await (const { key, version } of state.range(namespace, start, end)) {
    for (; next < changes.length && compareKeys(changes[next] as string, key) < 0; next++) {
      const update = changed?.get(changes[next] as string);
      if (update !== undefined && update.value !== null) {
        yield { key: changes[next] as string, version: update.version };
      }
    }
    if (changes[next] !== key) {
      yield { key, version };
      continue;
    }
    next++;
    const update = changed?.get(key);
    if (update !== undefined && update.value !== null) {
      yield { key, version: update.version };
    }
  }
  for (; next < changes.length; next++) {
    const update = changed?.get(changes[next] as string);
    if (update !== undefined && update.value !== null) {
      yield { key: changes[next] as string, version: update.version };
    }
  }
  if (includeEnd) {
    const last = updates.getPublic(namespace, end) ?? (await state.get(namespace, end));
    if (last !== null && last.value !== null) {
      yield { key: end, version: last.version };
    }
  }
}
