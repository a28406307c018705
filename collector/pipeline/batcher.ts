import type { StoredRecord } from '#trace/record.ts';

/** Records and, committed in the same step, how far each stream has come with them. */
export interface Batch {
  readonly records: readonly StoredRecord[];
  readonly checkpoints: ReadonlyMap<string, string>;
}

/** A stream that may be asked, between two lines, how far it is. */
export interface CheckpointSource {
  /** Key and value, or null if this stream can't be resumed (stdin). */
  checkpoint(): readonly [key: string, value: string] | null;
}

export interface BatcherOptions {
  /** Records that fill a batch (5,000). One line's records are never torn apart, so a batch may be a little larger. */
  readonly maxRecords: number;
  /** How long a record waits for others, milliseconds (200). */
  readonly maxDelayMs: number;
  /** Sealed batches that wait for the store (2); beyond, streams wait. */
  readonly maxQueued: number;
}

export const BATCHER_DEFAULTS: BatcherOptions = { maxRecords: 5000, maxDelayMs: 200, maxQueued: 2 };
/** Progress without records (lines of no interest) is saved less often: losing it costs only reading them again. */
const PROGRESS_DELAY_FACTOR = 5;

/**
 * Gathers what all streams yield into batches, a bounded queue between the streams and the store.
 *
 * The guarantee that everything else leans on: a batch is sealed between two lines, in one synchronous step, and takes the
 * checkpoint of every stream that moved. So a batch's checkpoints cover exactly the records of this and earlier batches.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #records: StoredRecord[] = [];
  readonly #moved = new Set<CheckpointSource>();
  readonly #queue: Batch[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerDelay = 0;
  /** The open batch is old enough to go but the queue was full. */
  #overdue = false;
  #closed = false;
  #discarded = false;
  #taker: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  /** Batches sealed and batches stored, from the beginning. */
  #sealed = 0;
  #stored = 0;
  /** Somebody waits until the open batch is stored: it goes as soon as the store is free. */
  #wanted = false;
  readonly #waiters: { batch: number; readonly resolve: (stored: boolean) => void }[] = [];

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** Records that wait, sealed or not. */
  get waiting(): number {
    return this.#queue.reduce((sum, batch) => sum + batch.records.length, this.#records.length);
  }

  /** Whether nothing at all waits to be written. */
  get empty(): boolean {
    return this.#queue.length === 0 && this.#records.length === 0 && this.#moved.size === 0;
  }

  add(record: StoredRecord): void {
    this.#records.push(record);
  }

  /** To be called when all records of a line are added: the only moments at which a batch is sealed. */
  lineDone(stream: CheckpointSource): void {
    this.#moved.add(stream);
    if (this.#records.length >= this.#options.maxRecords) this.seal();
    else this.#schedule();
  }

  seal(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#overdue = false;
    if (this.#records.length === 0 && this.#moved.size === 0) return;
    const checkpoints = new Map<string, string>();
    for (const stream of this.#moved) {
      const checkpoint = stream.checkpoint();
      if (checkpoint !== null) checkpoints.set(checkpoint[0], checkpoint[1]);
    }
    this.#moved.clear();
    this.#wanted = false;
    if (this.#records.length > 0 || checkpoints.size > 0) {
      this.#queue.push({ records: this.#records, checkpoints });
      this.#sealed++;
    } else {
      for (const waiter of this.#waiters) waiter.batch = Math.min(waiter.batch, this.#sealed);
      this.#answerWaiters();
    }
    this.#records = [];
    this.#wakeTaker();
  }

  /** To be called when the batch taken last is in the store. */
  stored(): void {
    this.#stored++;
    this.#answerWaiters();
  }

  /**
   * Resolves when all that has been added is in the store: true; false if it was given up. Whoever asks is in a hurry: the open
   * batch does not wait to be filled but goes with whatever has come when the store is free.
   */
  written(): Promise<boolean> {
    const open = this.#records.length > 0 || this.#moved.size > 0;
    const batch = this.#sealed + (open ? 1 : 0);
    if (batch <= this.#stored) return Promise.resolve(true);
    if (this.#discarded) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiters.push({ batch, resolve });
    if (open) {
      this.#wanted = true;
      this.#wakeTaker();
    }
    return promise;
  }

  /** The next batch; null when closed and empty, undefined if none came within `waitMs`. One taker at a time. */
  async take(waitMs = Infinity): Promise<Batch | null | undefined> {
    const until = performance.now() + waitMs;
    for (;;) {
      if (this.#wanted && this.#queue.length === 0) this.seal();
      const batch = this.#queue.shift();
      if (batch !== undefined) {
        if (this.#overdue) this.seal();
        if (!this.#full()) this.#openRoom();
        return batch;
      }
      if (this.#closed) return null;
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = left === Infinity ? undefined : setTimeout(resolve, left);
        this.#taker = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#taker = undefined;
    }
  }

  /** Resolves when the queue takes more; undefined if it does at once (no promise made on the hot path). */
  room(): Promise<void> | undefined {
    if (!this.#full() || this.#closed) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** No more will come; what is there is still handed out. */
  close(): void {
    this.seal();
    this.#closed = true;
    this.#openRoom();
    this.#wakeTaker();
  }

  /** Forgets what waits: the streams read it again after a restart. Returns how many records that were. */
  discard(): number {
    const dropped = this.waiting;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#records = [];
    this.#moved.clear();
    this.#queue.length = 0;
    this.#closed = true;
    this.#discarded = true;
    for (const { resolve } of this.#waiters.splice(0)) resolve(false);
    this.#openRoom();
    this.#wakeTaker();
    return dropped;
  }

  #full(): boolean {
    return this.#queue.length >= this.#options.maxQueued;
  }

  #schedule(): void {
    const delay = this.#options.maxDelayMs * (this.#records.length > 0 ? 1 : PROGRESS_DELAY_FACTOR);
    if (this.#timer !== undefined) {
      if (delay >= this.#timerDelay) return;
      clearTimeout(this.#timer);
    }
    this.#timerDelay = delay;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#full()) this.#overdue = true;
      else this.seal();
    }, delay);
  }

  #answerWaiters(): void {
    while (this.#waiters.length > 0 && this.#waiters[0]!.batch <= this.#stored) this.#waiters.shift()!.resolve(true);
  }

  #openRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #wakeTaker(): void {
    this.#taker?.();
    this.#taker = undefined;
  }
}
