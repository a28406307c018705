import type { Database } from './database.ts';

/** Channel names by key. Key 0 is the empty name: no record names a channel. Never deleted. */
export class Channels {
  readonly #db: Database;
  readonly #keys = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The channel's key, made now if need be. */
  intern(name: string): number {
    const known = this.keyOf(name);
    if (known !== null) return known;
    const key = Number(this.#db.prepare('INSERT INTO channel (name) VALUES (?)').run(name).lastInsertRowid);
    this.#remember(name, key);
    return key;
  }

  /** Null for a channel that no record has named. */
  keyOf(name: string): number | null {
    if (name === '') return 0;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = this.#db.get('SELECT key FROM channel WHERE name = ?', name)?.[0];
    if (typeof key !== 'number') return null;
    this.#remember(name, key);
    return key;
  }

  nameOf(key: number): string {
    if (key === 0) return '';
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#db.get('SELECT name FROM channel WHERE key = ?', key)?.[0];
    if (typeof name !== 'string') throw new RangeError(`no channel ${key}`);
    this.#remember(name, key);
    return name;
  }

  all(): { readonly key: number; readonly name: string }[] {
    return this.#db.all('SELECT key, name FROM channel ORDER BY name').map(([key, name]) => ({
      key: key as number,
      name: name as string,
    }));
  }

  forget(): void {
    this.#keys.clear();
    this.#names.clear();
  }

  #remember(name: string, key: number): void {
    // A hostile stream may name a channel per line.
    if (this.#keys.size >= 10_000) this.forget();
    this.#keys.set(name, key);
    this.#names.set(key, name);
  }
}
