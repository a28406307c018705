import type { Identity } from '../identity.ts';
import type { Edge } from '../trace.ts';
import type { Item } from './evidence.ts';

/** A hand-over whose times are still records, so that clocks can be corrected before it is written down. */
export interface EdgeDraft {
  readonly point: Edge['point'];
  from: Identity | null;
  readonly to: Identity;
  /** Record whose time is the beginning. */
  start: Item | null;
  /** Microseconds by which the hand-over began before `start` was written. */
  lead: number;
  /** Record whose time is the answer or the arrival. */
  end: Item | null;
  status: number | string | null;
  block: number | null;
  source: Edge['source'];
  error: string | undefined;
  /** A duration that a record states, where the two times do not give it. */
  duration: number | null;
  readonly records: string[];
}

export function draftEdge(
  point: Edge['point'],
  from: Identity | null,
  to: Identity,
  source: Edge['source'],
): EdgeDraft {
  return {
    point,
    from,
    to,
    start: null,
    lead: 0,
    end: null,
    status: null,
    block: null,
    source,
    error: undefined,
    duration: null,
    records: [],
  };
}

/** Drafts of one point between two participants are one: found or made. */
export function edgeBetween(drafts: EdgeDraft[], point: Edge['point'], from: Identity | null, to: Identity): EdgeDraft {
  for (const draft of drafts) {
    if (draft.point === point && draft.to.id === to.id && draft.from?.id === from?.id) return draft;
  }
  const draft = draftEdge(point, from, to, 'record');
  drafts.push(draft);
  return draft;
}
