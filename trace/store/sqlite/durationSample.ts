import { STAGE_NAMES } from '../../trace.ts';
import type { Percentiles, Statistics } from '../traceStore.ts';
import type { Parts } from './parts.ts';

/** Durations of the traces that were chosen. */
export class DurationSample {
  readonly #stages = Object.fromEntries([...STAGE_NAMES, 'total'].map((name) => [name, [] as number[]]));
  readonly #edges = new Map<string, number[]>();
  #traces = 0;

  add(parts: Parts, rows: readonly [duration: number, edges: number, data: Uint8Array][]): void {
    const byShape = new Map<number, (number[] | null)[]>();
    this.#traces += rows.length;
    for (const [duration, edgesKey, data] of rows) {
      const durations = parts.summaries.durations(data, edgesKey);
      if (duration >= 0) this.#stages['total']?.push(duration);
      for (let n = 0; n < STAGE_NAMES.length; n++) {
        const us = durations.stages[n];
        if (us !== null && us !== undefined) this.#stages[STAGE_NAMES[n] as string]?.push(us);
      }
      let targets = byShape.get(edgesKey);
      if (targets === undefined) {
        targets = parts.shapes
          .edges(edgesKey)
          .map(([point, from, to]) => (from === null ? null : listOf(this.#edges, edgeName(point, from, to))));
        byShape.set(edgesKey, targets);
      }
      for (let n = 0; n < targets.length; n++) {
        const us = durations.edges[n];
        if (us !== null && us !== undefined) targets[n]?.push(us);
      }
    }
  }

  /** Of each stage. `weight`: how many traces one of the sample stands for. */
  latency(weight: number): Statistics['latency'] {
    const of = (name: string) => percentilesOf(this.#stages[name] ?? [], weight);
    return {
      endorse: of('endorse'),
      order: of('order'),
      deliver: of('deliver'),
      commit: of('commit'),
      total: of('total'),
    };
  }

  /** Microseconds; null where none is known. */
  edgeMedian(name: string): number | null {
    return percentile((this.#edges.get(name) ?? []).toSorted(ascending), 0.5);
  }

  get traces(): number {
    return this.#traces;
  }
}

function listOf(lists: Map<string, number[]>, name: string): number[] {
  let list = lists.get(name);
  if (list === undefined) {
    list = [];
    lists.set(name, list);
  }
  return list;
}

/** `weight`: how many traces one of the sample stands for. */
function percentilesOf(values: readonly number[], weight: number): Percentiles {
  const sorted = values.toSorted(ascending);
  return {
    count: Math.round(values.length * weight),
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
  };
}

/** Nearest rank. */
function percentile(sorted: readonly number[], fraction: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? null;
}

const ascending = (a: number, b: number) => a - b;
/** Names an edge among those of all traces. */
export const edgeName = (point: string, from: string, to: string) => `${point}\0${from}\0${to}`;
