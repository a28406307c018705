export type PanelUnit = 'cores' | 'bytes' | 'blocks' | 'seconds' | 'perSecond' | 'count';

/**
 * One small picture of a node: one metric, and what is made of it. `gauge`: its value; `rate`: by how much a counter rose a
 * second; `mean`: of the durations that a histogram took in. By Fabric's names, which FTL's nodes and Go's share.
 */
export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly unit: PanelUnit;
  readonly of: readonly ('peer' | 'orderer')[];
  readonly metric: string;
  readonly how: 'gauge' | 'rate' | 'mean';
  /** Label that makes a line of its own of each of its values; null for one line. */
  readonly by: string | null;
}

const BOTH = ['peer', 'orderer'] as const;
const PEER = ['peer'] as const;
const ORDERER = ['orderer'] as const;

export const PANELS: readonly Panel[] = [
  {
    id: 'cpu',
    title: 'Processor',
    unit: 'cores',
    of: BOTH,
    metric: 'process_cpu_seconds_total',
    how: 'rate',
    by: null,
  },
  {
    id: 'memory',
    title: 'Memory',
    unit: 'bytes',
    of: BOTH,
    metric: 'process_resident_memory_bytes',
    how: 'gauge',
    by: null,
  },
  {
    id: 'height',
    title: 'Block height',
    unit: 'blocks',
    of: BOTH,
    metric: 'ledger_blockchain_height',
    how: 'gauge',
    by: 'channel',
  },
  {
    id: 'commit',
    title: 'Time to commit a block',
    unit: 'seconds',
    of: PEER,
    metric: 'gossip_state_commit_duration',
    how: 'mean',
    by: 'channel',
  },
  {
    id: 'endorse',
    title: 'Time to endorse a proposal',
    unit: 'seconds',
    of: PEER,
    metric: 'endorser_proposal_duration',
    how: 'mean',
    by: 'chaincode',
  },
  {
    id: 'transactions',
    title: 'Transactions committed, by code',
    unit: 'perSecond',
    of: PEER,
    metric: 'ledger_transaction_count',
    how: 'rate',
    by: 'validation_code',
  },
  {
    id: 'gossipBuffer',
    title: 'Blocks that wait in the gossip buffer',
    unit: 'blocks',
    of: PEER,
    metric: 'gossip_payload_buffer_size',
    how: 'gauge',
    by: 'channel',
  },
  {
    id: 'gossipOverflow',
    title: 'Gossip messages dropped, as the buffer was full',
    unit: 'perSecond',
    of: PEER,
    metric: 'gossip_comm_overflow_count',
    how: 'rate',
    by: null,
  },
  {
    id: 'enqueue',
    title: 'Time to take a transaction',
    unit: 'seconds',
    of: ORDERER,
    metric: 'broadcast_enqueue_duration',
    how: 'mean',
    by: 'channel',
  },
  {
    id: 'broadcasts',
    title: 'Transactions taken, by status',
    unit: 'perSecond',
    of: ORDERER,
    metric: 'broadcast_processed_count',
    how: 'rate',
    by: 'status',
  },
  {
    id: 'blockWrite',
    title: 'Time to write a block',
    unit: 'seconds',
    of: ORDERER,
    metric: 'ledger_blockstorage_commit_time',
    how: 'mean',
    by: 'channel',
  },
];

/** Seconds over which rates and means are taken: four scrapes at Prometheus' usual 15 s. */
export const WINDOW_S = 60;
/** Lines of one panel; there may be any number of chaincodes. */
export const MAX_LINES = 12;

export function panelsOf(kind: 'peer' | 'orderer'): readonly Panel[] {
  return PANELS.filter((panel) => panel.of.includes(kind));
}
