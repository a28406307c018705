import type { KeyObject } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { VerifyRequest } from './verifyRequest.ts';
import { ARENA_BYTES, JOBS, VerificationArena } from './verificationArena.ts';
import { VerificationInbox } from './verificationInbox.ts';

/** Signatures that a thread is given at least, where more than one could share them. */
const FEWEST = 6;
/** Batches that each thread may have before it: one at work, one waiting, so that it never waits for this thread. */
const AHEAD = 3;
/** Keys that threads remember; beyond that all are forgotten and sent again. */
const KEYS = 4096;

/** What threads are told beside the arenas to work through: a key and its number, or to forget all keys. */
export type KeyMessage = { readonly id: number; readonly key: KeyObject } | 'forget';

/** What a thread starts with. */
export interface VerificationWorkerData {
  readonly arenas: readonly SharedArrayBuffer[];
  readonly inbox: SharedArrayBuffer;
}

interface Pending extends VerifyRequest {
  readonly resolve: (valid: boolean) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly inbox: VerificationInbox;
  /** Arenas that it was given and has not handed back. */
  working: number;
}

/**
 * Threads that check signatures by the batch. libuv's pool, one signature a task, spends half as much again on handing over as a lone
 * signature takes; here up to a few tens of them cross in shared memory. A thread without work sleeps until that memory changes, which
 * costs a third of what a message to its event loop does; the one message is the answer.
 *
 * What is asked for in one turn of the event loop makes a batch. Nobody has to wait for a batch to fill. One signature by itself, with
 * nothing under way, is no batch: to hand it over takes as long as to check it.
 */
export class VerificationThreads {
  readonly #threads: Thread[];
  readonly #arenas: readonly VerificationArena[];
  readonly #free: number[];
  /** Who waits for what is in an arena. */
  readonly #within: Pending[][];
  readonly #alone: (request: VerifyRequest) => Promise<boolean>;
  readonly #here: (request: VerifyRequest) => boolean | null;
  /** Asked for and not handed over. */
  #waiting: Pending[] = [];
  #scheduled = false;
  #keys = new WeakMap<KeyObject, number>();
  #keyCount = 0;
  #lastKey = 0;
  #stopped = false;

