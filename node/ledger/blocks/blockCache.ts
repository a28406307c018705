import { BlockView } from '#node/protos/blockView.ts';
import { decodeRecord } from './blockRecord.ts';

/** Views of blocks, the least recently used dropped beyond a number of bytes (of the blocks, not of what is decoded of them). */
export class BlockCache {
  readonly #maxBytes: number;
  readonly #views = new Map<number, { view: BlockView | Uint8Array; readonly bytes: number }>();
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
    if (!(found.view instanceof BlockView)) {
      found.view = BlockView.fromParts(decodeRecord(found.view).parts);
    }
    return found.view;
  }

  /**
   * A block that was just stored, as its record: nobody may ask for it, and a view that is kept keeps with it all that was decoded for
   * its commit, several times its size, which the garbage collector then has to move about.
   */
  putRecord(number: number, record: Uint8Array): void {
    this.#put(number, record, record.length);
  }

  put(view: BlockView, bytes: number): void {
    this.#put(view.number, view, bytes);
  }

  #put(added: number, view: BlockView | Uint8Array, bytes: number): void {
    if (bytes > this.#maxBytes || this.#views.has(added)) {
      return;
    }
    this.#views.set(added, { view, bytes });
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
