import type { FindingRule } from './rule.ts';
import { distinct, listOf } from './wording.ts';

export const policyFailed: FindingRule = {
  code: 'policy_failed',
  severity: 'error',
  title: 'The endorsement policy was not met',
  explanation:
    'The transaction stands in a block, but the peers marked it invalid and changed nothing: its endorsements do not satisfy the policy that the chaincode (or one of its keys or collections) asks for.',
  find({ code, block, endorsers, policy, verdictRecords }) {
    if (code !== 'ENDORSEMENT_POLICY_FAILURE') return null;
    const who = endorsers.length === 0 ? 'nobody is known to have endorsed it' : `${listOf(endorsers)} endorsed it`;
    const rule = policy.expression === null ? '' : `, but the policy is ${policy.expression}`;
    return {
      severity: 'error',
      message: `The endorsement policy was not met in block ${block?.number}: ${who}${rule}.`,
      records: distinct(verdictRecords),
    };
  },
};
