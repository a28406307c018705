import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import type { Cluster } from './cluster.ts';
import type { FollowerDocument } from './documents.ts';
import { FOLLOWER_ID } from './indices.ts';

/** A holder that shows no progress for so long is taken for dead. */
const LEASE_MS = 5000;
/** How often the holder of a long step shows that it is alive. */
const BEAT_MS = 1500;
/** How long one waits for another to finish, and how often it looks. */
const WAIT_MS = 500;
const LOOK_MS = 50;

type Change = Partial<Omit<FollowerDocument, 'kind' | 'schemaVersion' | 'turn'>>;

/**
 * Who makes summaries: one process at a time. Every step of the holder changes the document; each change is made only if nobody
 * else made one. No clocks are compared: a watcher takes over what has not changed for `LEASE_MS` by its own.
 */
export class Lease {
  readonly #cluster: Cluster;
  readonly #me = randomUUID();
  #document: FollowerDocument | null = null;
  #seqNo = -1;
  #primaryTerm = -1;
  /** Since when the document is as it is, as far as this process has seen. */
  #since = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** As it was read or written last. */
  get document(): FollowerDocument {
    if (this.#document === null) throw new StoreError('not_a_store', 'The store lacks its follower document.');
    return this.#document;
  }

  get isMine(): boolean {
    return this.#document?.holder === this.#me;
  }

  /** Reads it anew; whether it is as this process knows it. */
  async look(): Promise<boolean> {
    const { names, connection } = this.#cluster;
    const { body } = await this.#cluster.send<{
      readonly found?: boolean;
      readonly _source?: FollowerDocument;
      readonly _seq_no?: number;
      readonly _primary_term?: number;
    }>({ method: 'GET', path: `/${names.state}/_doc/${FOLLOWER_ID}`, accept: [404] });
    const { _source: document, _seq_no: seqNo = -1, _primary_term: primaryTerm = -1 } = body;
    if (document === undefined) throw new StoreError('not_a_store', `${connection.location} holds no store any more.`);
    const isSame = seqNo === this.#seqNo && primaryTerm === this.#primaryTerm;
    if (!isSame) this.#since = performance.now();
    this.#document = document;
    this.#seqNo = seqNo;
    this.#primaryTerm = primaryTerm;
    return isSame;
  }

  /** After `look`: waits a moment for another holder, takes over from one that is dead. Whether it is this process's now. */
  async take(): Promise<boolean> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const { holder } = this.document;
      if (holder === null || holder === this.#me) {
        if (await this.change({ holder: this.#me })) return true;
      } else if (performance.now() - this.#since > LEASE_MS) {
        if (await this.change({ holder: this.#me, unclean: true })) return true;
      }
      if (performance.now() > deadline) return false;
      await delay(LOOK_MS);
      await this.look();
    }
  }

  /** Does a step and shows meanwhile that this process is alive. Who finds the lease lost at the end has done it in vain. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const beating = this.#beat(done.signal);
    try {
      return await work();
    } finally {
      done.abort();
      await beating;
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await delay(BEAT_MS, undefined, { signal, ref: false });
        if (!(await this.change({}))) return;
      } catch {
        // Done; or the cluster does not answer, which the work itself will tell.
        return;
      }
    }
  }

  /** One step: a new turn. False where somebody else made one meanwhile: what was under way is no longer this process's. */
  async change(change: Change): Promise<boolean> {
    // Since it was lost, the document as it is known is another's.
    if (!this.isMine && change.holder !== this.#me) return false;
    const { names } = this.#cluster;
    const next: FollowerDocument = { ...this.document, ...change, turn: this.document.turn + 1 };
    const { status, body } = await this.#cluster.send<{ readonly _seq_no?: number; readonly _primary_term?: number }>({
      method: 'PUT',
      path: `/${names.state}/_doc/${FOLLOWER_ID}`,
      query: { if_seq_no: this.#seqNo, if_primary_term: this.#primaryTerm },
      body: next,
      accept: [409],
    });
    if (status === 409) {
      await this.look();
      // The answer to an earlier attempt of this very request may have been lost.
      return this.isMine && this.document.turn === next.turn;
    }
    const { _seq_no: seqNo = -1, _primary_term: primaryTerm = -1 } = body;
    this.#document = next;
    this.#seqNo = seqNo;
    this.#primaryTerm = primaryTerm;
    this.#since = performance.now();
    return true;
  }
}
