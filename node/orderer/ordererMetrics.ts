import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import {
  ByLabels,
  type CounterSeries,
  HeldCounter,
  HeldHistogram,
  type HistogramSeries,
} from '#node/metrics/heldSeries.ts';
import { BlockStoreMetrics } from '#node/ledger/blocks/blockStoreMetrics.ts';
import type { ConsenterStatus } from './consensus/consenter.ts';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATUS = { inactive: 0, active: 1, onboarding: 2, failed: 3 } as const;
const RELATION = { other: 0, consenter: 1, follower: 2, 'config-tracker': 3 } as const;

/** What an orderer counts, with Fabric's names and labels. */
export class OrdererMetrics {
  readonly blocks: BlockStoreMetrics;
  readonly committedBlock: Gauge<'channel'>;
  readonly configProposals: Counter<'channel'>;
  readonly proposalFailures: Counter<'channel'>;
  readonly #blockFill: Histogram<'channel'>;
  readonly #clusterSize: Gauge<'channel'>;
  readonly #isLeader: Gauge<'channel'>;
  readonly #activeNodes: Gauge<'channel'>;
  readonly #leaderChanges: Counter<'channel'>;
  readonly #persist: ByLabels<HistogramSeries>;
  readonly #status: Gauge<'channel'>;
  readonly #relation: Gauge<'channel'>;
  readonly #broadcasts: ByLabels<BroadcastSeries>;
  readonly #normalProposals: ByLabels<CounterSeries>;

  constructor(registry: Registry) {
    this.blocks = new BlockStoreMetrics(registry);
    const registers = [registry];
    const broadcast = { labelNames: ['channel', 'type', 'status'] as const, registers };
    const channel = { labelNames: ['channel'] as const, registers };
    const validate = new HeldHistogram({
      name: 'broadcast_validate_duration',
      help: 'The time to validate a transaction in seconds.',
      buckets: BUCKETS,
      ...broadcast,
    });
    const enqueue = new HeldHistogram({
      name: 'broadcast_enqueue_duration',
      help: 'The time to enqueue a transaction in seconds.',
      buckets: BUCKETS,
      ...broadcast,
    });
    const processed = new HeldCounter({
      name: 'broadcast_processed_count',
      help: 'The number of transactions processed.',
      ...broadcast,
    });
    this.#broadcasts = new ByLabels((channelId, type, status) => {
      const labels = { channel: channelId, type, status };
      return { validate: validate.held(labels), enqueue: enqueue.held(labels), processed: processed.held(labels) };
    });
    this.#blockFill = new Histogram({
      name: 'blockcutter_block_fill_duration',
      help: 'The time from first transaction enqueuing to the block being cut in seconds.',
      buckets: BUCKETS,
      ...channel,
    });
    const gauge = (name: string, help: string): Gauge<'channel'> => new Gauge({ name, help, ...channel });
    const counter = (name: string, help: string): Counter<'channel'> => new Counter({ name, help, ...channel });
    this.#clusterSize = gauge('consensus_etcdraft_cluster_size', 'Number of nodes in this channel.');
    this.#isLeader = gauge(
      'consensus_etcdraft_is_leader',
      'The leadership status of the current node: 1 if it is the leader else 0.',
    );
    this.#activeNodes = gauge('consensus_etcdraft_active_nodes', 'Number of active nodes in this channel.');
    this.#leaderChanges = counter(
      'consensus_etcdraft_leader_changes',
      'The number of leader changes since process start.',
    );
    const persist = new HeldHistogram({
      name: 'consensus_etcdraft_data_persist_duration',
      help: 'The time taken for etcd/raft data to be persisted in storage (in seconds).',
      buckets: BUCKETS,
      ...channel,
    });
    this.#persist = new ByLabels((channelId) => persist.held({ channel: channelId }));
    this.committedBlock = gauge(
      'consensus_etcdraft_committed_block_number',
      'The block number of the latest block committed.',
    );
    const normal = new HeldCounter({
      name: 'consensus_etcdraft_normal_proposals_received',
      help: 'The total number of proposals received for normal type transactions.',
      ...channel,
    });
    this.#normalProposals = new ByLabels((channelId) => normal.held({ channel: channelId }));
    this.configProposals = counter(
      'consensus_etcdraft_config_proposals_received',
      'The total number of proposals received for config type transactions.',
    );
    this.proposalFailures = counter('consensus_etcdraft_proposal_failures', 'The number of proposal failures.');
    this.#status = gauge(
      'participation_status',
      'The channel participation status of the node: 0 if inactive, 1 if active, 2 if onboarding, 3 if failed.',
    );
    this.#relation = gauge(
      'participation_consensus_relation',
      'The channel participation consensus relation of the node: 0 if other, 1 if consenter, 2 if follower, 3 if config-tracker.',
    );
  }

  /** @param seconds to validate, and to enqueue (null where it did not come so far) */
  broadcast(
    labels: { readonly channel: string; readonly type: string; readonly status: string },
    seconds: { readonly validate: number; readonly enqueue: number | null },
  ): void {
    const series = this.#broadcasts.of(labels.channel, labels.type, labels.status);
    series.validate.observe(seconds.validate);
    if (seconds.enqueue !== null) {
      series.enqueue.observe(seconds.enqueue);
    }
    series.processed.inc();
  }

  normalProposal(channel: string): void {
    this.#normalProposals.of(channel).inc();
  }

  blockFill(channel: string, seconds: number): void {
    this.#blockFill.observe({ channel }, seconds);
  }

  /** Of a channel that this node orders alone. */
  leads(channel: string): void {
    this.#clusterSize.set({ channel }, 1);
    this.#isLeader.set({ channel }, 1);
    this.#activeNodes.set({ channel }, 1);
    this.#leaderChanges.inc({ channel });
  }

  /** Messages that wait for a block are on disk. */
  persisted(channel: string, seconds: number): void {
    this.#persist.of(channel).observe(seconds);
  }

  participation(channel: string, { relation, status }: ConsenterStatus): void {
    this.#status.set({ channel }, STATUS[status]);
    this.#relation.set({ channel }, RELATION[relation]);
  }
}

interface BroadcastSeries {
  readonly validate: HistogramSeries;
  readonly enqueue: HistogramSeries;
  readonly processed: CounterSeries;
}
