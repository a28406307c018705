import type { Edge } from '../trace.ts';
import type { Broadcast } from './broadcastEdges.ts';
import type { Endorsement } from './endorseEdges.ts';
import type { Evidence, Item } from './evidence.ts';
import type { HalfTrace, HashWitness, Reason } from './halfTrace.ts';
import type { Occurrence } from './selectBlock.ts';

/** Who says what about the result: what findings weigh against each other. */
export function witnessesOf(
  evidence: Evidence,
  items: readonly Item[],
  occurrence: Occurrence | null,
): Pick<HalfTrace, 'codeWitnesses' | 'hashWitnesses' | 'reasons' | 'verdictRecords'> {
  const hashWitnesses: HashWitness[] = [];
  for (const { id, ftl, receiver, clock } of items) {
    const source = ftl.source === 'block' ? null : ((receiver ?? clock)?.id ?? null);
    if (ftl.block?.hash !== undefined && ftl.block.last === undefined) {
      hashWitnesses.push({ kind: 'hash', hash: ftl.block.hash, peer: clock?.id ?? source, record: id });
    }
    if (ftl.commit_hash !== undefined && ftl.commit_hash !== '') {
      hashWitnesses.push({ kind: 'commit', hash: ftl.commit_hash, peer: source, record: id });
    }
  }
  const reasons: Reason[] = [];
  const verdictRecords: string[] = [];
  for (const { id, point, ftl, receiver, clock } of evidence.tx) {
    if (point !== 'validate.tx' && point !== 'block.tx') continue;
    if (occurrence && ftl.block !== undefined && ftl.block.number !== occurrence.block) continue;
    verdictRecords.push(id);
    if (point === 'validate.tx' && ftl.error !== undefined) {
      reasons.push({ peer: (receiver ?? clock)?.id ?? null, text: ftl.error, record: id });
    }
  }
  return { codeWitnesses: occurrence?.witnesses ?? [], hashWitnesses, reasons, verdictRecords };
}

/** Steps that were begun and of which no sign of an answer exists. */
export function unansweredSteps(
  edges: readonly Edge[],
  endorsements: readonly Endorsement[],
  broadcasts: readonly Broadcast[],
): HalfTrace['unanswered'] {
  const unanswered: { edge: number; step: 'endorse' | 'broadcast' }[] = [];
  for (const { seq, point, to } of edges) {
    if (point === 'endorse') {
      const one = endorsements.find(({ endorser }) => endorser.id === to);
      if (!one || one.inBlock || (one.called ?? one.request) === null) continue;
      if ((one.result ?? one.response ?? one.lastInvoke) === null) unanswered.push({ edge: seq, step: 'endorse' });
    } else if (point === 'broadcast') {
      const one = broadcasts.find(({ orderer }) => orderer.id === to);
      if (one?.request && one.response === null && one.failure === null)
        unanswered.push({ edge: seq, step: 'broadcast' });
    }
  }
  return unanswered;
}
