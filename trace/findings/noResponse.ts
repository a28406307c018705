import type { FindingRule } from './rule.ts';
import { distinct, nameOf, timeOf } from './wording.ts';

export const noResponse: FindingRule = {
  code: 'no_response',
  severity: 'warning',
  title: 'No answer was recorded',
  explanation:
    'A peer or an orderer was asked and nobody wrote down that it answered: it crashed, hangs, was cut off, or its records have not come yet.',
  find({ unanswered, edges, block }) {
    // A transaction that stands in a block was taken in, whether or not the orderer's answer was recorded.
    const open = unanswered.filter(({ step }) => step === 'endorse' || block === null);
    const silent = open.map(({ edge }) => edges[edge - 1]).filter((edge) => edge !== undefined);
    if (silent.length === 0) return null;
    const told = silent.map(({ to, point, at }) => {
      const what = point === 'endorse' ? 'asked to endorse' : 'sent the transaction';
      return `${nameOf(to)} was ${what}${at === null ? '' : ` at ${timeOf(at)}`} and no answer was recorded`;
    });
    return {
      severity: 'warning',
      message: `${told.join('; ')}.`,
      records: distinct(silent.flatMap(({ records }) => records)),
    };
  },
};
