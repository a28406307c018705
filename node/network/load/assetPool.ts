/** Assets that the load may use again: few enough to remember, the oldest forgotten first. */
export class AssetPool {
  readonly #ids: string[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#ids.length;
  }

  add(id: string): void {
    this.#ids.push(id);
    if (this.#ids.length > this.#limit) {
      this.#ids.shift();
    }
  }

  /**
   * One of them; it is not given again before `add`, so that only those conflict that are meant to.
   * @param random from 0 up to 1
   */
  take(random: number): string | null {
    const [id] = this.#ids.splice(Math.floor(random * this.#ids.length), 1);
    return id ?? null;
  }

  /** As `take`, but it stays. */
  look(random: number): string | null {
    return this.#ids[Math.floor(random * this.#ids.length)] ?? null;
  }
}
