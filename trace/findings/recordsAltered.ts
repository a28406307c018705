import type { StreamBreak } from '../network/streamBreaks.ts';
import type { FindingRule } from './rule.ts';
import { distinct, nameOf, timeOf } from './wording.ts';

const MOST = 3;

const FAULTS: Readonly<Record<NonNullable<StreamBreak['fault']>, string>> = {
  hash: 'its hash does not follow from the one before',
  order: 'it stands elsewhere than it was written',
  inserted: 'a line stands there that the node did not write at that place',
  seal: 'the node’s signature does not hold',
  end: 'the node’s next start knows another end of these records',
};

export const recordsAltered: FindingRule = {
  code: 'records_altered',
  severity: 'critical',
  title: 'Records of a node were altered',
  explanation:
    'Each record of a node carries a running hash, and the node may sign it from time to time. At the time of this transaction hash or signature do not hold: a line was changed, put in or moved after the node had written it. What this node’s records say of the transaction is no evidence; those of the other nodes and the blocks are. Find out who can write to the node’s record files.',
  find({ streamBreaks }) {
    const altered = streamBreaks.filter(({ kind }) => kind === 'altered');
    if (altered.length === 0) return null;
    const told = altered.slice(0, MOST).map(sentence);
    const more = altered.length - told.length;
    return {
      severity: 'critical',
      message: `${told.join(' ')}${more > 0 ? ` And ${more} more places.` : ''}`,
      records: distinct(altered.map(({ record }) => record)),
    };
  },
};

function sentence({ node, from, to, until, fault }: StreamBreak): string {
  const what = from === to ? `Record ${from}` : `Records ${from} to ${to}`;
  const why = fault === null ? 'the chain does not hold' : FAULTS[fault];
  return `${what} of ${nameOf(node)}, ${timeOf(until)}, ${from === to ? 'is' : 'are'} not as written: ${why}.`;
}
