import type { z } from 'zod';
import type { Changes } from '#trace/store/traceStore.ts';
import type { LiveGap } from '../api/schemas.ts';

export type GapReason = z.infer<typeof LiveGap>['reason'];

/** One `data:` line is enough: JSON holds no line breaks. */
function event(name: string, data: unknown, id?: number): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n${id === undefined ? '' : `id: ${id}\n`}\n`;
}

/**
 * Changes as server-sent events, once for all listeners. Only the last event carries the `id`: a listener that loses the
 * stream amid the batch resumes at the batch's begin, so it sees some again and misses none.
 */
export function batchEvents(changes: Changes): Buffer {
  const events: (readonly [string, unknown])[] = [
    ...changes.blocks.map(({ channel, number }) => ['block', { channel, number }] as const),
    ...changes.traces.map((trace) => ['trace', trace] as const),
  ];
  const last = events.length - 1;
  const text = events.map(([name, data], at) => event(name, data, at === last ? changes.revision : undefined));
  return Buffer.from(text.length === 0 ? positionMark(changes.revision) : text.join(''));
}

/** Moves the listener's position without an event: an `id` with no data is remembered and dispatched to nobody. */
export function positionMark(revision: number): string {
  return `id: ${revision}\n\n`;
}

export function greeting(retryMs: number, revision: number): string {
  return `retry: ${retryMs}\n${positionMark(revision)}`;
}

export function heartbeat(): string {
  return ': heartbeat\n\n';
}

export function gapEvent(from: number, to: number, reason: GapReason): string {
  return event('gap', { from, to, reason }, to);
}
