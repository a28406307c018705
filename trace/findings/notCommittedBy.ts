import type { FindingRule } from './rule.ts';
import { distinct, listOf, timeOf } from './wording.ts';

export const notCommittedBy: FindingRule = {
  code: 'not_committed_by',
  severity: 'warning',
  title: 'A peer lacks the block',
  explanation:
    'Peers of the channel whose records are collected have not committed the block, while others have: they are down, cut off, or behind. Their state is out of date until they catch up.',
  find({ missing, commits, block }) {
    if (missing.length === 0 || block === null) return null;
    const [first] = commits;
    const have = missing.length === 1 ? 'has' : 'have';
    const others =
      first === undefined || first.at === null
        ? 'no commit of it is known yet'
        : commits.length === 1
          ? `${listOf([first.peer])} has since ${timeOf(first.at)}`
          : `the other ${commits.length} peers have since ${timeOf(first.at)}`;
    return {
      severity: 'warning',
      message: `${listOf(missing)} ${have} not committed block ${block.number}; ${others}.`,
      records: distinct(commits.flatMap(({ records }) => records)),
    };
  },
};
