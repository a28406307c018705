import { setTimeout as delay } from 'node:timers/promises';
import { buildNetwork } from '../../network/buildNetwork.ts';
import { StoreError } from '../errors.ts';
import type { HeightDocument } from './documents.ts';
import { heightsOf, type World } from './evidence.ts';
import { distance, headsOf } from './feed.ts';
import { Lease } from './lease.ts';
import type { Parts } from './parts.ts';
import { type Rollover, rollOver } from './rollover.ts';
import { type Summarised, summariseIds } from './summaries.ts';
import { blockLines, Workload } from './workload.ts';

/** IDs looked at together, and how many such parts at once: one is read while another is written. */
const PART = 500;
const PARTS_AT_ONCE = 2;
/** The lease is renewed between steps. */
const STEP = PART * PARTS_AT_ONCE;
const ROLL_OVER_EVERY_MS = 60_000;
/** How often another process's refresh is waited for by who needs it done. */
const ATTEMPTS = 100;
const BETWEEN_MS = 200;
/** At the end of the process. */
const PATIENCE_MS = 3000;

/** What a step came to. */
interface Step extends Pick<Summarised, 'failures' | 'cause'> {
  readonly count: number;
  /** The highest that it has given away. */
  readonly revision: number;
  /** Searches see all of it. */
  readonly isShown: boolean;
  /** Everything up to where records have been read is done. */
  readonly isCommitted: boolean;
  /** And there is nothing more. */
  readonly isLast: boolean;
}

interface Refreshed {
  readonly refreshed: number;
  readonly remaining: number;
}

/**
 * Brings summaries up to date with the records, whoever wrote them. One step after the other:
 *
 *     look     has anything been written since the positions in the follower document?
 *     take     the lease
 *     fill     what is new: which IDs does it concern? (workload.ts)
 *     step     1,000 of them: their records, a trace, a summary (summaries.ts); then a turn of the lease
 *     commit   when all are done: the positions move on
 *
 * Cut off anywhere, the next one begins at the old positions; the same work gives the same summaries. Who has lost the lease
 * stops at its next turn, and what it wrote in an old turn is overwritten, and overwrites nothing of a newer one.
 */
export class Refresher {
  readonly #parts: Parts;
  readonly #lease: Lease;
  readonly #rollover: Rollover;
  #work: Workload | null = null;
  #world: World = { network: buildNetwork([]), heights: new Map() };
  #queue: Promise<unknown> = Promise.resolve();
  #rolledOverAt = -Infinity;

  constructor(parts: Parts, rollover: Rollover) {
    this.#parts = parts;
    this.#lease = new Lease(parts.cluster);
    this.#rollover = rollover;
  }

