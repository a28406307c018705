import type { BlockView } from '#node/protos/blockView.ts';

/** Views of blocks, the least recently used dropped beyond a number of bytes (of the blocks, not of what is decoded of them). */
export class BlockCache {
  readonly #maxBytes: number;
  readonly #views = new Map<number, { readonly view: BlockView; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(number: number): BlockView | null {
    const found = this.#views.get(number);
    if (found === undefined) {
      return null;
    }
    this.#views.delete(number);
    this.#views.set(number, found);
    return found.view;
  }

  put(view: BlockView, bytes: number): void {
    if (bytes > this.#maxBytes || this.#views.has(view.number)) {
      return;
    }
    this.#views.set(view.number, { view, bytes });
    this.#bytes += bytes;
    for (const [number, oldest] of this.#views) {
      if (this.#bytes <= this.#maxBytes) {
        break;
      }
      this.#views.delete(number);
      this.#bytes -= oldest.bytes;
    }
  }

  clear(): void {
    this.#views.clear();
    this.#bytes = 0;
  }
}
