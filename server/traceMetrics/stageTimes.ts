import { parseMicros } from '#trace/assemble/time.ts';
import type { STAGE_NAMES, Trace } from '#trace/trace.ts';

export interface StageTime {
  readonly stage: (typeof STAGE_NAMES)[number];
  /** Identity ID of the node that took this long; null where it is not known which. */
  readonly node: string | null;
  readonly seconds: number;
}

/**
 * What each node added to the stages of a transaction: an endorser from the proposal to its answer; the orderer that took it from the
 * broadcast until the block was written; each peer from there until the block arrived, and from its arrival to its commit. A peer
 * that caught up later is left out, as it is of the stages themselves (trace/assemble/stages.ts).
 */
export function stageTimes(trace: Trace): StageTime[] {
  const { edges, stages } = trace;
  const times: StageTime[] = [];
  const add = (stage: StageTime['stage'], node: string | null, took: number | null): void => {
    if (took !== null) times.push({ stage, node, seconds: Math.max(0, took) / 1e6 });
  };
  for (const { point, to, status, durationUs } of edges) {
    if (point === 'endorse' && typeof status === 'number' && status < 400) add('endorse', to, durationUs);
  }
  add('order', edges.find(({ point }) => point === 'broadcast')?.to ?? null, stages.order.durationUs);
  const arrivals = arrivalsOf(trace);
  const written = micros(stages.deliver.startedAt);
  const lastArrival = micros(stages.deliver.endedAt);
  for (const [peer, at] of arrivals) {
    if (written !== null && lastArrival !== null && at <= lastArrival) add('deliver', peer, at - written);
  }
  const began = micros(stages.commit.startedAt);
  const lastCommit = micros(stages.commit.endedAt);
  for (const { peer, at } of trace.commits) {
    const committed = micros(at);
    const since = arrivals.get(peer) ?? began;
    if (committed !== null && since !== null && lastCommit !== null && committed <= lastCommit) {
      add('commit', peer, committed - since);
    }
  }
  return times;
}

/** When the block first arrived at each peer. */
function arrivalsOf({ edges }: Trace): Map<string, number> {
  const arrivals = new Map<string, number>();
  for (const { point, to, respondedAt } of edges) {
    const at = point === 'deliver' || point === 'gossip' ? micros(respondedAt) : null;
    if (at !== null && at < (arrivals.get(to) ?? Infinity)) arrivals.set(to, at);
  }
  return arrivals;
}

function micros(time: string | null): number | null {
  return time === null ? null : parseMicros(time);
}
