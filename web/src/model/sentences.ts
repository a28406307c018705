import type { Edge, Trace } from '../api/types.ts';
import { completenessOf } from './completeness.ts';
import { displayNames, organisation } from './names.ts';
import { outcomeOf, type Tone, toneOfEdge } from './outcome.ts';
import { formatDuration, microsOf } from './time.ts';

export interface Sentence {
  /** Number of the edge that it tells; null for what no edge shows (a missing peer). */
  readonly seq: number | null;
  readonly tone: Tone;
  readonly text: string;
  /** How long after the transaction's start, microseconds; null where no time is known. */
  readonly afterUs: number | null;
}

/** Names of everybody whom a trace mentions, as short as they can be. */
export function namesOf(trace: Trace): Map<string, string> {
  return displayNames([
    ...trace.participants.map((participant) => participant.id),
    ...trace.edges.flatMap((edge) => (edge.from === null ? [edge.to] : [edge.from, edge.to])),
    ...trace.missing,
    ...trace.unobserved,
    ...trace.commits.map((commit) => commit.peer),
    ...trace.endorsers,
    ...trace.policy.satisfiedBy,
    ...(trace.creator === null ? [] : [trace.creator]),
  ]);
}

/** What happened, one sentence an edge in order of time, then what did not happen or is not known. */
export function sentencesOf(trace: Trace): Sentence[] {
  const names = namesOf(trace);
  const nameOf = (id: string | null) => (id === null ? 'someone unseen' : (names.get(id) ?? id));
  const start = microsOf(trace.startedAt);
  const delays = new Map(trace.commits.map((commit) => [commit.peer, commit.delayUs]));

  const told = trace.edges.map((edge): Sentence => {
    const at = microsOf(edge.at ?? edge.respondedAt);
    return {
      seq: edge.seq,
      tone: toneOfEdge(edge),
      text: `${storyOf(edge)}${evidenceOf(edge)}`,
      afterUs: at === null || start === null ? null : at - start,
    };
  });
  return [...told, ...endings()];

  function storyOf(edge: Edge): string {
    const from = nameOf(edge.from);
    const to = nameOf(edge.to);
    const block = edge.block === null ? 'the block' : `block ${edge.block}`;
    const took = edge.durationUs === null ? '' : ` after ${formatDuration(edge.durationUs)}`;
    switch (edge.point) {
      case 'gateway':
        return `${from} handed the transaction to ${to}, its way into the network${answerOf(edge, took)}.`;
      case 'endorse':
        if (edge.from === null) return `${to} endorsed it: the block holds its signature. Who asked it is not known.`;
        return `${from} asked ${to} to endorse${answerOf(edge, took)}.`;
      case 'broadcast':
        return toneOfEdge(edge) === 'good'
          ? `${to} accepted it for ordering from ${from}${took}.`
          : `${from} sent it to ${to} for ordering${answerOf(edge, took)}.`;
      case 'deliver':
        return `${to} received ${block} from ${to === from ? 'an orderer' : from}${edge.durationUs === null ? '' : ` in ${formatDuration(edge.durationUs)}`}.`;
      case 'gossip':
        return `${from} passed ${block} on to ${to}${edge.durationUs === null ? '' : ` in ${formatDuration(edge.durationUs)}`}.`;
      case 'commit':
        break;
    }
    const delay = delays.get(edge.to);
    const behind =
      delay === null || delay === undefined
        ? ''
        : delay === 0
          ? ', the first to do so'
          : `, ${formatDuration(delay)} behind the first`;
    if (edge.status === null) return `${to} committed ${block}${behind}.`;
    if (edge.status === 'VALID') return `${to} committed it in ${block} as valid${behind}.`;
    return `${to} committed ${block} and found it ${edge.status}${behind}.`;
  }

  function endings(): Sentence[] {
    const list: Sentence[] = [];
    const say = (tone: Tone, text: string) => list.push({ seq: null, tone, text, afterUs: null });
    if (trace.block === null && !trace.edges.some((edge) => edge.point === 'broadcast')) {
      say('unknown', 'It was never seen to reach an orderer, so it is in no block.');
    } else if (trace.block === null) {
      say('unknown', 'No block is known that holds it.');
    }
    for (const peer of trace.missing) say('bad', `${nameOf(peer)} has not committed it.`);
    for (const peer of trace.unobserved) {
      say('unknown', `Whether ${nameOf(peer)} committed it is not known: its log was not seen.`);
    }
    for (const duplicate of trace.duplicates) {
      say(
        'bad',
        `The same transaction ID is in block ${duplicate.block} again, as ${duplicate.code ?? 'code unknown'}.`,
      );
    }
    return list;
  }
}

function answerOf(edge: Edge, took: string): string {
  if (edge.error) return `: refused${edge.status === null ? '' : ` with ${edge.status}`}${took}: “${edge.error}”`;
  if (edge.status === null) return edge.respondedAt === null ? ': no answer was seen' : `: answered${took}`;
  const tone = toneOfEdge(edge);
  return tone === 'good' ? `: answered ${edge.status}${took}` : `: refused with ${edge.status}${took}`;
}

function evidenceOf(edge: Edge): string {
  if (edge.source === 'derived') return ' (Concluded, not seen.)';
  if (edge.source === 'block') return ' (Known from the block; no log shows it.)';
  return '';
}

/** The whole trace in two or three short sentences: what a person reads first. */
export function verdictOf(trace: Trace): string {
  const outcome = outcomeOf(trace.code);
  const refused = trace.edges.find(
    (edge) => toneOfEdge(edge) === 'bad' && (edge.point === 'endorse' || edge.point === 'broadcast'),
  );
  const parts = [outcome.plain];
  if (trace.code === null && refused) {
    const name = namesOf(trace).get(refused.to) ?? refused.to;
    parts.push(`${name} refused ${refused.point === 'endorse' ? 'to endorse it' : 'to order it'}.`);
  }
  if (trace.block !== null || trace.commits.length > 0) parts.push(completenessOf(trace).plain);
  return parts.join(' ');
}

/** `Org1 ✔ peer0.org1`, one a counted endorser, for the policy's line. */
export function policySigners(trace: Trace): { organisation: string | null; name: string; id: string }[] {
  const names = namesOf(trace);
  const msps = new Map(trace.participants.map((participant) => [participant.id, participant.msp]));
  return trace.policy.satisfiedBy.map((id) => ({
    id,
    name: names.get(id) ?? id,
    organisation: organisation(msps.get(id) ?? (id.includes('/') ? (id.split('/')[0] ?? null) : null)),
  }));
}
