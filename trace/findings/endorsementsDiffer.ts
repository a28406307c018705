import type { HalfTrace } from '../assemble/halfTrace.ts';
import type { FindingRule } from './rule.ts';
import { distinct, listOf } from './wording.ts';

export const endorsementsDiffer: FindingRule = {
  code: 'endorsements_differ',
  severity: 'warning',
  title: 'Endorsers answered differently',
  explanation:
    'Peers asked for the same proposal gave different answers. Usual causes: one peer lags behind in the ledger, runs another chaincode version, or the chaincode is not deterministic.',
  find({ edges }) {
    const answered = answersOf(edges);
    if (answered.every(({ status }) => status === answered[0]!.status)) return null;
    const statuses = distinct(answered.map(({ status }) => String(status))).toSorted();
    const told = statuses.map((status) => {
      const who = answered.filter((edge) => String(edge.status) === status).map(({ to }) => to);
      return `${listOf(who)} answered ${status}`;
    });
    return {
      severity: 'warning',
      message: `Endorsers did not agree: ${told.join('; ')}.`,
      records: distinct(answered.flatMap(({ records }) => records)),
    };
  },
};

/** One for each endorser: what it answered first. That it turns a replay of the proposal down is no other opinion. */
function answersOf(edges: HalfTrace['edges']): HalfTrace['edges'] {
  const seen = new Set<string>();
  return edges.filter(({ point, status, to }) => {
    const first = point === 'endorse' && typeof status === 'number' && !seen.has(to);
    if (first) seen.add(to);
    return first;
  });
}
