/** A map that forgets what was set longest ago, so that state stays small whatever a log holds. Snapshots keep the order. */
export class BoundedMap<V> {
  readonly #limit: number;
  readonly #map: Map<string, V>;

  constructor(limit: number, entries: readonly (readonly [string, V])[] = []) {
    this.#limit = limit;
    this.#map = new Map(entries.slice(-limit));
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  has(key: string): boolean {
    return this.#map.has(key);
  }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#limit) {
      for (const oldest of this.#map.keys()) {
        this.#map.delete(oldest);
        break;
      }
    }
  }

  delete(key: string): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
  }

  entries(): [string, V][] {
    return [...this.#map];
  }
}
