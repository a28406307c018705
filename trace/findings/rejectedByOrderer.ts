import type { FindingRule } from './rule.ts';
import { distinct, nameOf, quote } from './wording.ts';

/** Names of `common.Status` in hyperledger/fabric-protos. */
const STATUS: Readonly<Record<number, string>> = {
  400: 'bad request',
  403: 'forbidden',
  404: 'not found',
  413: 'too large',
  500: 'internal error',
  501: 'not implemented',
  503: 'service unavailable',
};

export const rejectedByOrderer: FindingRule = {
  code: 'rejected_by_orderer',
  severity: 'error',
  title: 'An orderer did not take the transaction',
  explanation:
    'An orderer refused the transaction or could not be reached. A gateway then tries the next orderer; where another one took it, that is only a warning.',
  find({ edges, block }) {
    const sent = edges.filter(({ point }) => point === 'broadcast');
    const refused = sent.filter(
      ({ status, error }) => (typeof status === 'number' && status >= 400) || (error !== undefined && status !== 200),
    );
    if (refused.length === 0) return null;
    const taken = block !== null || sent.length > refused.length;
    const told = refused.map(({ to, status, error }) => {
      const answer =
        typeof status === 'number' ? ` with status ${status}${STATUS[status] ? ` (${STATUS[status]})` : ''}` : '';
      return `${nameOf(to)} did not take it${answer}${error === undefined ? '' : `: “${quote(error)}”`}`;
    });
    const otherwise = block !== null ? '; it was ordered all the same' : taken ? '; another one was asked' : '';
    return {
      severity: taken ? 'warning' : 'error',
      message: `${told.join('; ')}${otherwise}.`,
      records: distinct(refused.flatMap(({ records }) => records)),
    };
  },
};
