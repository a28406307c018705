import type { Identity } from '../identity.ts';
import { namedCaller, type Actors } from './actors.ts';
import { edgeBetween, type EdgeDraft } from './edgeDraft.ts';
import type { Evidence, Item } from './evidence.ts';

/** One orderer's part in taking the transaction in. */
export interface Broadcast {
  readonly orderer: Identity;
  /** What the gateway wrote before it sent, and what the orderer wrote. */
  submit: Item | null;
  failure: Item | null;
  request: Item | null;
  response: Item | null;
  caller: Identity | null;
  readonly records: string[];
}

export function findBroadcasts(evidence: Evidence): Broadcast[] {
  const found: Broadcast[] = [];
  const of = (orderer: Identity): Broadcast => {
    for (const one of found) if (one.orderer.id === orderer.id) return one;
    const one: Broadcast = {
      orderer,
      submit: null,
      failure: null,
      request: null,
      response: null,
      caller: null,
      records: [],
    };
    found.push(one);
    return one;
  };
  /** Failure lines do not always repeat the orderer: they speak of the attempt before. */
  let lastAttempt: Broadcast | null = null;
  for (const item of evidence.tx) {
    if (item.point === 'gateway.submit') {
      const one: Broadcast | null = item.receiver ? of(item.receiver) : lastAttempt;
      if (!one) continue;
      lastAttempt = one;
      one.records.push(item.id);
      one.caller ??= item.sender;
      if (item.ftl.stage === 'failed') one.failure = item;
      else one.submit ??= item;
    } else if (item.point === 'broadcast.request' || item.point === 'broadcast.response') {
      const orderer = item.receiver ?? item.clock;
      if (!orderer) continue;
      const one = of(orderer);
      one.records.push(item.id);
      if (item.point === 'broadcast.request') one.request ??= item;
      else one.response ??= item;
      one.caller ??= namedCaller(evidence, item);
    }
  }
  return found;
}

/** Edges from the gateway peer, or the client itself, to each orderer that it turned to. */
export function broadcastEdges(broadcasts: readonly Broadcast[], actors: Actors): EdgeDraft[] {
  const drafts: EdgeDraft[] = [];
  for (const { orderer, submit, failure, request, response, caller, records } of broadcasts) {
    const draft = edgeBetween(drafts, 'broadcast', caller ?? actors.submitter ?? actors.client, orderer);
    draft.start = submit ?? request;
    draft.end = response ?? failure;
    draft.status = response?.ftl.status ?? null;
    draft.error = response?.ftl.error ?? failure?.ftl.error;
    draft.records.push(...records);
  }
  return drafts;
}
