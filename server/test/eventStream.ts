export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string;
}

/** Reads a stream of server-sent events, as a browser's EventSource does; keeps the last ID. */
export class EventReader {
  lastId: string | null = null;
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #abort: AbortController;
  #text = '';

  constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    const { body } = response;
    if (body === null) throw new Error('The stream has no body.');
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    return new EventReader(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  /** The next block of lines: an event, a comment, or only a new ID; null when the stream has ended. */
  async nextBlock(): Promise<Record<string, string> | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const lines = this.#text.slice(0, end).split('\n');
        this.#text = this.#text.slice(end + 2);
        const block = Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s, 2)));
        if (block.id !== undefined) this.lastId = block.id;
        return block;
      }
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#text += value;
    }
  }

  /** The next event with data; null when the stream has ended. */
  async next(): Promise<ServerEvent | null> {
    for (;;) {
      const block = await this.nextBlock();
      if (block === null) return null;
      if (block.data === undefined) continue;
      const data: unknown = JSON.parse(block.data);
      return { event: block.event ?? 'message', data, ...(block.id === undefined ? {} : { id: block.id }) };
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reader.cancel().catch(() => undefined);
  }
}
