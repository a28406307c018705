/** Room for a number of tasks at a time; the others wait, first come, first served. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;

  constructor(count: number) {
    this.#free = Math.max(1, count);
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) {
      this.#free--;
    } else {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await task();
    } finally {
      const next = this.#waiting[this.#next];
      if (next === undefined) {
        this.#free++;
      } else {
        this.#next++;
        // The list is cut now and then, not at each turn.
        if (this.#next >= 1024 && this.#next * 2 >= this.#waiting.length) {
          this.#waiting.splice(0, this.#next);
          this.#next = 0;
        }
        next();
      }
    }
  }
}
