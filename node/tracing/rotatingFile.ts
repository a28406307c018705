import { closeSync, fsync, fstatSync, openSync, renameSync, rmSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '#node/util/makeFolder.ts';
import type { LineSink } from './lineSink.ts';

const writeAt = promisify(write);
const sync = promisify(fsync);
const LINE_FEED = Buffer.from('\n');

export interface RotatingFileOptions {
  /** The file being written; older ones are `<path>.1`, `<path>.2` … */
  readonly path: string;
  /** A file that has reached this many octets is followed by another; 0 for never. Default 100 MiB. */
  readonly maxBytes?: number;
  /** Files kept, the one being written included. Default 10. */
  readonly maxFiles?: number;
}

/** Lines in a file of their own, which nobody else writes to. A line is never spread over two files. */
export class RotatingFile implements LineSink {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  #descriptor: number;
  /** Writes name their place: to write the same once more, at the end of the process, does no harm. */
  #position: number;

  private constructor(options: RotatingFileOptions, descriptor: number, position: number) {
    this.#path = options.path;
    this.#maxBytes = options.maxBytes ?? 100 * 1024 * 1024;
    this.#maxFiles = Math.max(1, options.maxFiles ?? 10);
    this.#descriptor = descriptor;
    this.#position = position;
  }

  /**
   * Goes on behind what the file holds.
   * @param options.torn whether its last line has no end: the process that wrote it died; it stays a line of its own
   * @throws what the file system says
   */
  static open(options: RotatingFileOptions & { readonly torn?: boolean }): RotatingFile {
    makeFolder(dirname(options.path));
    const descriptor = openForWriting(options.path, false);
    const file = new RotatingFile(options, descriptor, fstatSync(descriptor).size);
    if (options.torn === true) {
      file.#position += writeSync(descriptor, LINE_FEED, 0, LINE_FEED.length, file.#position);
    }
    return file;
  }

  beginBatch(): void {
    if (this.#maxBytes > 0 && this.#position >= this.#maxBytes) {
      this.#rotate();
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    const { bytesWritten } = await writeAt(this.#descriptor, bytes, 0, bytes.length, this.#position);
    this.#position += bytesWritten;
    return bytesWritten;
  }

  writeSync(inFlight: Uint8Array, rest: Uint8Array): number {
    const all = Buffer.concat([inFlight, rest]);
    let done = 0;
    try {
      while (done < all.length) {
        done += writeSync(this.#descriptor, all, done, all.length - done, this.#position + done);
      }
    } catch {
      // Counted by the caller.
    }
    this.#position += done;
    return done;
  }

  async close(): Promise<void> {
    try {
      await sync(this.#descriptor);
    } finally {
      closeSync(this.#descriptor);
    }
  }

  /** A few calls to the file system, once in a hundred megabytes: done at once, so that no moment is without a file. */
  #rotate(): void {
    try {
      rmSync(`${this.#path}.${this.#maxFiles - 1}`, { force: true });
      for (let age = this.#maxFiles - 2; age >= 1; age--) {
        renameIfThere(`${this.#path}.${age}`, `${this.#path}.${age + 1}`);
      }
      if (this.#maxFiles > 1) {
        renameIfThere(this.#path, `${this.#path}.1`);
      }
      const next = openForWriting(this.#path, true);
      closeSync(this.#descriptor);
      this.#descriptor = next;
      this.#position = 0;
    } catch {
      // The file grows on; the next batch tries again.
    }
  }
}

function openForWriting(path: string, empty: boolean): number {
  // Not for appending: Linux would append whatever the place.
  try {
    return openSync(path, empty ? 'w' : 'r+', 0o640);
  } catch (error) {
    if (!empty && (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return openSync(path, 'w', 0o640);
    }
    throw error;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
}
