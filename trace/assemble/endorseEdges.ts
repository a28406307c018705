import type { Identity } from '../identity.ts';
import { namedCaller, type Actors } from './actors.ts';
import { draftEdge, type EdgeDraft } from './edgeDraft.ts';
import type { Evidence, Item } from './evidence.ts';

/** All that is known of one endorser's part; where it was asked again, of one time. */
export interface Endorsement {
  readonly endorser: Identity;
  /** The caller's two records, and the endorser's own two. */
  called: Item | null;
  result: Item | null;
  request: Item | null;
  response: Item | null;
  firstInvoke: Item | null;
  lastInvoke: Item | null;
  /** The block holds this endorsement. */
  inBlock: boolean;
  /** A query: meant for the answer, not for the ordering service. */
  evaluated: boolean;
  caller: Identity | null;
  readonly records: string[];
}

/** One entry for every endorser of which there is any evidence, and more where it answered more than once: a proposal was replayed. */
export function findEndorsements(evidence: Evidence): Endorsement[] {
  const found: Endorsement[] = [];
  const of = (endorser: Identity): Endorsement =>
    found.findLast((one) => one.endorser.id === endorser.id) ?? another(endorser);
  const another = (endorser: Identity): Endorsement => {
    const one: Endorsement = {
      endorser,
      called: null,
      result: null,
      request: null,
      response: null,
      firstInvoke: null,
      lastInvoke: null,
      inBlock: false,
      evaluated: false,
      caller: null,
      records: [],
    };
    found.push(one);
    return one;
  };
  for (const item of evidence.tx) {
    const { ftl, sender, receiver } = item;
    switch (item.point) {
      case 'endorse.caller':
      case 'endorse.result':
      case 'gateway.evaluate': {
        if (!receiver) break;
        const one = of(receiver);
        one.records.push(item.id);
        if (item.point === 'gateway.evaluate') one.evaluated = true;
        if (sender && sender.id !== receiver.id) one.caller ??= sender;
        const answers = item.point === 'endorse.result' || ftl.stage === 'response' || ftl.stage === 'failed';
        if (answers) one.result = item;
        else one.called ??= item;
        break;
      }
      case 'endorse.request':
      case 'endorse.response': {
        const endorser = receiver ?? item.clock;
        if (!endorser) break;
        let one = of(endorser);
        if (one.response !== null) one = another(endorser);
        one.records.push(item.id);
        if (item.point === 'endorse.response') {
          one.response = item;
          one.evaluated ||= ftl.read_only === true;
        } else one.request ??= item;
        const caller = namedCaller(evidence, item);
        if (caller && caller.kind === 'peer' && caller.id !== endorser.id) one.caller ??= caller;
        break;
      }
      case 'chaincode.invoke': {
        const endorser = sender ?? item.clock;
        if (!endorser) break;
        const one = of(endorser);
        one.records.push(item.id);
        one.firstInvoke ??= item;
        one.lastInvoke = item;
        break;
      }
      case 'block.tx':
        for (const partial of ftl.endorsers ?? []) {
          const endorser = evidence.network.resolve(
            partial.kind === undefined ? { ...partial, kind: 'peer' } : partial,
          );
          const given = found.find((one) => one.endorser.id === endorser.id && endorsed(one));
          const one = given ?? of(endorser);
          one.inBlock = true;
          one.records.push(item.id);
        }
        break;
    }
  }
  return found;
}

function endorsed({ response }: Endorsement): boolean {
  return typeof response?.ftl.status === 'number' && response.ftl.status < 400;
}

/** Edges to all endorsers, and to gateway peers that only pass the proposal on. */
export function endorseEdges(evidence: Evidence, endorsements: readonly Endorsement[], actors: Actors): EdgeDraft[] {
  const drafts: EdgeDraft[] = [];
  for (const one of endorsements) drafts.push(endorseEdge(one, callerOf(one, actors)));
  for (const gateway of actors.gateways) {
    const own = drafts.find(({ to }) => to.id === gateway.id);
    if (own && own.from?.id !== actors.client.id) continue;
    const asked = evidence.tx.filter(
      (item) =>
        (item.point === 'gateway.endorse' || item.point === 'gateway.commit_status') &&
        item.receiver?.id === gateway.id,
    );
    const call = asked.find((item) => item.point === 'gateway.endorse') ?? null;
    if (own) {
      own.records.push(...asked.map(({ id }) => id));
      if (call && (own.start === null || call.at <= own.start.at - own.lead)) {
        own.start = call;
        own.lead = 0;
      }
      continue;
    }
    const draft = draftEdge('gateway', actors.client, gateway, asked.length > 0 ? 'record' : 'derived');
    draft.start = call;
    for (const item of asked) draft.records.push(item.id);
    drafts.push(draft);
  }
  return drafts;
}

/**
 * Who asked for it. Null where a block alone shows the endorsement: the client may have asked itself or had a gateway peer
 * ask, and a block does not say.
 */
function callerOf(one: Endorsement, { client, gateways, submitter }: Actors): Identity | null {
  const { endorser, caller } = one;
  if (caller) return caller;
  if (submitter === null && !isSeen(one)) return null;
  if (submitter === null || gateways.some(({ id }) => id === endorser.id)) return client;
  return submitter;
}

/** Whether anybody wrote it down when it happened. */
function isSeen({ called, result, request, response, firstInvoke }: Endorsement): boolean {
  return (called ?? result ?? request ?? response ?? firstInvoke) !== null;
}

function endorseEdge(one: Endorsement, from: Identity | null): EdgeDraft {
  const { called, result, request, response, firstInvoke, lastInvoke } = one;
  const draft = draftEdge('endorse', from, one.endorser, isSeen(one) ? 'record' : 'block');
  // The caller's times contain the endorser's, whatever the two clocks say.
  draft.start = called ?? request;
  draft.end = result ?? response ?? lastInvoke;
  if (draft.start === null && firstInvoke?.ftl.duration_us !== undefined) {
    draft.start = firstInvoke;
    draft.lead = Math.round(firstInvoke.ftl.duration_us);
  }
  const answer = response?.ftl.status === undefined ? result : response;
  draft.status = answer?.ftl.status ?? (one.inBlock ? 200 : null);
  draft.error = result?.ftl.error ?? response?.ftl.error;
  draft.records.push(...one.records);
  return draft;
}
