import type { Logger } from 'pino';
import { MonitoringError } from './monitoringError.ts';
import type { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';

/** A specification that holds for a while. */
export interface LogSpecChange {
  readonly spec: string;
  /** What comes back. */
  readonly restores: string;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly by: string;
}

export interface LogSpecState {
  /** What the node says now. */
  readonly spec: string;
  readonly change: LogSpecChange | null;
}

interface Pending extends LogSpecChange {
  readonly target: NodeTarget;
  timer: NodeJS.Timeout;
}

const RETRY_MS = 10_000;
/** A node that cannot be reached for so long has ended, and begins with its own specification. */
const GIVE_UP_MS = 3_600_000;

/**
 * Log specifications of nodes, changed for a while and put back by themselves: when the time is over, and when the server stops. What
 * somebody else has set meanwhile stays. If the server is killed, the node keeps what it has until it is changed or restarted.
 */
export class LogSpecs {
  readonly #client: NodeClient;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Pending>();
  #closed = false;

  constructor(client: NodeClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** @throws MonitoringError */
  async read(target: NodeTarget): Promise<LogSpecState> {
    const spec = await this.#client.logSpec(target);
    const pending = this.#pending.get(target.id);
    if (pending === undefined || pending.spec !== spec) return { spec, change: null };
    const { restores, until, by } = pending;
    return { spec, change: { spec, restores, until, by } };
  }

  /**
   * Sets it for so long. A second change restores what was there before the first.
   * @throws MonitoringError `refused` for one that the node does not take
   */
  async change(target: NodeTarget, spec: string, forMs: number, by: string): Promise<LogSpecState> {
    const before = await this.read(target);
    const restores = before.change?.restores ?? before.spec;
    await this.#client.putLogSpec(target, spec);
    this.#forget(target.id);
    const until = Date.now() + forMs;
    this.#logger.info(
      { node: target.id, spec, restores, until: new Date(until).toISOString(), by },
      'log specification changed for a while',
    );
    // As the node writes it: another order of the same would not be recognised.
    const said = await this.#client.logSpec(target);
    if (said === restores) return { spec: said, change: null };
    const timer = setTimeout(() => void this.#restore(target.id), forMs);
    this.#pending.set(target.id, { target, spec: said, restores, until, by, timer });
    if (this.#closed) await this.#restore(target.id);
    return this.read(target);
  }

  /** Puts it back now. @throws MonitoringError */
  async restore(target: NodeTarget, by: string): Promise<LogSpecState> {
    const pending = this.#pending.get(target.id);
    if (pending !== undefined) {
      await this.#client.putLogSpec(target, pending.restores);
      this.#forget(target.id);
      this.#logger.info({ node: target.id, spec: pending.restores, by }, 'log specification restored');
    }
    return this.read(target);
  }

  /** Puts back all that is not yet; what cannot be is logged. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#pending.keys()].map((id) => this.#restore(id)));
  }

  async #restore(id: string): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { target, restores, spec, until } = pending;
    clearTimeout(pending.timer);
    try {
      const now = await this.#client.logSpec(target);
      if (now === spec) await this.#client.putLogSpec(target, restores);
      this.#forget(id);
      this.#logger.info(
        { node: id, spec: now === spec ? restores : now },
        now === spec ? 'log specification restored' : 'log specification left as somebody else has set it',
      );
    } catch (error) {
      const message = error instanceof MonitoringError ? error.message : String(error);
      const over = this.#closed || Date.now() - until > GIVE_UP_MS;
      this.#logger.warn(
        { node: id, restores, reason: message },
        over ? 'log specification was not restored' : 'log specification is not restored yet, trying again',
      );
      if (over) this.#forget(id);
      else pending.timer = setTimeout(() => void this.#restore(id), RETRY_MS);
    }
  }

  #forget(id: string): void {
    clearTimeout(this.#pending.get(id)?.timer);
    this.#pending.delete(id);
  }
}
