/** A few large buffers shared by all streams: memory does not grow with the number of files. */
export class ReadBuffers {
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];

  constructor(count: number, bytes: number) {
    for (let index = 0; index < count; index++) this.#free.push(Buffer.allocUnsafe(bytes));
  }

  acquire(): Promise<Buffer> | Buffer {
    const buffer = this.#free.pop();
    if (buffer !== undefined) return buffer;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  release(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next(buffer);
  }
}
