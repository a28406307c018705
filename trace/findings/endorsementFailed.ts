import type { FindingRule } from './rule.ts';
import { distinct, nameOf, quote } from './wording.ts';

export const endorsementFailed: FindingRule = {
  code: 'endorsement_failed',
  severity: 'error',
  title: 'An endorser refused the proposal',
  explanation:
    'A peer that was asked to endorse answered with an error: the chaincode refused, the caller had no right, or the peer could not run the chaincode. Without enough endorsements the transaction is not sent to the ordering service; where enough others endorsed it and it stands in a block, this is only a warning.',
  find({ edges, block }) {
    const failed = edges.filter(
      ({ point, status, error }) =>
        point === 'endorse' &&
        ((typeof status === 'number' && status >= 400) || (error !== undefined && status !== 200)),
    );
    if (failed.length === 0) return null;
    const told = failed.map(
      ({ to, status, error }) =>
        `${nameOf(to)} refused${typeof status === 'number' ? ` with status ${status}` : ''}${error === undefined ? '' : ` (“${quote(error)}”)`}`,
    );
    return {
      severity: block === null ? 'error' : 'warning',
      message: `${told.join('; ')}.`,
      records: distinct(failed.flatMap(({ records }) => records)),
    };
  },
};
