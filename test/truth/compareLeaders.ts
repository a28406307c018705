import type { LeaderTerm } from '#trace/store/traceStore.ts';
import { type Truth, type TruthLeader, micros } from './truth.ts';

/** Several lines tell one start or stop within this time. */
const SAME_MOMENT_US = 1000;

type Kind = LeaderTerm['kind'];

/** What is wrong with the end that a term states: a killed leader's is noticed only when the next one takes over. */
function endDifference(truth: TruthLeader, next: TruthLeader | undefined, stated: string | null): string | null {
  if (truth.until === null) return stated === null ? null : `ended at ${stated}, though it still led`;
  if (stated === null) return `does not end, though it ended at ${truth.until}`;
  const latest = truth.ended === 'killed' && next !== undefined ? next.from : truth.until;
  const isIn =
    micros(stated) >= micros(truth.until) - SAME_MOMENT_US && micros(stated) <= micros(latest) + SAME_MOMENT_US;
  return isIn ? null : `ended at ${stated} instead of ${truth.until}${latest === truth.until ? '' : ` to ${latest}`}`;
}

function differences(kind: Kind, truths: readonly TruthLeader[], terms: readonly LeaderTerm[]): string[] {
  const found: string[] = [];
  const left = new Set(terms);
  for (const [i, truth] of truths.entries()) {
    const term = [...left].find(
      ({ node, from }) => node === truth.node && Math.abs(micros(from) - micros(truth.from)) <= SAME_MOMENT_US,
    );
    if (term === undefined) {
      found.push(`${kind} leader ${truth.node} from ${truth.from} is missing`);
      continue;
    }
    left.delete(term);
    const end = endDifference(truth, truths[i + 1], term.to);
    if (end !== null) found.push(`${kind} leader ${truth.node} from ${truth.from} ${end}`);
  }
  for (const { node, from } of left) found.push(`${kind} leader ${node} from ${from} never was`);
  return found;
}

function byStart(a: TruthLeader, b: TruthLeader): number {
  return micros(a.from) - micros(b.from);
}

/** How the leaders that FTL states differ from those that were, in lines for people; empty if they do not. */
export function compareLeaders(truth: Truth, terms: readonly LeaderTerm[]): string[] {
  const mine = terms.filter(({ channel }) => channel === truth.channel);
  const gossip = mine.filter(({ kind }) => kind === 'gossip');
  const msps = new Set(truth.gossipLeaders.map(({ msp }) => msp));
  return [
    ...differences(
      'consensus',
      truth.consensusLeaders.toSorted(byStart),
      mine.filter(({ kind }) => kind === 'consensus'),
    ),
    ...[...msps].flatMap((msp) =>
      differences(
        'gossip',
        truth.gossipLeaders.filter((one) => one.msp === msp).toSorted(byStart),
        gossip.filter(({ node }) => node.startsWith(`${msp}/`)),
      ),
    ),
    ...gossip
      .filter(({ node }) => !msps.has(node.split('/')[0] ?? ''))
      .map(({ node, from }) => `gossip leader ${node} from ${from} never was`),
  ];
}
