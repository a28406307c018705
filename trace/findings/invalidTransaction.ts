import type { FindingRule } from './rule.ts';
import { distinct, nameOf, quote } from './wording.ts';

/** Codes that have a finding of their own, or need none. */
const OTHERS = new Set([
  'VALID',
  'MVCC_READ_CONFLICT',
  'PHANTOM_READ_CONFLICT',
  'ENDORSEMENT_POLICY_FAILURE',
  'DUPLICATE_TXID',
]);

export const invalidTransaction: FindingRule = {
  code: 'invalid_transaction',
  severity: 'error',
  title: 'The peers marked the transaction invalid',
  explanation:
    'The transaction stands in a block, but the peers found it invalid for a reason other than conflict, policy or repetition: a bad signature or payload, an expired chaincode definition, an unknown type. The code is that of Fabric’s TxValidationCode.',
  find({ code, block, reasons, verdictRecords }) {
    if (code === null || OTHERS.has(code)) return null;
    const [reason] = reasons.toSorted((a, b) => (a.record < b.record ? -1 : 1));
    const because =
      reason === undefined
        ? ''
        : `: ${reason.peer === null ? '' : `${nameOf(reason.peer)} says `}“${quote(reason.text)}”`;
    return {
      severity: 'error',
      message: `It is invalid in block ${block?.number} with code ${code}${because}.`,
      records: distinct(verdictRecords),
    };
  },
};
