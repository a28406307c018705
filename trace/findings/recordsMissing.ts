import type { StreamBreak } from '../network/streamBreaks.ts';
import type { FindingRule } from './rule.ts';
import { distinct, nameOf, timeOf } from './wording.ts';

const MOST = 3;

export const recordsMissing: FindingRule = {
  code: 'records_missing',
  severity: 'error',
  title: 'Records of a node are missing',
  explanation:
    'A node numbers its records without a gap. Some of those that it wrote at the time of this transaction are not there, so the trace may lack what they told. Either the node itself says that it had no room to write them (a warning: its disk was full, or the reader of its output was slow), or they were taken out, or went with a file that was rotated away or deleted before the collector had read it. `ftl import` of that file, where it still exists, settles it.',
  find({ streamBreaks }) {
    const missing = streamBreaks.filter(({ kind }) => kind === 'missing');
    if (missing.length === 0) return null;
    const told = missing.slice(0, MOST).map(sentence);
    const more = missing.length - told.length;
    return {
      severity: missing.every((one) => one.told) ? 'warning' : 'error',
      message: `${told.join(' ')}${more > 0 ? ` And ${more} more gaps.` : ''} What they told of this transaction is not known.`,
      records: distinct(missing.map(({ record }) => record)),
    };
  },
};

function sentence({ node, from, to, since, until, told }: StreamBreak): string {
  const count = to - from + 1;
  const records = count === 1 ? `Record ${from}` : `${count} records (numbers ${from} to ${to})`;
  const when = since === until ? `at ${timeOf(until)}` : `between ${timeOf(since)} and ${timeOf(until)}`;
  const why = told
    ? 'the node tells that it had no room to write them'
    : 'the node does not tell of having dropped them';
  return `${records} of ${nameOf(node)}, written ${when}, ${count === 1 ? 'is' : 'are'} missing; ${count === 1 ? why.replace('them', 'it') : why}.`;
}
