import type { FindingRule } from './rule.ts';
import { distinct } from './wording.ts';

export const ambiguousTxId: FindingRule = {
  code: 'ambiguous_tx_id',
  severity: 'info',
  title: 'Log lines fit more than one transaction',
  explanation:
    'Some log lines show only the beginning of a transaction ID, and another transaction of the channel begins the same. Such lines are never guessed to be one’s or the other’s, so this trace may lack steps that they tell of.',
  find({ isAmbiguous, ambiguousRecords, txId }) {
    if (!isAmbiguous) return null;
    const count = ambiguousRecords.length;
    const lines = count === 0 ? 'Log lines' : count === 1 ? 'One log line' : `${count} log lines`;
    const show = count === 1 ? 'shows' : 'show';
    return {
      severity: 'info',
      message: `${lines} that ${show} only ${txId.slice(0, 8)}… may be about this transaction or about another one that begins the same, and ${count === 1 ? 'is' : 'are'} left out.`,
      records: distinct(ambiguousRecords),
    };
  },
};
