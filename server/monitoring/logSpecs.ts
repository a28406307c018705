import type { Logger } from 'pino';
import { givenBack, sameSpec } from './logSpecText.ts';
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

interface Pending extends Omit<LogSpecChange, 'spec'> {
  readonly target: NodeTarget;
  /** What the node may have from here: more than one where it was not heard whether it took the last. */
  readonly ours: readonly string[];
  readonly timer: NodeJS.Timeout;
}

export interface LogSpecOptions {
  /** Milliseconds until the next try where a specification could not be put back. */
  readonly retryMs: number;
  /** Milliseconds of trying: a node that cannot be reached for so long has ended, and begins with its own specification. */
  readonly giveUpMs: number;
}

const LOG_SPECS: LogSpecOptions = { retryMs: 10_000, giveUpMs: 3_600_000 };
const MAX_OURS = 8;

/**
 * Log specifications of nodes, changed for a while and put back by themselves: when the time is over, and when the server stops. What
 * somebody else has set meanwhile stays. If the server is killed, the node keeps what it has until it is changed or restarted.
 */
export class LogSpecs {
  readonly #client: NodeClient;
  readonly #logger: Logger;
  readonly #options: LogSpecOptions;
  readonly #pending = new Map<string, Pending>();
  /** What is under way at each node: a change reads, writes and remembers, with nothing in between. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(client: NodeClient, logger: Logger, options: Partial<LogSpecOptions> = {}) {
    this.#client = client;
    this.#logger = logger;
    this.#options = { ...LOG_SPECS, ...options };
  }

  /** @throws MonitoringError */
  async read(target: NodeTarget): Promise<LogSpecState> {
    return this.#stateOf(target, await this.#client.logSpec(target));
  }

  /**
   * Sets it for so long. A second change restores what was there before the first.
   * @throws MonitoringError `refused` for one that the node does not take
   */
  change(target: NodeTarget, spec: string, forMs: number, by: string): Promise<LogSpecState> {
    return this.#inTurn(target.id, async () => {
      const before = await this.read(target);
      if (this.#closed) throw new MonitoringError('stopping', 'FTL is stopping and changes nothing any more');
      const restores = before.change?.restores ?? before.spec;
      const earlier = before.change === null ? [] : (this.#pending.get(target.id)?.ours ?? []);
      const until = Date.now() + forMs;
      const hold = (ours: readonly string[]): void => this.#hold({ target, ours, restores, until, by }, forMs);
      try {
        await this.#client.putLogSpec(target, spec);
      } catch (error) {
        if (mayHaveArrived(error)) hold([...earlier, spec].slice(-MAX_OURS));
        throw error;
      }
      this.#logger.info(
        { node: target.id, spec, restores, until: new Date(until).toISOString(), by },
        'log specification changed for a while',
      );
      if (sameSpec(spec, restores)) this.#forget(target.id);
      else hold([spec]);
      // It has taken it: that it does not say so again is no failure.
      return this.#stateOf(target, await this.#client.logSpec(target).catch(() => spec));
    });
  }

  /** Puts it back now. @throws MonitoringError */
  restore(target: NodeTarget, by: string): Promise<LogSpecState> {
    return this.#inTurn(target.id, async () => {
      const { change } = await this.read(target);
      if (change !== null) {
        await this.#client.putLogSpec(target, givenBack(change.restores));
        this.#logger.info({ node: target.id, spec: change.restores, by }, 'log specification restored');
      }
      this.#forget(target.id);
      return this.read(target);
    });
  }

  /** Puts back all that is not yet; what cannot be is logged. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#turns.values());
    await Promise.all(Array.from(this.#pending.keys(), (id) => this.#restore(id)));
  }

  #stateOf({ id }: NodeTarget, spec: string): LogSpecState {
    const pending = this.#pending.get(id);
    if (pending?.ours.some((one) => sameSpec(one, spec)) !== true) return { spec, change: null };
    const { restores, until, by } = pending;
    return { spec, change: { spec, restores, until, by } };
  }

  #restore(id: string): Promise<void> {
    return this.#inTurn(id, async () => {
      const pending = this.#pending.get(id);
      if (pending === undefined) return;
      const { target, restores, until } = pending;
      try {
        const { spec, change } = await this.read(target);
        if (change !== null) await this.#client.putLogSpec(target, givenBack(restores));
        this.#forget(id);
        if (change !== null) this.#logger.info({ node: id, spec: restores }, 'log specification restored');
        else if (!sameSpec(spec, restores)) {
          this.#logger.info({ node: id, spec }, 'log specification left as somebody else has set it');
        }
      } catch (error) {
        const reason = error instanceof MonitoringError ? error.message : String(error);
        if (this.#closed && hasEnded(error)) {
          this.#logger.info({ node: id, reason }, 'log specification needs no restoring: the node has ended');
          this.#forget(id);
          return;
        }
        const never = error instanceof MonitoringError && error.code === 'refused';
        const over = never || this.#closed || Date.now() - until > this.#options.giveUpMs;
        this.#logger.warn(
          { node: id, restores, reason },
          over
            ? 'log specification was not restored: the node has it until somebody changes it, or the node is restarted'
            : 'log specification is not restored yet, trying again',
        );
        if (over) this.#forget(id);
        else this.#hold(pending, this.#options.retryMs);
      }
    });
  }

  #hold(pending: Omit<Pending, 'timer'>, forMs: number): void {
    const { id } = pending.target;
    this.#forget(id);
    this.#pending.set(id, { ...pending, timer: setTimeout(() => void this.#restore(id), forMs) });
  }

  #forget(id: string): void {
    clearTimeout(this.#pending.get(id)?.timer);
    this.#pending.delete(id);
  }

  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }
}

/** Nobody listens at its address: when it starts again, it begins with its own specification. */
function hasEnded(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: string } };
  return cause?.code === 'ECONNREFUSED';
}

/** Whether the node may have done what it was asked, though its answer was not heard. */
function mayHaveArrived(error: unknown): boolean {
  return error instanceof MonitoringError && (error.code === 'timeout' || error.code === 'unreachable');
}
