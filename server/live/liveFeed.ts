import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import type { Logger } from 'pino';
import type { Changes, TraceStore } from '#trace/store/traceStore.ts';
import type { ServerMetrics } from '../metrics.ts';
import type { LiveOptions } from '../options.ts';
import { ApiProblem } from '../problems.ts';
import { batchEvents } from './events.ts';
import { LiveListener } from './liveListener.ts';

interface FeedModules {
  readonly store: TraceStore;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
}

/**
 * What changes in the store, told to all who listen. One loop asks the store for all of them, and only while there is somebody;
 * each batch is made into bytes once. A listener that resumes reads by itself what it missed and then joins the others.
 */
export class LiveFeed {
  readonly #options: LiveOptions;
  readonly #modules: FeedModules;
  readonly #listeners = new Set<LiveListener>();
  readonly #stop = new AbortController();
  /** Streams being opened; they count towards the limit and keep the loop going. */
  #opening = 0;
  #running = false;
  /** Up to where the shared loop has read. */
  #revision = 0;

  constructor(options: LiveOptions, modules: FeedModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get listeners(): number {
    return this.#listeners.size + this.#opening;
  }

  /**
   * Opens a stream on this response and returns once the listener has all it missed.
   *
   * @param after revision that the caller has seen; null starts with what comes from now on
   * @throws ApiProblem `too_many_listeners`, `shutting_down`; StoreError if the store cannot be read, before anything is written
   */
  async join(response: Response, after: number | null): Promise<void> {
    if (this.#stop.signal.aborted) throw new ApiProblem('shutting_down');
    if (this.listeners >= this.#options.maxListeners) {
      this.#modules.metrics.refused.inc({ reason: 'too_many_listeners' });
      throw new ApiProblem('too_many_listeners', { headers: { 'Retry-After': '10' } });
    }
    this.#opening += 1;
    let current: number;
    try {
      current = await this.#modules.store.revision();
    } finally {
      this.#opening -= 1;
    }
    if (this.#stop.signal.aborted) throw new ApiProblem('shutting_down');
    if (response.destroyed) return;
    const listener = this.#open(response, after ?? current);
    this.#run(current);
    if (listener.revision > current) {
      // A store that was made anew, or one that never gave this number: what the caller knows may be wrong.
      listener.skipTo(current, 'unknown_revision');
    } else {
      await this.#catchUp(listener);
    }
    listener.live = true;
  }

  #open(response: Response, revision: number): LiveListener {
    const { metrics } = this.#modules;
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // Reverse proxies must not gather events before they pass them on.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    const listener = new LiveListener(
      { revision, maxBufferedBytes: this.#options.maxBufferedBytes },
      { response, onGap: (reason) => metrics.liveGaps.inc({ reason }) },
    );
    this.#listeners.add(listener);
    metrics.liveListeners.set(this.#listeners.size);
    const heartbeat = setInterval(() => listener.beat(), this.#options.heartbeatMs);
    response.once('close', () => {
      clearInterval(heartbeat);
      this.#listeners.delete(listener);
      metrics.liveListeners.set(this.#listeners.size);
    });
    listener.greet(this.#options.retryMs);
    return listener;
  }

  /** Sends what came between the listener's revision and the shared one, at the pace of its reader. */
  async #catchUp(listener: LiveListener): Promise<void> {
    let sent = 0;
    try {
      while (listener.open && listener.revision < this.#revision) {
        if (sent >= this.#options.maxReplay) {
          listener.skipTo(this.#revision, 'too_far_behind');
          return;
        }
        const changes = await this.#read(listener.revision);
        if (changes.revision <= listener.revision) return;
        listener.push(batchEvents(changes), changes.revision, () => this.#revision);
        sent += changes.traces.length + changes.blocks.length;
        await listener.drained();
      }
    } catch (error) {
      // Headers are out: the caller comes back by itself and resumes from the last ID it saw.
      this.#pollFailed(error);
      listener.end();
    }
  }

  #run(current: number): void {
    if (this.#running) return;
    this.#running = true;
    this.#revision = current;
    void this.#loop();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (this.listeners > 0 && !signal.aborted) {
      // Rejects only when the feed is closed.
      await sleep(this.#options.pollMs, undefined, { signal }).catch(() => undefined);
      try {
        while (this.listeners > 0 && !signal.aborted && (await this.#poll()));
      } catch (error) {
        this.#pollFailed(error);
      }
    }
    this.#running = false;
  }

  /** One look at the store; true if there is more at once. */
  async #poll(): Promise<boolean> {
    const changes = await this.#read(this.#revision);
    if (changes.revision <= this.#revision) return false;
    this.#revision = changes.revision;
    this.#modules.metrics.liveEvents.inc({ event: 'trace' }, changes.traces.length);
    this.#modules.metrics.liveEvents.inc({ event: 'block' }, changes.blocks.length);
    const batch = batchEvents(changes);
    for (const listener of this.#listeners) {
      if (listener.live) listener.push(batch, changes.revision, () => this.#revision);
    }
    return changes.traces.length >= this.#options.batch;
  }

  async #read(revision: number): Promise<Changes> {
    return this.#modules.store.changes(revision, { limit: this.#options.batch });
  }

  #pollFailed(error: unknown): void {
    this.#modules.metrics.livePollErrors.inc();
    this.#modules.logger.error({ err: error }, 'live: the store could not be read, trying again');
  }

  /** Ends every stream; browsers come back by themselves when the server does. */
  close(): void {
    this.#stop.abort();
    for (const listener of this.#listeners) listener.end();
  }
}
