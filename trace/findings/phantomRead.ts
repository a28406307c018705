import { conflictDetails } from './readConflict.ts';
import type { FindingRule } from './rule.ts';

export const phantomRead: FindingRule = {
  code: 'phantom_read',
  severity: 'warning',
  title: 'The result of a range query had changed',
  explanation:
    'Between endorsement and commit another transaction added or removed keys in a range that this one had queried, so its result was out of date and the peers marked it invalid (PHANTOM_READ_CONFLICT). The client may try again.',
  find(half) {
    if (half.code !== 'PHANTOM_READ_CONFLICT') return null;
    const { because, records } = conflictDetails(half);
    return {
      severity: 'warning',
      message: `Another transaction changed the range of keys that this one had queried, so it had no effect in block ${half.block?.number}.${because}`,
      records,
    };
  },
};
