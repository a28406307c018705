import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { varintSize, writeVarint } from '#node/protos/blockEncoder.ts';
import { SnapshotError } from './snapshotError.ts';

/** First byte of every file (common/ledger/snapshot). */
const FORMAT = 1;
const BUFFER_BYTES = 256 * 1024;
/** Beyond any value that fits into a transaction. */
const MAX_BYTES = 128 * 1024 * 1024;

/** Writes a file of a snapshot: format byte, then numbers as varints, and bytes with their length before them. */
export class SnapshotFileWriter {
  readonly #handle: FileHandle;
  readonly #digest = createHash('sha256');
  #buffer: Uint8Array = new Uint8Array(BUFFER_BYTES);
  #length = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** A file that is not there yet, and is read-only from then on. */
  static async create(path: string): Promise<SnapshotFileWriter> {
    const writer = new SnapshotFileWriter(await open(path, 'wx', 0o444));
    writer.#buffer[writer.#length++] = FORMAT;
    return writer;
  }

  async number(value: number): Promise<void> {
    const bytes = new Uint8Array(varintSize(value));
    writeVarint(bytes, 0, value);
    await this.#write(bytes);
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    await this.number(bytes.length);
    await this.#write(bytes);
  }

  async text(text: string): Promise<void> {
    await this.bytes(Buffer.from(text));
  }

  /** Makes the file durable. @returns its SHA-256 in hex */
  async done(): Promise<string> {
    await this.#flush();
    await this.#handle.sync();
    await this.#handle.close();
    return this.#digest.digest('hex');
  }

  /** Gives up; nothing happens after `done`. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#length + bytes.length > this.#buffer.length) {
      await this.#flush();
    }
    if (bytes.length > this.#buffer.length) {
      this.#digest.update(bytes);
      await this.#handle.writeFile(bytes);
    } else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#digest.update(bytes);
    await this.#handle.writeFile(bytes);
    this.#length = 0;
  }
}

/** Reads what {@link SnapshotFileWriter} wrote, in the same order. */
export class SnapshotFileReader {
  readonly #handle: FileHandle;
  readonly #name: string;
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  private constructor(handle: FileHandle, name: string) {
    this.#handle = handle;
    this.#name = name;
  }

  /** @throws SnapshotError `missing_file`, `unknown_format`, `malformed` */
  static async open(path: string): Promise<SnapshotFileReader> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (cause) {
      throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? new SnapshotError('missing_file', `${basename(path)} is missing`, { cause })
        : cause;
    }
    const reader = new SnapshotFileReader(handle, basename(path));
    try {
      const format = await reader.#byte();
      if (format !== FORMAT) {
        throw new SnapshotError('unknown_format', `${basename(path)} is of format ${format}, not ${FORMAT}`);
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    return reader;
  }

  /** @throws SnapshotError `malformed` for more than 2^53, or at the end */
  async number(): Promise<number> {
    let value = 0;
    for (let shift = 0; shift < 8; shift++) {
      const byte = await this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80 && Number.isSafeInteger(value)) {
        return value;
      }
    }
    throw new SnapshotError('malformed', `${this.#name} holds a number beyond 2^53`);
  }

  /** A copy. @throws SnapshotError `malformed` for more than `max` bytes, or at the end */
  async bytes(max = MAX_BYTES): Promise<Uint8Array> {
    const length = await this.number();
    if (length > max) {
      throw new SnapshotError('malformed', `${this.#name} holds an entry of ${length} bytes, at most ${max} are read`);
    }
    if (length > this.#end - this.#at) {
      await this.#fill(length);
    }
    this.#at += length;
    return this.#buffer.slice(this.#at - length, this.#at);
  }

  async text(max = MAX_BYTES): Promise<string> {
    return Buffer.from(await this.bytes(max)).toString();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #byte(): Promise<number> {
    if (this.#at === this.#end) {
      await this.#fill(1);
    }
    return this.#buffer[this.#at++] as number;
  }

  /** Reads on until at least `count` bytes are at hand. Memory grows with what the file holds, not with what it claims. */
  async #fill(count: number): Promise<void> {
    const parts = [this.#buffer.subarray(this.#at, this.#end)];
    let length = this.#end - this.#at;
    while (length < count) {
      const part = new Uint8Array(BUFFER_BYTES);
      const { bytesRead } = await this.#handle.read(part, 0, part.length, null);
      if (bytesRead === 0) {
        throw new SnapshotError('malformed', `${this.#name} ends too early`);
      }
      parts.push(part.subarray(0, bytesRead));
      length += bytesRead;
    }
    this.#buffer = parts.length === 2 && parts[0]?.length === 0 ? (parts[1] as Uint8Array) : joined(parts, length);
    this.#at = 0;
    this.#end = length;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
