/** Record IDs, 8 bytes each: so many of them that a `Set` of texts would not fit into memory. Filled first, then asked. */
export class RecordIdSet {
  #ids = new BigUint64Array(1 << 16);
  #size = 0;
  /** A bit for each, in the order of the IDs; null while they are being added. */
  #marks: Uint8Array | null = null;
  #marked = 0;

  get size(): number {
    return this.#size;
  }

  /** How many are marked. */
  get marked(): number {
    return this.#marked;
  }

  /** @param id 16 hex digits, not added before */
  add(id: string): void {
    if (this.#marks !== null) throw new Error('IDs are added before any is asked for');
    if (this.#size === this.#ids.length) {
      const larger = new BigUint64Array(this.#size * 2);
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[this.#size++] = BigInt(`0x${id}`);
  }

  has(id: string): boolean {
    return this.#place(id) >= 0;
  }

  /** Whether it is one of them; from now on it is marked. */
  mark(id: string): boolean {
    const place = this.#place(id);
    if (place < 0) return false;
    if (!this.#isMarkedAt(place)) {
      this.#marked++;
      this.#asked()[place >> 3]! |= 1 << (place & 7);
    }
    return true;
  }

  /** Whether it is one of them that is not marked. */
  lacksMark(id: string): boolean {
    const place = this.#place(id);
    return place >= 0 && !this.#isMarkedAt(place);
  }

  #isMarkedAt(place: number): boolean {
    return ((this.#asked()[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }

  #asked(): Uint8Array {
    if (this.#marks === null) {
      this.#ids.subarray(0, this.#size).sort();
      this.#marks = new Uint8Array(Math.ceil(this.#size / 8));
    }
    return this.#marks;
  }

  /** -1 if it is none of them. */
  #place(id: string): number {
    this.#asked();
    const wanted = BigInt(`0x${id}`);
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as bigint) < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.#size && this.#ids[low] === wanted ? low : -1;
  }
}
