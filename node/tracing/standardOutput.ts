import { write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LineSink } from './lineSink.ts';

const writeTo = promisify(write);
/** How often a full pipe is tried again at the end of the process, and how long each time: half a second in all. */
const LAST_TRIES = 100;
const LAST_WAIT_MS = 5;

/** Lines on standard output, or another descriptor that is open: whoever started the process keeps them. */
export class StandardOutput implements LineSink {
  readonly #descriptor: number;

  constructor(descriptor = 1) {
    this.#descriptor = descriptor;
  }

  beginBatch(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    const { bytesWritten } = await writeTo(this.#descriptor, bytes, 0, bytes.length, null);
    return bytesWritten;
  }

  /** What is in flight is on one of Node's threads, which finish before the process ends: not to be written a second time. */
  writeSync(inFlight: Uint8Array, rest: Uint8Array): number {
    let done = 0;
    for (let tries = 0; done < rest.length && tries < LAST_TRIES; ) {
      try {
        done += writeSync(this.#descriptor, rest, done, rest.length - done);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          break;
        }
        tries++;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WAIT_MS);
      }
    }
    return inFlight.length + done;
  }

  async close(): Promise<void> {}
}
