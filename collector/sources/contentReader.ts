import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { CollectorError, messageOf } from '../errors.ts';

/** Reads a file's content in order, whatever its packing. */
export interface ContentReader {
  /** The next bytes, valid until the next call; null at the (present) end. Rejects with `CollectorError`. */
  read(): Promise<Buffer | null>;
  /** Bytes of the file on disk that have been read. */
  readonly consumed: number;
  close(): Promise<void>;
}

const GZIP_INPUT = 64 * 1024;

/**
 * Decompresses a gzip file of one or more members from its beginning, leaving out the first `skip` bytes of content. Everything
 * that can be read comes out before the error that says the file is torn.
 */
export class GzipReader implements ContentReader {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #gunzip: Gunzip;
  readonly #input = Buffer.allocUnsafe(GZIP_INPUT);
  readonly #out: Buffer[] = [];
  #skip: number;
  #consumed = 0;
  #error: Error | undefined;
  #ended = false;
  #finished = false;
  #wake: (() => void) | undefined;

  private constructor(path: string, handle: FileHandle, skip: number) {
    this.#path = path;
    this.#handle = handle;
    this.#skip = skip;
    // Small output pieces: at a corrupt spot zlib gives up the piece it was filling.
    this.#gunzip = createGunzip({ chunkSize: 16 * 1024 });
    this.#gunzip.on('data', (chunk: Buffer) => this.#out.push(chunk));
    this.#gunzip.on('end', () => {
      this.#ended = true;
      this.#wake?.();
    });
    this.#gunzip.on('error', (error) => {
      this.#error = error;
      this.#wake?.();
    });
  }

  static async open(path: string, skip = 0): Promise<GzipReader> {
    return new GzipReader(path, await open(path, 'r'), skip);
  }

  get consumed(): number {
    return this.#consumed;
  }

  async read(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.#out.shift();
      if (chunk !== undefined) {
        if (this.#skip === 0) return chunk;
        const skipped = Math.min(this.#skip, chunk.length);
        this.#skip -= skipped;
        if (skipped < chunk.length) return chunk.subarray(skipped);
        continue;
      }
      if (this.#error !== undefined) {
        throw new CollectorError('torn_gzip', `${this.#path} is torn: ${messageOf(this.#error)}`, {
          cause: this.#error,
        });
      }
      if (this.#ended) return null;
      await this.#feed();
    }
  }

  async #feed(): Promise<void> {
    if (this.#finished) {
      await this.#untilSettled();
      return;
    }
    const { bytesRead } = await this.#handle.read(this.#input, 0, GZIP_INPUT, this.#consumed);
    this.#consumed += bytesRead;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (bytesRead === 0) {
        this.#finished = true;
        this.#gunzip.end(resolve);
      } else {
        this.#gunzip.write(this.#input.subarray(0, bytesRead), () => resolve());
      }
    });
  }

  #untilSettled(): Promise<void> {
    if (this.#ended || this.#error !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async close(): Promise<void> {
    this.#gunzip.destroy();
    await this.#handle.close();
  }
}

/** Reads a plain file from `position` on, into one buffer. */
export class PlainReader implements ContentReader {
  readonly handle: FileHandle;
  readonly #path: string;
  readonly #buffer: Buffer;
  #position: number;

  constructor(path: string, handle: FileHandle, bufferBytes: number, position = 0) {
    this.#path = path;
    this.handle = handle;
    this.#buffer = Buffer.allocUnsafe(bufferBytes);
    this.#position = position;
  }

  get consumed(): number {
    return this.#position;
  }

  async read(): Promise<Buffer | null> {
    try {
      const { bytesRead } = await this.handle.read(this.#buffer, 0, this.#buffer.length, this.#position);
      this.#position += bytesRead;
      return bytesRead === 0 ? null : this.#buffer.subarray(0, bytesRead);
    } catch (error) {
      throw new CollectorError('unreadable_file', `${this.#path} can't be read: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
