import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockStoreError } from './blockStoreError.ts';

const PREFIX = 'blockfile_';
/** Open at a time for reading, apart from the last one. */
const MAX_OPEN = 8;

/** The name that Fabric gives file `number`: `blockfile_` and at least six digits. */
export function blockFileName(number: number): string {
  return `${PREFIX}${String(number).padStart(6, '0')}`;
}

/** What a file system reports when bytes are fewer than asked for, as one error. */
function short(file: number, offset: number): BlockStoreError {
  return new BlockStoreError('corrupt', `${blockFileName(file)} ends before byte ${offset}`);
}

/** Makes names in a folder durable. Nothing to do where folders cannot be opened (Windows). */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The files `blockfile_000000`, `blockfile_000001`, … of one channel: bytes at places, appended to the last one. */
export class BlockFiles {
  readonly folder: string;
  readonly #readers = new Map<number, Promise<FileHandle>>();
  /** Readers dropped while others may still read from them: closed at the end. */
  readonly #retired: Promise<FileHandle>[] = [];
  #writer: { readonly file: number; readonly handle: FileHandle } | null = null;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * How many files there are.
   * @throws BlockStoreError `missing_file` where one between the first and the last is not there
   */
  async count(): Promise<number> {
    const names = await readdir(this.folder);
    const numbers = names
      .filter((name) => /^blockfile_\d{6,}$/.test(name))
      .map((name) => Number(name.slice(PREFIX.length)));
    const there = new Set(numbers);
    for (let number = 0; number < there.size; number++) {
      if (!there.has(number)) {
        throw new BlockStoreError('missing_file', `${blockFileName(number)} is missing in ${this.folder}`);
      }
    }
    return there.size;
  }

  /** Bytes in a file; 0 where it is not there. */
  async size(file: number): Promise<number> {
    try {
      return (await stat(join(this.folder, blockFileName(file)))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return 0;
      }
      throw error;
    }
  }

  /** @throws BlockStoreError `corrupt` where the file ends before */
  async read(file: number, offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.readUpTo(file, offset, length);
    if (bytes.length < length) {
      throw short(file, offset + length);
    }
    return bytes;
  }

  /** As many bytes as there are, at most `length`. */
  async readUpTo(file: number, offset: number, length: number): Promise<Uint8Array> {
    const handle = await this.#reader(file);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) {
        break;
      }
      done += bytesRead;
    }
    return done === length ? bytes : bytes.subarray(0, done);
  }

  /** Opens a file for appending; a new one's name is made durable, and the file before it is synced and closed. */
  async startWriting(file: number): Promise<void> {
    if (this.#writer !== null) {
      await this.#writer.handle.sync();
      await this.#writer.handle.close();
      this.#writer = null;
    }
    await mkdir(this.folder, { recursive: true });
    const path = join(this.folder, blockFileName(file));
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640);
    this.#writer = { file, handle };
    await syncFolder(this.folder);
  }

  /** Writes at a place of the file being written. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const { handle } = this.#writing;
    let done = 0;
    while (done < bytes.length) {
      done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
    }
  }

  /** Makes what was written durable. */
  async sync(): Promise<void> {
    await this.#writing.handle.datasync();
  }

  /** Cuts the file being written, durably. */
  async truncate(size: number): Promise<void> {
    const { handle } = this.#writing;
    await handle.truncate(size);
    await handle.sync();
  }

  async close(): Promise<void> {
    const handles = [...this.#readers.values(), ...this.#retired];
    this.#readers.clear();
    this.#retired.length = 0;
    await Promise.all(handles.map(async (opened) => (await opened).close()));
    await this.#writer?.handle.close();
    this.#writer = null;
  }

  get #writing(): { readonly file: number; readonly handle: FileHandle } {
    if (this.#writer === null) {
      throw new BlockStoreError('closed', 'no block file is open for writing');
    }
    return this.#writer;
  }

  #reader(file: number): Promise<FileHandle> {
    const known = this.#readers.get(file);
    if (known !== undefined) {
      this.#readers.delete(file);
      this.#readers.set(file, known);
      return known;
    }
    const opened = open(join(this.folder, blockFileName(file)), constants.O_RDONLY).catch((cause: unknown) => {
      this.#readers.delete(file);
      throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? new BlockStoreError('missing_file', `${blockFileName(file)} is missing in ${this.folder}`, { cause })
        : cause;
    });
    this.#readers.set(file, opened);
    if (this.#readers.size > MAX_OPEN) {
      const [oldest] = this.#readers.keys();
      this.#retire(oldest as number);
    }
    return opened;
  }

  /** Closes the one opened longest ago of those retired before: reads of it have long ended. */
  #retire(file: number): void {
    this.#retired.push(this.#readers.get(file) as Promise<FileHandle>);
    this.#readers.delete(file);
    if (this.#retired.length > MAX_OPEN) {
      const longest = this.#retired.shift() as Promise<FileHandle>;
      // A handle that cannot be closed holds nothing that was written: nothing is lost with it.
      longest.then((handle) => handle.close()).catch(() => undefined);
    }
  }
}
