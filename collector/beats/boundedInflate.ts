import { createInflate, type Inflate } from 'node:zlib';
import { BeatsProtocolError } from './protocolError.ts';

/**
 * Inflates one compressed frame piece by piece: never more in memory than a few chunks of 64 KiB, whatever the frame would become,
 * and no further than `maxBytes` in all.
 */
export class BoundedInflate {
  readonly #inflate: Inflate;
  readonly #maxBytes: number;
  #given = 0;
  #taken = 0;
  #failure: Error | null = null;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#inflate = createInflate({ chunkSize: 64 * 1024 });
    this.#inflate.on('error', (error) => {
      this.#failure = error;
      this.#wake();
    });
    this.#inflate.on('readable', () => this.#wake());
    this.#inflate.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /**
   * What becomes of the next piece of the frame.
   * @throws BeatsProtocolError `bad_compression`, `too_large`
   */
  async *take(piece: Buffer, last: boolean): AsyncGenerator<Buffer> {
    this.#given += piece.length;
    let written = false;
    this.#inflate.write(piece, () => {
      written = true;
      this.#wake();
    });
    if (last) this.#inflate.end();
    for (;;) {
      const wake = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (let chunk = this.#read(); chunk !== null; chunk = this.#read()) {
        this.#taken += chunk.length;
        if (this.#taken > this.#maxBytes) {
          throw new BeatsProtocolError(
            'too_large',
            `a compressed frame becomes more than ${this.#maxBytes} bytes (bulk_max_size of the sender)`,
          );
        }
        yield chunk;
      }
      if (this.#failure !== null) {
        throw new BeatsProtocolError('bad_compression', `a compressed frame is damaged: ${this.#failure.message}`, {
          cause: this.#failure,
        });
      }
      if (last ? this.#ended : written) break;
      await wake;
    }
    if (last && this.#inflate.bytesWritten < this.#given) {
      throw new BeatsProtocolError('bad_compression', 'a compressed frame is longer than what is compressed in it');
    }
  }

  /** Lets go of zlib's memory; to be called whatever came of it. Whoever is taking learns that nothing more comes. */
  close(): void {
    this.#failure ??= new Error('its connection was closed');
    this.#inflate.destroy();
    this.#wake();
  }

  #read(): Buffer | null {
    return this.#failure === null ? (this.#inflate.read() as Buffer | null) : null;
  }
}
