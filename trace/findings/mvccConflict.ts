import { conflictDetails } from './readConflict.ts';
import type { FindingRule } from './rule.ts';

export const mvccConflict: FindingRule = {
  code: 'mvcc_conflict',
  severity: 'warning',
  title: 'Another transaction changed what it had read',
  explanation:
    'Between endorsement and commit another transaction changed a key that this one had read, so its result was out of date and the peers marked it invalid (MVCC_READ_CONFLICT). Nothing is broken; the client may try again.',
  find(half) {
    if (half.code !== 'MVCC_READ_CONFLICT') return null;
    const { because, records } = conflictDetails(half);
    return {
      severity: 'warning',
      message: `Another transaction changed the same data first, so this one had no effect in block ${half.block?.number}.${because}`,
      records,
    };
  },
};
