const SLAB = 64 * 1024;
const LARGE = SLAB / 8;

/** Copies small values into slabs: an ArrayBuffer of its own costs more than most values are long. */
export class ValueSlabs {
  #slab = new Uint8Array(0);
  #used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > LARGE) {
      return new Uint8Array(bytes);
    }
    if (this.#used + bytes.length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB);
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used + bytes.length);
    copy.set(bytes);
    this.#used += bytes.length;
    return copy;
  }
}
