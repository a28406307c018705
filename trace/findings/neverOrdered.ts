import type { FindingRule } from './rule.ts';
import { distinct, listOf } from './wording.ts';

export const neverOrdered: FindingRule = {
  code: 'never_ordered',
  severity: 'warning',
  title: 'Endorsed, but in no block',
  explanation:
    'Peers endorsed the transaction, but no block that has been seen holds it: the client did not send it, the ordering service refused or lost it, or the block has not come yet. For queries that is as it should be, and only noted; so it is where neither blocks nor records of instrumented nodes tell what blocks hold.',
  find({ block, duplicates, edges, isQuery, blocksAreTold }) {
    if (block !== null || duplicates.length > 0) return null;
    const endorsed = edges.filter(
      ({ point, status, error }) =>
        point === 'endorse' && error === undefined && (status === null || (typeof status === 'number' && status < 400)),
    );
    if (endorsed.length === 0) return null;
    const records = distinct(edges.flatMap((edge) => edge.records));
    const peers = listOf(endorsed.map(({ to }) => to));
    if (isQuery) {
      return {
        severity: 'info',
        message: `A query: ${peers} answered it, and it was never meant to be ordered.`,
        records,
      };
    }
    if (edges.length === 1 && edges[0]!.source === 'record' && edges[0]!.status === null) {
      const message = `${peers} ran it, and no block seen so far holds it: a query, or a transaction that was not sent on.`;
      return { severity: 'info', message, records };
    }
    const orderers = edges.filter(({ point }) => point === 'broadcast').map(({ to }) => to);
    const message =
      orderers.length > 0
        ? `${peers} endorsed it and it was sent to ${listOf(orderers)}, but no block seen so far holds it.`
        : `${peers} endorsed it, but nobody is known to have sent it to the ordering service, and no block seen so far holds it.`;
    if (!blocksAreTold) {
      return { severity: 'info', message: `${message} What blocks hold is not among the evidence.`, records };
    }
    return { severity: 'warning', message, records };
  },
};