  /** `refreshed` and `remaining` count IDs; what is not read yet is estimated. Rejects with `not_assembled`, all others done. */
  async refresh(limit: number): Promise<Refreshed> {
    // One after the other within the process.
    const turn = this.#queue.then(async () => this.#refresh(limit));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Does `work` while no process makes summaries, once those of all records that were there are made.
   * @throws StoreError `busy` if others are at work for too long
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => this.#alone(work));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Leaves the lease to others. What is under way is waited for a moment only: another process can do it again. */
  async close(): Promise<void> {
    const isIdle = await Promise.race([this.#queue.then(() => true), delay(PATIENCE_MS, false, { ref: false })]);
    if (!isIdle) return;
    if (this.#work === null || !this.#lease.isMine) return;
    this.#work = null;
    const { names } = this.#parts.cluster;
    await this.#parts.cluster.show(names.traces, names.blocks);
    await this.#lease.change({ holder: null, revision: this.#lease.document.given });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // What was begun may not look as far as to the newest records.
      if (this.#work !== null) await this.#refresh(Infinity, true);
      const { remaining } = await this.#refresh(Infinity, true);
      await this.#lease.look();
      if (remaining === 0 && (await this.#lease.take())) {
        try {
          return await this.#lease.during(work);
        } finally {
          await this.#lease.change({ holder: null });
        }
      }
      await delay(BETWEEN_MS);
    }
    throw new StoreError(
      'busy',
      'Another process is still making summaries; what is old is forgotten when they are made.',
    );
  }

  /** @param once whether what comes meanwhile is left to the next time */
  async #refresh(limit: number, once = false): Promise<Refreshed> {
    const failures: string[] = [];
    let cause: unknown;
    const result = await this.#run(limit, once, (step) => {
      failures.push(...step.failures);
      cause ??= step.cause;
    });
    if (failures.length > 0) {
      throw new StoreError('not_assembled', `No trace came out of the records of ${failures.join('; ')}`, { cause });
    }
    return result;
  }

  async #run(limit: number, once: boolean, tell: (step: Step) => void): Promise<Refreshed> {
    let refreshed = 0;
    const isSame = await this.#lease.look();
    // Somebody else has been at work since.
    if (!isSame || !this.#lease.isMine) this.#work = null;
    for (;;) {
      if (this.#work === null) {
        const waiting = await this.#waiting();
        if (waiting === 0 || refreshed >= limit) return { refreshed, remaining: waiting };
        if (!(await this.#lease.take())) return { refreshed, remaining: waiting };
        this.#work = await this.#begin();
      }
      if (refreshed >= limit) return { refreshed, remaining: this.#work.remaining };
      const most = Math.min(STEP, limit - refreshed);
      const step = await this.#step(this.#work, most, refreshed + most >= limit);
      if (step === null) {
        // Lost: what is left is another's.
        this.#work = null;
        continue;
      }
      refreshed += step.count;
      tell(step);
      if (once && step.isLast) return { refreshed, remaining: 0 };
    }
  }

  /** How much has been written that is not summarised; 0 only if there is nothing. */
  async #waiting(): Promise<number> {
    const { cluster } = this.#parts;
    const { names } = cluster;
    const heads = await headsOf(cluster, `${names.records},${names.network}`);
    const unread = distance(this.#lease.document.positions, heads);
    if (unread > 0 || this.#lease.document.unclean) return Math.max(1, unread);
    await cluster.show(names.state);
    const body = { size: 0, track_total_hits: true, query: { term: { kind: 'mark' } } };
    return (await cluster.search(names.state, body)).total;
  }

  async #begin(): Promise<Workload> {
    const { cluster } = this.#parts;
    const { names } = cluster;
    const heads = await headsOf(cluster, `${names.records},${names.network}`);
    // After this a search sees all that lies before the heads.
    await cluster.refresh(names.records, names.network, names.state, names.traces);
    const { positions, prefixLengths } = this.#lease.document;
    return new Workload(this.#parts, positions, heads, prefixLengths);
  }

  /** Null if the lease is lost. */
  async #step(work: Workload, limit: number, isLastOfCall: boolean): Promise<Step | null> {
    const step = await this.#lease.during(async () => this.#summarise(work, limit, isLastOfCall));
    const { revision, isShown, isCommitted, isLast } = step;
    const kept = await this.#lease.change({
      given: revision,
      ...(isShown && { revision }),
      ...(isCommitted && { positions: work.read, prefixLengths: [...work.lengths].toSorted((a, b) => a - b) }),
      ...(isLast && { holder: null, unclean: false }),
    });
    if (!kept) return null;
    if (isLast) this.#work = null;
    return step;
  }

  async #summarise(work: Workload, limit: number, isLastOfCall: boolean): Promise<Step> {
    const { cluster } = this.#parts;
    const { names } = cluster;
    const { turn, unclean, given } = this.#lease.document;
    let revision = given;
    const next = () => ++revision;
    if (!work.hasIds) {
      const blocks = await work.fill();
      await cluster.write(blockLines(names.blocks, blocks, { turn, revision: next }), [names.blocks]);
      this.#world = await this.#readWorld();
    }
    const ids = work.take(limit);
    const step = { turn, force: unclean, lengths: [...work.lengths], revision: next, world: this.#world };
    const parts = Array.from({ length: Math.ceil(ids.length / PART) }, (_, n) => ids.slice(n * PART, (n + 1) * PART));
    const done = await Promise.all(parts.map(async (part) => summariseIds(this.#parts, part, step)));
    for (const { related } of done) work.add(related);
    const isCommitted = work.isDone;
    const isLast = isCommitted && work.remaining === 0;
    // Who is told of a revision must find what it stands for; and what is written is looked for before it is written again.
    const isShown = isCommitted || isLastOfCall;
    if (isShown) await cluster.show(names.traces, names.blocks);
    if (isCommitted) await work.commit();
    if (isLast) await this.#rollOver();
    const failures = done.flatMap((one) => one.failures);
    const cause = done.find((one) => one.cause !== undefined)?.cause;
    return { count: ids.length, failures, cause, revision, isShown, isCommitted, isLast };
  }

  async #readWorld(): Promise<World> {
    const { cluster, facts } = this.#parts;
    // Those that were just written for somebody else's records.
    await cluster.show(cluster.names.state);
    const hits = await cluster.all<HeightDocument>(cluster.names.state, { query: { term: { kind: 'height' } } });
    return { network: await facts.network(), heights: heightsOf(hits.map(({ source }) => source)) };
  }

  /** By who holds the lease, now and then. */
  async #rollOver(): Promise<void> {
    const now = performance.now();
    if (now - this.#rolledOverAt < ROLL_OVER_EVERY_MS) return;
    this.#rolledOverAt = now;
    await rollOver(this.#parts.cluster, this.#rollover);
  }
}
