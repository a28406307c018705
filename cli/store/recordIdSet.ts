/** Record IDs, 8 bytes each: so many of them that a `Set` of texts would not fit into memory. */
export class RecordIdSet {
  #ids = new BigUint64Array(1 << 16);
  #size = 0;
  #isSorted = true;

  get size(): number {
    return this.#size;
  }

  /** @param id 16 hex digits, not added before */
  add(id: string): void {
    if (this.#size === this.#ids.length) {
      const larger = new BigUint64Array(this.#size * 2);
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[this.#size++] = BigInt(`0x${id}`);
    this.#isSorted = false;
  }

  has(id: string): boolean {
    if (!this.#isSorted) {
      this.#ids.subarray(0, this.#size).sort();
      this.#isSorted = true;
    }
    const wanted = BigInt(`0x${id}`);
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as bigint) < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.#size && this.#ids[low] === wanted;
  }
}
