import { compareKeys } from './keyOrder.ts';

/** Beyond this a run of keys is cut in two: moving that many references is quicker than a look at memory far away. */
const MAX_RUN = 512;

/** Keys in order: runs of a few hundred, each sorted, so that one insertion moves little. */
export class SortedKeySet {
  /** No run is empty. */
  readonly #runs: string[][];

  /** @param keys in any order, each once. */
  constructor(keys: Iterable<string>) {
    const sorted = [...keys].toSorted(compareKeys);
    this.#runs = [];
    for (let at = 0; at < sorted.length; at += MAX_RUN / 2) {
      this.#runs.push(sorted.slice(at, at + MAX_RUN / 2));
    }
  }

  add(key: string): void {
    if (this.#runs.length === 0) {
      this.#runs.push([key]);
      return;
    }
    const index = Math.min(this.#runIndex(key), this.#runs.length - 1);
    const run = this.#runs[index] as string[];
    const at = position(run, key);
    if (run[at] === key) {
      return;
    }
    run.splice(at, 0, key);
    if (run.length > MAX_RUN) {
      this.#runs.splice(index + 1, 0, run.splice(run.length >> 1));
    }
  }

  delete(key: string): void {
    const index = this.#runIndex(key);
    const run = this.#runs[index];
    if (run === undefined) {
      return;
    }
    const at = position(run, key);
    if (run[at] !== key) {
      return;
    }
    run.splice(at, 1);
    if (run.length === 0) {
      this.#runs.splice(index, 1);
    }
  }

  /** Up to `limit` keys from `start` (included) to `end` (excluded; empty: no end). */
  slice(start: string, end: string, limit: number): string[] {
    const found: string[] = [];
    let index = start === '' ? 0 : this.#runIndex(start);
    let at = start === '' ? 0 : position(this.#runs[index] ?? [], start);
    for (let run = this.#runs[index]; run !== undefined; run = this.#runs[++index]) {
      for (; at < run.length; at++) {
        const key = run[at] as string;
        if (found.length === limit || (end !== '' && compareKeys(key, end) >= 0)) {
          return found;
        }
        found.push(key);
      }
      at = 0;
    }
    return found;
  }

  /** Of the first run that reaches `key`; the count of runs where none does. */
  #runIndex(key: string): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const run = this.#runs[middle] as string[];
      if (compareKeys(run[run.length - 1] as string, key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}

/** Of the first key in `run` that is not below `key`. */
function position(run: readonly string[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(run[middle] as string, key) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
