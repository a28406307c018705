/** Words of the head: how many arenas were put in, how many messages were sent beside. */
const PUT = 0;
const ANNOUNCED = 1;
const HEAD = 2;

/** Which arenas one thread is to work through, in memory that it shares with the one that tells it so. */
export class VerificationInbox {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #slots: number;
  /** Of the thread: how many it has taken, and heard. */
  #taken = 0;
  #heard = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#slots = this.#words.length - HEAD;
  }

  /** @param arenas how many there are: none is put in again before it was handed back */
  static make(arenas: number): VerificationInbox {
    return new VerificationInbox(new SharedArrayBuffer((HEAD + arenas) * Int32Array.BYTES_PER_ELEMENT));
  }

  /** Puts an arena in, and wakes the thread if it sleeps. */
  push(arena: number): void {
    const put = Atomics.load(this.#words, PUT);
    this.#words[HEAD + this.#slotOf(put)] = arena;
    // From here on the thread sees it, and all that was written before.
    Atomics.store(this.#words, PUT, (put + 1) | 0);
    Atomics.notify(this.#words, PUT);
  }

  /** There is a message for the thread, to be heard before it takes the next arena. */
  announce(): void {
    Atomics.add(this.#words, ANNOUNCED, 1);
  }

  /** For the thread: the next arena, once there is one. Sleeps until then. */
  take(): number {
    for (let put = Atomics.load(this.#words, PUT); put === this.#taken; put = Atomics.load(this.#words, PUT)) {
      Atomics.wait(this.#words, PUT, put);
    }
    const arena = this.#words[HEAD + this.#slotOf(this.#taken)] as number;
    this.#taken = (this.#taken + 1) | 0;
    return arena;
  }

  /** For the thread: how many messages it has not heard, which it hears now. */
  unheard(): number {
    const announced = Atomics.load(this.#words, ANNOUNCED);
    const count = (announced - this.#heard) | 0;
    this.#heard = announced;
    return count;
  }

  /** Counts go on beyond 2^31, from the least number on. */
  #slotOf(count: number): number {
    return (count >>> 0) % this.#slots;
  }
}
