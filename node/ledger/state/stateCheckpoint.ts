import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeHeight, encodeHeight, type Height } from './height.ts';
import { MemoryStateDatabase } from './memoryStateDatabase.ts';
import type { VersionedEntry } from './stateDatabase.ts';
import { StateError } from './stateError.ts';
import { decodeStoredValue, encodeStoredValue } from './storedValue.ts';

/**
 * A file with all of an in-memory state, so that a restart replays only the blocks after it:
 * `FTLSTATE1\n`, then for each key three fields (namespace, key, stored value), each with its length before it (4 bytes, big-endian);
 * at the end a length that no field has, the savepoint, and SHA-256 of all before.
 */
const MAGIC = Buffer.from('FTLSTATE1\n');
/** Length that no field has: what follows is the savepoint. */
const END = 0xffff_ffff;
const HASH_BYTES = 32;
const WRITE_BYTES = 1024 * 1024;
/** Nothing that goes into a block is as long. */
const MAX_FIELD = 256 * 1024 * 1024;

/**
 * Writes state as it is at this moment to a file: a new one, put in the place of the old once it is on the disk. Blocks may be
 * committed meanwhile.
 *
 * @returns the savepoint that the file stands for; null (and no file) for state that never saw a block
 * @throws StateError `io`
 */
export async function writeStateCheckpoint(state: MemoryStateDatabase, file: string): Promise<Height | null> {
  const entries = state.scan()[Symbol.asyncIterator]();
  // The first call takes the snapshot, before anything else can happen.
  let step = entries.next();
  const savepoint = await state.savepoint();
  const temporary = `${file}.new`;
  try {
    if (savepoint === null) {
      await step;
      return null;
    }
    const handle = await open(temporary, 'w');
    try {
      const digest = createHash('sha256');
      let parts: Uint8Array[] = [MAGIC];
      let size = 0;
      const flush = async (): Promise<void> => {
        const bytes = Buffer.concat(parts);
        digest.update(bytes);
        await handle.writeFile(bytes);
        parts = [];
        size = 0;
      };
      for (let item = await step; item.done !== true; step = entries.next(), item = await step) {
        const { namespace, key, value, metadata, version } = item.value;
        for (const field of [Buffer.from(namespace), Buffer.from(key), encodeStoredValue(value, metadata, version)]) {
          parts.push(lengthOf(field.length), field);
          size += field.length + 4;
        }
        if (size > WRITE_BYTES) {
          await flush();
        }
      }
      parts.push(lengthOf(END), encodeHeight(savepoint));
      await flush();
      await handle.writeFile(digest.digest());
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(dirname(file));
    return savepoint;
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause instanceof StateError ? cause : new StateError('io', `cannot write ${file}`, { cause });
  } finally {
    await entries.return?.();
  }
}

/**
 * State from such a file; null where there is none.
 * @throws StateError `corrupt` for a file that is cut or altered (blocks from 0 on are the way out), `io`
 */
export async function readStateCheckpoint(file: string): Promise<MemoryStateDatabase | null> {
  const state = new MemoryStateDatabase();
  const reader = new CheckpointReader(file);
  try {
    if (!(await reader.start())) {
      return null;
    }
    // The savepoint stands at the end: it is known when `load` has taken all entries.
    const savepoint = { block: -1, tx: -1 };
    await state.load(reader.entries(savepoint), savepoint);
    return state;
  } catch (cause) {
    throw cause instanceof StateError ? cause : new StateError('io', `cannot read ${file}`, { cause });
  } finally {
    reader.close();
  }
}

class CheckpointReader {
  readonly #stream: ReturnType<typeof createReadStream>;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #digest: Hash = createHash('sha256');
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#stream = createReadStream(file, { highWaterMark: WRITE_BYTES });
    this.#chunks = this.#stream.iterator() as AsyncIterator<Buffer>;
  }

  /** False where there is no file. */
  async start(): Promise<boolean> {
    try {
      if (Buffer.compare(await this.#take(MAGIC.length), MAGIC) !== 0) {
        throw new StateError('corrupt', 'the file is no checkpoint of state');
      }
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return false;
      }
      throw error;
    }
  }

  /** Sets `savepoint` at the end, once the file has proved to be whole. */
  async *entries(savepoint: { block: number; tx: number }): AsyncGenerator<VersionedEntry, void> {
    for (let length = await this.#length(); length !== END; length = await this.#length()) {
      const namespace = (await this.#field(length)).toString();
      const key = (await this.#field(await this.#length())).toString();
      const { value, metadata, version } = decodeStoredValue(await this.#field(await this.#length()));
      yield { namespace, key, value, metadata, version };
    }
    const block = await this.#orderedNumber();
    const tx = await this.#orderedNumber();
    const { height } = decodeHeight(Buffer.concat([block, tx]));
    const expected = this.#digest.digest();
    const told = await this.#raw(HASH_BYTES);
    if (Buffer.compare(told, expected) !== 0 || this.#rest.length > 0 || (await this.#chunks.next()).done !== true) {
      throw new StateError('corrupt', 'the checkpoint of state was altered');
    }
    savepoint.block = height.block;
    savepoint.tx = height.tx;
  }

  close(): void {
    this.#stream.destroy();
  }

  async #length(): Promise<number> {
    return (await this.#take(4)).readUInt32BE();
  }

  #field(length: number): Promise<Buffer> {
    if (length > MAX_FIELD) {
      throw new StateError('corrupt', 'a field of the checkpoint is too long');
    }
    return this.#take(length);
  }

  async #orderedNumber(): Promise<Buffer> {
    const size = await this.#take(1);
    return Buffer.concat([size, await this.#take(Math.min(size[0] as number, 9))]);
  }

  async #take(length: number): Promise<Buffer> {
    const bytes = await this.#raw(length);
    this.#digest.update(bytes);
    return bytes;
  }

  async #raw(length: number): Promise<Buffer> {
    if (this.#rest.length < length) {
      const parts = [this.#rest];
      for (let size = this.#rest.length; size < length; ) {
        const step = await this.#chunks.next();
        if (step.done === true) {
          throw new StateError('corrupt', 'the checkpoint of state ends too early');
        }
        parts.push(step.value);
        size += step.value.length;
      }
      this.#rest = Buffer.concat(parts);
    }
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }
}

function lengthOf(length: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch {
    // Windows has no such thing.
  } finally {
    await handle.close();
  }
}
