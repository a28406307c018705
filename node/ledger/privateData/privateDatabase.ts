import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { keyOf, orderedNumber } from '../blocks/indexEncoding.ts';
import { PrivateDataError } from './privateDataError.ts';

export type Database = ClassicLevel<Uint8Array, Uint8Array>;
export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export const NOTHING = new Uint8Array(0);

/** @throws PrivateDataError `in_use`, `corrupt` */
export async function openDatabase(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const db: Database = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await db.open();
  } catch (error) {
    const cause = (error as Error).cause as { code?: string } | undefined;
    throw cause?.code === 'LEVEL_LOCKED'
      ? new PrivateDataError('in_use', `${folder} is open already`, { cause: error })
      : new PrivateDataError('corrupt', `${folder} cannot be opened`, { cause: error });
  }
  return db;
}

/** Name of something in a key: text and a zero byte, so that names sort as in Fabric. @throws PrivateDataError `malformed` */
export function nameKey(name: string): Uint8Array {
  if (name.includes('\0')) {
    throw new PrivateDataError('malformed', 'a name holds a zero byte');
  }
  return Buffer.from(`${name}\0`);
}

/** A key of a kind (one letter) and parts: numbers sort by value, text by its bytes. */
export function key(kind: string, ...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return keyOf(kind, ...parts.map(partOf));
}

function partOf(part: number | string | Uint8Array): Uint8Array {
  if (typeof part === 'number') {
    return orderedNumber(part);
  }
  return typeof part === 'string' ? nameKey(part) : part;
}

/** Takes keys apart, in the order in which they were put together. */
export class KeyReader {
  readonly #key: Uint8Array;
  #at = 1;

  constructor(bytes: Uint8Array) {
    this.#key = bytes;
  }

  number(): number {
    const size = this.#key[this.#at] ?? 9;
    const end = this.#at + 1 + size;
    if (size > 7 || end > this.#key.length) {
      throw corrupt();
    }
    const value = this.#key.subarray(this.#at + 1, end).reduce((sum, byte) => sum * 256 + byte, 0);
    this.#at = end;
    return value;
  }

  name(): string {
    const end = this.#key.indexOf(0, this.#at);
    if (end < 0) {
      throw corrupt();
    }
    const bytes = this.#key.subarray(this.#at, end);
    this.#at = end + 1;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  }

  /** So many bytes. */
  bytes(count: number): Uint8Array {
    this.#at += count;
    if (this.#at > this.#key.length) {
      throw corrupt();
    }
    return this.#key.slice(this.#at - count, this.#at);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.#key.slice(this.#at);
  }
}

function corrupt(): PrivateDataError {
  return new PrivateDataError('corrupt', 'a key ends too early');
}

/** All keys that begin with `prefix`. */
export function rangeOf(prefix: Uint8Array): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  const lt = Uint8Array.from(prefix);
  for (let at = lt.length - 1; at >= 0; at--) {
    if ((lt[at] as number) < 0xff) {
      lt[at] = (lt[at] as number) + 1;
      return { gte: prefix, lt: lt.subarray(0, at + 1) };
    }
  }
  throw new PrivateDataError('corrupt', 'no key sorts after this one');
}