  /**
   * @param options.threads how many; they end with the process
   * @param modules.alone checks one signature without these threads: for what is too large, and when a thread dies
   * @param modules.here checks one on the calling thread; null where that would take longer than to hand it over
   */
  constructor(
    options: { readonly threads: number },
    modules: {
      readonly alone: (request: VerifyRequest) => Promise<boolean>;
      readonly here?: (request: VerifyRequest) => boolean | null;
    },
  ) {
    this.#alone = modules.alone;
    this.#here = modules.here ?? (() => null);
    const buffers = Array.from({ length: options.threads * AHEAD }, () => new SharedArrayBuffer(ARENA_BYTES));
    this.#arenas = buffers.map((buffer) => new VerificationArena(buffer));
    this.#within = buffers.map(() => []);
    this.#free = buffers.map((_, index) => index);
    this.#threads = Array.from({ length: options.threads }, () => {
      const inbox = VerificationInbox.make(buffers.length);
      const worker = new Worker(new URL('./verificationWorker.ts', import.meta.url), {
        workerData: { arenas: buffers, inbox: inbox.buffer } satisfies VerificationWorkerData,
        // Its work makes hardly any garbage.
        resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
      });
      const thread: Thread = { worker, inbox, working: 0 };
      worker.on('message', (arena: number) => this.#done(thread, arena));
      worker.on('error', () => this.#fail());
      worker.on('exit', () => this.#fail());
      worker.unref();
      return thread;
    });
  }

  get isRunning(): boolean {
    return !this.#stopped;
  }

  get threads(): number {
    return this.#stopped ? 0 : this.#threads.length;
  }

  /** Signatures that were asked for and not handed to a thread yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Never rejects. */
  verify(request: VerifyRequest): Promise<boolean> {
    if (this.#stopped || request.message.length + request.signature.length > VerificationArena.largest) {
      return this.#alone(request);
    }
    return new Promise((resolve) => {
      const { key, message, signature, digest } = request;
      this.#waiting.push({ key, message, signature, resolve, ...(digest === undefined ? {} : { digest }) });
      if (this.#waiting.length >= JOBS) {
        this.#handOver();
      } else if (!this.#scheduled) {
        this.#scheduled = true;
        setImmediate(() => {
          this.#scheduled = false;
          this.#handOver();
        });
      }
    });
  }

  /** Ends the threads; what is under way is finished without them. */
  async stop(): Promise<void> {
    this.#fail();
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #handOver(): void {
    if (this.#waiting.length === 1 && this.#settleHere(this.#waiting[0] as Pending)) {
      this.#waiting = [];
      return;
    }
    let next = 0;
    while (next < this.#waiting.length && this.#free.length > 0) {
      next = this.#fill(this.#free.pop() as number, next);
    }
    // What is left goes when an arena comes back.
    this.#waiting = next === 0 ? this.#waiting : this.#waiting.slice(next);
  }

  /** @returns the first request that did not go in */
  #fill(index: number, from: number): number {
    const arena = this.#arenas[index] as VerificationArena;
    const thread = this.#threads.reduce((least, one) => (one.working < least.working ? one : least));
    const within = this.#within[index] as Pending[];
    arena.clear();
    // An even share for each thread, where there is not enough to fill all.
    const most = Math.min(JOBS, Math.max(FEWEST, Math.ceil((this.#waiting.length - from) / this.#threads.length)));
    let next = from;
    for (; next < this.#waiting.length && within.length < most; next++) {
      const pending = this.#waiting[next] as Pending;
      if (!arena.add(this.#keyId(pending.key), pending)) {
        break;
      }
      within.push(pending);
    }
    // The process lives on while somebody waits for an answer, and no longer.
    if (thread.working++ === 0) {
      thread.worker.ref();
    }
    thread.inbox.push(index);
    return next;
  }

  #keyId(key: KeyObject): number {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      return known;
    }
    if (this.#keyCount >= KEYS) {
      // Jobs that were handed over, or are being, may find their keys forgotten: numbers are never used again, and such a job is checked
      // alone.
      this.#keys = new WeakMap();
      this.#keyCount = 0;
      this.#tell('forget');
    }
    const id = ++this.#lastKey;
    this.#keyCount++;
    this.#keys.set(key, id);
    this.#tell({ id, key });
    return id;
  }

  /** Heard before the next arena is looked at. */
  #tell(message: KeyMessage): void {
    for (const { worker, inbox } of this.#threads) {
      worker.postMessage(message);
      inbox.announce();
    }
  }

  #done(thread: Thread, index: number): void {
    if (--thread.working === 0) {
      thread.worker.unref();
    }
    const within = this.#within[index] as Pending[];
    const arena = this.#arenas[index] as VerificationArena;
    this.#within[index] = [];
    for (const [job, pending] of within.entries()) {
      const result = arena.result(job);
      if (result === null) {
        this.#settleAlone([pending]);
      } else {
        pending.resolve(result);
      }
    }
    this.#free.push(index);
    if (this.#waiting.length > 0 && !this.#stopped) {
      this.#handOver();
    }
  }

  /** The only one of its turn, while nothing else is under way: whoever is busy has more of them, and threads take those. */
  #settleHere(pending: Pending): boolean {
    const result = this.#threads.every(({ working }) => working === 0) ? this.#here(pending) : null;
    if (result !== null) {
      pending.resolve(result);
    }
    return result !== null;
  }

  #settleAlone(requests: readonly Pending[]): void {
    for (const request of requests) {
      void this.#alone(request).then(request.resolve);
    }
  }

  #fail(): void {
    if (this.#stopped) {
      return;
    }
    this.#stopped = true;
    const left = [...this.#within.flat(), ...this.#waiting];
    for (const within of this.#within) {
      within.length = 0;
    }
    this.#waiting = [];
    this.#settleAlone(left);
  }
}
