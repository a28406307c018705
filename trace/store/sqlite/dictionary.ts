import { hash } from 'node:crypto';
import { BoundedMap } from './boundedMap.ts';
import type { Database } from './database.ts';

const CACHED = 8192;

/** 48 bits of a text's SHA-256: small enough for a JavaScript number, large enough that a probe finds one row. */
export function textHash(text: string): number {
  return Number.parseInt(hash('sha256', text).slice(0, 12), 16);
}

type Flat = Readonly<Record<string, unknown>>;

/**
 * Interned text: what repeats in records is stored once and named by a small integer. Entries are never changed or deleted, so
 * caches stay valid whatever other processes write; only a rolled-back transaction makes them forget.
 *
 * A text is interned at its second sight (`admit`), so that what never repeats costs no dictionary entry.
 */
export class Dictionary {
  readonly #db: Database;
  readonly #keys = new BoundedMap<string, number>(CACHED);
  readonly #texts = new BoundedMap<number, string>(CACHED);
  readonly #objects = new BoundedMap<number, object>(CACHED);
  readonly #identities = new BoundedMap<
    string,
    { readonly value: Flat; readonly key: number; readonly size: number }[]
  >(CACHED);
  readonly #seenOnce = new BoundedMap<number, true>(CACHED);

  constructor(db: Database) {
    this.#db = db;
  }

  /** The text's key, interned now if need be. */
  intern(text: string): number {
    return this.#keys.get(text) ?? this.#find(text, false);
  }

  /** The text's key; 0 at first sight: keep the text itself then. */
  admit(text: string): number {
    return this.#keys.get(text) ?? this.#find(text, true);
  }

  textOf(key: number): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = this.#db.get('SELECT text FROM dict WHERE key = ?', key)?.[0];
    if (typeof text !== 'string') throw new RangeError(`dictionary has no entry ${key}`);
    this.#texts.set(key, text);
    return text;
  }

  /**
   * Like `admit` for the JSON of an object, fast for the flat objects of strings that identities are: the one seen last under
   * the same name is compared field by field before any JSON is made.
   */
  admitObject(value: Flat): number {
    const name = nameOf(value);
    const candidates = this.#identities.get(name);
    if (candidates !== undefined) {
      for (const candidate of candidates) if (sameFlat(value, candidate.value, candidate.size)) return candidate.key;
    }
    const key = this.admit(JSON.stringify(value));
    if (key !== 0 && isFlat(value)) {
      const entry = { value: { ...value }, key, size: Object.keys(value).length };
      this.#identities.set(name, [...(candidates ?? []).slice(-3), entry]);
    }
    return key;
  }

  /** The object whose JSON was interned. Shared: never change it. */
  objectOf(key: number): object {
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const value = JSON.parse(this.textOf(key)) as object;
    this.#objects.set(key, value);
    return value;
  }

  /** After a rollback: entries made in the transaction are gone. */
  forget(): void {
    this.#keys.clear();
    this.#texts.clear();
    this.#objects.clear();
    this.#identities.clear();
  }

  #find(text: string, onlyIfSeen: boolean): number {
    const hashed = textHash(text);
    for (const [key, stored] of this.#db.all('SELECT key, text FROM dict WHERE hash = ?', hashed)) {
      if (stored !== text) continue;
      this.#keys.set(text, key as number);
      return key as number;
    }
    // What UTF-8 cannot hold would come back changed.
    if (onlyIfSeen && (this.#seenOnce.get(hashed) === undefined || !text.isWellFormed())) {
      this.#seenOnce.set(hashed, true);
      return 0;
    }
    const key = Number(
      this.#db.prepare('INSERT INTO dict (hash, text) VALUES (?, ?)').run(hashed, text).lastInsertRowid,
    );
    this.#keys.set(text, key);
    return key;
  }
}

function nameOf(value: Flat): string {
  const name = value['id'] ?? value['name'] ?? value['address'] ?? value['pki_id'];
  return typeof name === 'string' ? name : '';
}

function isFlat(value: Flat): boolean {
  return Object.values(value).every((field) => typeof field === 'string');
}

function sameFlat(value: Flat, known: Flat, size: number): boolean {
  let count = 0;
  for (const field of Object.keys(value)) {
    const text = value[field];
    if (text === undefined || text !== known[field]) return false;
    count++;
  }
  return count === size;
}
