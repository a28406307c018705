import { type Latencies, LatencyHistogram } from './latencyHistogram.ts';
import type { Operation } from './mix.ts';

export type Phase = 'endorse' | 'submit' | 'commit';

export interface LoadReport {
  /** Since the load began. */
  readonly elapsedMs: number;
  /** Proposals that were sent. */
  readonly sent: number;
  /** Of them, those whose end is known. */
  readonly done: number;
  readonly inFlight: number;
  /** Transactions that were committed as valid, a second. */
  readonly throughput: number;
  /** Ends by kind: `VALID` and other validation codes, `read`, and the codes of errors. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly operations: Readonly<Partial<Record<Operation, number>>>;
  /** Errors by what was said, the most frequent first; texts that differ only in numbers are one. */
  readonly errors: readonly { readonly message: string; readonly count: number }[];
  /** `endorse`: until the endorsements are there. `submit`: from then until the orderer took it. `commit`: from its proposal to its block. */
  readonly latencies: Readonly<Record<Phase, Latencies>>;
}

/** Beyond this many texts, further ones are counted as one. */
const MAX_ERRORS = 100;
const OTHER = 'others';

/** Counts what a load comes to, in a fixed amount of memory. */
export class LoadStatistics {
  readonly #begin: number;
  readonly #now: () => number;
  readonly #latencies = {
    endorse: new LatencyHistogram(),
    submit: new LatencyHistogram(),
    commit: new LatencyHistogram(),
  } as const;
  readonly #outcomes = new Map<string, number>();
  readonly #operations = new Map<Operation, number>();
  readonly #errors = new Map<string, number>();
  #sent = 0;
  #done = 0;

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#begin = now();
  }

  sent(operation: Operation): void {
    this.#sent++;
    count(this.#operations, operation);
  }

  took(phase: Phase, ms: number): void {
    this.#latencies[phase].add(ms);
  }

  ended(outcome: string): void {
    this.#done++;
    count(this.#outcomes, outcome);
  }

  failed(outcome: string, message: string): void {
    this.ended(outcome);
    const text = message
      .replaceAll(/\b(?:[0-9a-f]{32,}|[0-9a-f]{8}-[0-9a-f-]{27})\b/g, '…')
      .replaceAll(/\bload-[a-z0-9-]+/g, '…')
      .slice(0, 300);
    count(this.#errors, this.#errors.size < MAX_ERRORS || this.#errors.has(text) ? text : OTHER);
  }

  report(): LoadReport {
    const elapsedMs = this.#now() - this.#begin;
    const valid = this.#outcomes.get('VALID') ?? 0;
    return {
      elapsedMs,
      sent: this.#sent,
      done: this.#done,
      inFlight: this.#sent - this.#done,
      throughput: elapsedMs === 0 ? 0 : (valid * 1000) / elapsedMs,
      outcomes: sorted(this.#outcomes),
      operations: sorted(this.#operations),
      errors: Object.entries(sorted(this.#errors)).map(([message, number]) => ({ message, count: number })),
      latencies: {
        endorse: this.#latencies.endorse.summary(),
        submit: this.#latencies.submit.summary(),
        commit: this.#latencies.commit.summary(),
      },
    };
  }
}

function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function sorted(map: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...map].toSorted(([, a], [, b]) => b - a));
}
