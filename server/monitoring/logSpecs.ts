import type { Logger } from 'pino';
import { type HeldLogSpecs, type HeldSpec, isOfAnother, type NewHeldSpec } from './heldLogSpecs.ts';
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
  /** Why it could not be put back when its time was over; it is tried again. */
  readonly problem: string | null;
}

export interface LogSpecState {
  /** What the node says now. */
  readonly spec: string;
  readonly change: LogSpecChange | null;
}

export interface LogSpecOptions {
  /** Milliseconds until the next try where a specification could not be put back. */
  readonly retryMs: number;
  /** Milliseconds of trying: a node that cannot be reached for so long has ended, and begins with its own specification. */
  readonly giveUpMs: number;
  /** Milliseconds after which what another process should have put back is seen to here. */
  readonly othersMs: number;
}

export interface LogSpecModules {
  readonly client: NodeClient;
  readonly logger: Logger;
  /** What is to be put back. */
  readonly held: HeldLogSpecs;
  /** Where a node is now; null where it is no target any more. */
  readonly target: (id: string) => NodeTarget | null;
}

const LOG_SPECS: LogSpecOptions = { retryMs: 10_000, giveUpMs: 3_600_000, othersMs: 60_000 };
const MAX_OURS = 8;
/** Timers and clocks differ by less. */
const SLACK_MS = 1000;
/** No change is for longer: a clock that was wrong must not make it so. */
const MAX_HOLD_MS = 4 * 3_600_000;

/**
 * Log specifications of nodes, changed for a while and put back by themselves: when the time is over, when the server stops, and if it was
 * killed when it has started again, as what is to be put back is written down before anything is changed. What somebody else has set
 * meanwhile stays.
 */
