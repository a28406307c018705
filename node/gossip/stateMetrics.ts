import { Gauge, Histogram, type Registry } from 'prom-client';
import type { CommittedBlock } from '#node/commit/blockStages.ts';

/** What a peer's gossip tells of the blocks that it hands to the ledger, under Fabric's names (gossip/metrics). */
export class StateMetrics {
  readonly #height: Gauge<'channel'>;
  readonly #leader: Gauge<'channel'>;
  readonly #commit: Histogram<'channel'>;
  readonly #validation: Histogram<'channel'>;
  readonly #privateData: Histogram<'channel'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const time = (name: string, help: string): Histogram<'channel'> =>
      new Histogram({ name, help, labelNames: ['channel'], registers });
    this.#height = new Gauge({
      name: 'gossip_state_height',
      help: 'Current ledger height',
      labelNames: ['channel'],
      registers,
    });
    this.#leader = new Gauge({
      name: 'gossip_leader_election_leader',
      help: 'Peer is leader (1) or follower (0)',
      labelNames: ['channel'],
      registers,
    });
    this.#commit = time('gossip_state_commit_duration', 'Time it takes to commit a block in seconds');
    this.#validation = time('gossip_privdata_validation_duration', 'Time it takes to validate a block (in seconds)');
    this.#privateData = time(
      'gossip_privdata_commit_block_duration',
      'Time it takes to commit private data and the corresponding block (in seconds)',
    );
  }

  height(channel: string, height: number): void {
    this.#height.set({ channel }, height);
  }

  /** Whether the peer takes its organisation's blocks from the orderers. */
  leads(channel: string, leads: boolean): void {
    this.#leader.set({ channel }, leads ? 1 : 0);
  }

  committed({ channelId: channel, number, durations }: CommittedBlock): void {
    const { verify = 0, signatures = 0, policies = 0, mvcc = 0, blockStore = 0, privateData = 0 } = durations;
    const { state = 0, history = 0 } = durations;
    // The orderers' signatures are checked while those of transactions are.
    const validation = (Math.max(verify, signatures) + policies) / 1e6;
    const ledger = (mvcc + blockStore + privateData + state + history) / 1e6;
    this.#height.set({ channel }, number + 1);
    this.#validation.observe({ channel }, validation);
    this.#privateData.observe({ channel }, ledger);
    this.#commit.observe({ channel }, validation + ledger);
  }
}
