import type { FindingRule } from './rule.ts';
import { distinct } from './wording.ts';

export const duplicateTxid: FindingRule = {
  code: 'duplicate_txid',
  severity: 'warning',
  title: 'The same transaction was ordered more than once',
  explanation:
    'One transaction ID stands in the chain more than once. Only the first copy counts; the peers mark the others DUPLICATE_TXID. Usual causes: a client that sends again after a timeout, or a replay.',
  find({ duplicates, block, verdictRecords, edges }) {
    if (duplicates.length === 0) return null;
    const places = distinct(
      duplicates.map((copy) => (copy.block === block?.number ? 'the same block' : `block ${copy.block}`)),
    );
    const message =
      block === null
        ? `The peers refused it in ${places.join(', ')} as a copy of an earlier one; the first copy is not among the evidence.`
        : `It was ordered ${duplicates.length + 1} times: first in block ${block.number}, again in ${places.join(', ')}; only the first counts.`;
    const sent = edges.filter(({ point }) => point === 'broadcast').flatMap(({ records }) => records);
    return { severity: 'warning', message, records: distinct([...verdictRecords, ...sent]) };
  },
};
