import type { Logger } from 'pino';

const PAUSE_MS = 60_000;
const MAX_REMEMBERED = 256;

/** Says why a peer was turned away, but not again and again: a sender that is set up wrongly comes back every second. */
export class Complaints {
  readonly #logger: Logger;
  /** When it was last said, by peer and reason. */
  readonly #said = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param address without the port, which differs each time */
  say(address: string, code: string, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const key = `${address} ${code}`;
    const now = performance.now();
    const before = this.#said.get(key);
    const isNews = before === undefined || now - before >= PAUSE_MS;
    if (isNews) {
      this.#said.delete(key);
      this.#said.set(key, now);
      if (this.#said.size > MAX_REMEMBERED) this.#said.delete(this.#said.keys().next().value!);
    }
    this.#logger[isNews ? 'warn' : 'debug']({ peer: address, code, ...fields }, text);
  }
}
