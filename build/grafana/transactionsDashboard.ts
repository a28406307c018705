import type { DashboardSpec } from './panels.ts';
import type { Column } from './tables.ts';

const WHEN = 'from=${__from:date:iso}&to=${__to:date:iso}&limit=50';
const TRACE: NonNullable<Column['leadsTo']> = ['Trace in FTL', '/trace/${__value.raw}'];
const COLUMNS: readonly Column[] = [
  { selector: 'startedAt', title: 'Time', type: 'timestamp' },
  { selector: 'txId', title: 'Transaction', leadsTo: TRACE },
  { selector: 'code', title: 'Code' },
  { selector: 'channel', title: 'Channel' },
  { selector: 'chaincode', title: 'Chaincode' },
  { selector: 'function', title: 'Function' },
  { selector: 'creator', title: 'Sent by' },
  { selector: 'block.number', title: 'Block', type: 'number' },
  { selector: 'durationUs', title: 'Time taken', type: 'number', unit: 'µs' },
  { selector: 'committed', title: 'Committed by', type: 'number' },
  { selector: 'missing', title: 'Missing at', type: 'number' },
];

export const TRANSACTIONS: DashboardSpec = {
  uid: 'ftl-transactions',
  title: 'FTL: transactions',
  about:
    'Single transactions, each with a link to its trace, as FTL’s API gives them. Needs Grafana’s Infinity plugin (docs/monitoring.md).',
  variables: ['api', 'transaction'],
  rows: [
    {
      title: 'Transactions',
      panels: [
        {
          kind: 'table',
          title: 'Latest',
          about: 'The last 50 that began in the chosen time. An ID leads to the trace.',
          path: `/api/v1/traces?${WHEN}`,
          columns: COLUMNS,
        },
        {
          kind: 'table',
          title: 'Slowest',
          about: 'From the first record to the last.',
          path: `/api/v1/traces?sort=durationUs&order=desc&${WHEN}`,
          columns: COLUMNS,
        },
      ],
    },
    {
      title: 'What went wrong',
      panels: [
        {
          kind: 'table',
          title: 'Endorsed and in no block',
          about:
            'Peers endorsed them, and no orderer is known to have ordered them. Queries among them are not meant to be.',
          path: `/api/v1/traces?code=NONE&${WHEN}`,
          columns: COLUMNS,
        },
        {
          kind: 'table',
          title: 'Failed by what others changed in the meantime',
          about: 'Clients that write the same keys at the same time.',
          path: `/api/v1/traces?code=MVCC_READ_CONFLICT&${WHEN}`,
          columns: COLUMNS,
        },
        {
          kind: 'table',
          title: 'Refused by an endorser',
          about: 'At least one peer answered the proposal with an error.',
          path: `/api/v1/traces?finding=endorsement_failed&${WHEN}`,
          columns: COLUMNS,
        },
      ],
    },
  ],
};