export class LogSpecs {
  readonly #options: LogSpecOptions;
  readonly #modules: LogSpecModules;
  readonly #startedAt = Date.now();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Where the nodes were that were changed here, lest they are no target any more. */
  readonly #targets = new Map<string, NodeTarget>();
  readonly #problems = new Map<string, string>();
  /** What is under way at each node: a change reads, writes and remembers, with nothing in between. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(options: Partial<LogSpecOptions>, modules: LogSpecModules) {
    this.#options = { ...LOG_SPECS, ...options };
    this.#modules = modules;
  }

  /** Sees to what a process before this one has left. */
  async resume(): Promise<void> {
    for (const { id } of await this.#modules.held.all()) await this.#inTurn(id, () => this.#takeOver(id));
  }

  /** @throws MonitoringError */
  async read(target: NodeTarget): Promise<LogSpecState> {
    return this.#stateOf(target, await this.#modules.client.logSpec(target));
  }

  /** What nodes are to get back, by their IDs; whether they still have what was set is not asked. */
  async changes(): Promise<ReadonlyMap<string, LogSpecChange>> {
    const all = await this.#modules.held.all();
    return new Map(all.map((held) => [held.id, this.#changeOf(held, held.ours.at(-1) as string)]));
  }

  /**
   * Sets it for so long. A second change restores what was there before the first.
   * @throws MonitoringError `refused` for one that the node does not take, `not_kept` where it cannot be written down what comes back
   */
  change(target: NodeTarget, spec: string, forMs: number, by: string): Promise<LogSpecState> {
    const { client, held, logger } = this.#modules;
    const { id } = target;
    return this.#inTurn(id, async () => {
      const before = await this.read(target);
      if (this.#closed) throw new MonitoringError('stopping', 'FTL is stopping and changes nothing any more');
      const earlier = before.change === null ? null : await held.get(id);
      const restores = before.change?.restores ?? before.spec;
      const until = Date.now() + forMs;
      const ours = [...(earlier?.ours ?? []), spec].slice(-MAX_OURS);
      await this.#writeDown({ id, restores, ours, until, by });
      this.#problems.delete(id);
      this.#targets.set(id, target);
      try {
        await client.putLogSpec(target, spec);
      } catch (error) {
        if (mayHaveArrived(error)) this.#arm(id, forMs);
        else await this.#tidy(id, () => (earlier === null ? held.remove(id) : held.save(earlier)));
        throw error;
      }
      logger.info(
        { node: id, spec, restores, until: new Date(until).toISOString(), by },
        'log specification changed for a while',
      );
      if (sameSpec(spec, restores)) {
        await this.#forget(id);
      } else {
        if (ours.length > 1) await this.#tidy(id, () => held.save({ id, restores, ours: [spec], until, by }));
        this.#arm(id, forMs);
      }
      // It has taken it: that it does not say so again is no failure.
      return this.#stateOf(target, await client.logSpec(target).catch(() => spec));
    });
  }

  /** Puts it back now. @throws MonitoringError */
  restore(target: NodeTarget, by: string): Promise<LogSpecState> {
    const { client, logger } = this.#modules;
    return this.#inTurn(target.id, async () => {
      const { change } = await this.read(target);
      if (change !== null) {
        await client.putLogSpec(target, givenBack(change.restores));
        logger.info({ node: target.id, spec: change.restores, by }, 'log specification restored');
      }
      await this.#forget(target.id);
      return this.read(target);
    });
  }

  /** Puts back all that is not yet; what cannot be is logged, and left to the next start where it is written down. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#turns.values());
    // Also what was not taken over yet; not what another process sees to.
    const all = (await this.#modules.held.all()).filter((held) => !isOfAnother(held));
    await Promise.all(all.map(({ id }) => this.#restore(id)));
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #stateOf({ id }: NodeTarget, spec: string): Promise<LogSpecState> {
    const held = await this.#modules.held.get(id);
    const isOurs = held?.ours.some((one) => sameSpec(one, spec)) === true;
    return { spec, change: isOurs ? this.#changeOf(held, spec) : null };
  }

  #changeOf({ id, restores, until, by }: HeldSpec, spec: string): LogSpecChange {
    return { spec, restores, until, by, problem: this.#problems.get(id) ?? null };
  }

  /** @throws MonitoringError */
  async #writeDown(held: NewHeldSpec): Promise<void> {
    try {
      await this.#modules.held.save(held);
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      this.#modules.logger.warn(
        { node: held.id, reason: message },
        'log specification not changed: it cannot be written down what comes back',
      );
      throw new MonitoringError(
        'not_kept',
        `FTL cannot write down in its data folder what the node is to get back (${code}), so it changes nothing`,
        { cause: error },
      );
    }
  }

  async #takeOver(id: string): Promise<void> {
    const { held: kept, logger } = this.#modules;
    const held = await kept.get(id);
    if (held === null || this.#closed) return;
    const { restores, ours, by } = held;
    const until = Math.min(held.until, Date.now() + MAX_HOLD_MS);
    this.#arm(id, Math.max(0, until - Date.now()) + this.#patience(held));
    if (isOfAnother(held)) return;
    await this.#tidy(id, () => kept.save({ id, restores, ours, until, by }));
    logger.info(
      { node: id, restores, until: new Date(until).toISOString(), by },
      'log specification was changed before FTL ended without putting it back: it comes back when its time is over',
    );
  }

  /** Milliseconds beyond its time: who sees to it comes first. */
  #patience(held: HeldSpec): number {
    return isOfAnother(held) ? this.#options.othersMs : 0;
  }

  #restore(id: string): Promise<void> {
    return this.#inTurn(id, async () => {
      const { client, held: kept, logger, target: targetOf } = this.#modules;
      const held = await kept.get(id);
      if (held === null) {
        await this.#forget(id);
        return;
      }
      const left = held.until - Date.now();
      if (left > SLACK_MS && (!this.#closed || isOfAnother(held))) {
        // It was prolonged, here or by another process.
        if (!this.#closed) this.#arm(id, Math.min(left, MAX_HOLD_MS) + this.#patience(held));
        return;
      }
      const { restores } = held;
      try {
        const target = targetOf(id) ?? this.#targets.get(id) ?? null;
        if (target === null) throw new MonitoringError('unreachable', 'no list of operations services names it now');
        const { spec, change } = await this.read(target);
        if (change !== null) await client.putLogSpec(target, givenBack(restores));
        await this.#forget(id);
        if (change !== null) logger.info({ node: id, spec: restores }, 'log specification restored');
        else if (!sameSpec(spec, restores)) {
          logger.info({ node: id, spec }, 'log specification left as somebody else has set it');
        }
      } catch (error) {
        await this.#notRestored(held, error);
      }
    });
  }

  async #notRestored({ id, restores, until }: HeldSpec, error: unknown): Promise<void> {
    const { held, logger } = this.#modules;
    const { retryMs, giveUpMs } = this.#options;
    const reason = error instanceof MonitoringError ? error.message : String(error);
    if (this.#closed && hasEnded(error)) {
      logger.info({ node: id, reason }, 'log specification needs no restoring: the node has ended');
      await this.#forget(id);
      return;
    }
    const refused = error instanceof MonitoringError && error.code === 'refused';
    const tooLong = Date.now() - Math.max(until, this.#startedAt) > giveUpMs;
    if (refused || tooLong || (this.#closed && !held.lasting)) {
      logger.warn(
        { node: id, restores, reason },
        'log specification was not restored: the node has it until somebody changes it, or the node is restarted',
      );
      await this.#forget(id);
    } else if (this.#closed) {
      logger.warn({ node: id, restores, reason }, 'log specification was not restored: FTL does so at its next start');
    } else {
      logger.warn({ node: id, restores, reason }, 'log specification is not restored yet, trying again');
      this.#problems.set(id, reason);
      this.#arm(id, retryMs);
    }
  }

  #arm(id: string, afterMs: number): void {
    clearTimeout(this.#timers.get(id));
    // What is left when the process ends is put back by `close`.
    this.#timers.set(id, setTimeout(() => void this.#restore(id), afterMs).unref());
  }

  async #forget(id: string): Promise<void> {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#targets.delete(id);
    this.#problems.delete(id);
    await this.#tidy(id, () => this.#modules.held.remove(id));
  }

  /** What is written down too much does no harm: what the node does not have is not put back. */
  async #tidy(id: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) =>
      this.#modules.logger.warn(
        { node: id, reason: String(error) },
        'what a node is to get back cannot be written down',
      ),
    );
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
