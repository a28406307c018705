import { Counter, type Registry } from 'prom-client';
import { ByLabels, type CounterSeries, HeldCounter, HeldHistogram } from '#node/metrics/heldSeries.ts';

type Labels = 'channel' | 'chaincode';

/** Names, labels and help of Fabric's core/endorser/metrics.go. */
export interface EndorserMetrics {
  /**
   * Labels of a proposal. Members of a channel may name chaincode that nobody has, whatever they like: after so many names the others
   * are told together, as `other`.
   */
  labels(proposal: { readonly channelId: string; readonly chaincode: string }): Readonly<Record<Labels, string>>;
  /** @param seconds from the proposal's arrival to its answer */
  completed(labels: Readonly<Record<Labels, string>>, success: boolean, seconds: number): void;
  readonly received: CounterSeries;
  readonly successful: CounterSeries;
  readonly validationFailures: Counter;
  readonly aclFailures: Counter<Labels>;
  readonly endorsementFailures: Counter<Labels | 'chaincodeerror'>;
  readonly duplicates: Counter<Labels>;
  readonly simulationFailures: Counter<Labels>;
}

/** Names of chaincode that have series of their own; a peer has far fewer. */
export const MAX_CHAINCODES = 500;
/** Go's client library has these buckets where none are named. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LABELS = ['channel', 'chaincode'] as const;

export function createEndorserMetrics(registry: Registry): EndorserMetrics {
  const registers = [registry];
  const duration = new HeldHistogram({
    name: 'endorser_proposal_duration',
    help: 'The time to complete a proposal.',
    labelNames: [...LABELS, 'success'],
    buckets: BUCKETS,
    registers,
  });
  const durations = new ByLabels((channel, chaincode, success) => duration.held({ channel, chaincode, success }));
  const known = new Set<string>();
  return {
    labels({ channelId: channel, chaincode }) {
      if (known.size < MAX_CHAINCODES) {
        known.add(chaincode);
      }
      return { channel, chaincode: known.has(chaincode) ? chaincode : 'other' };
    },
    completed: ({ channel, chaincode }, success, seconds) =>
      durations.of(channel, chaincode, String(success)).observe(seconds),
    received: new HeldCounter({
      name: 'endorser_proposals_received',
      help: 'The number of proposals received.',
      registers,
    }).held({}),
    successful: new HeldCounter({
      name: 'endorser_successful_proposals',
      help: 'The number of successful proposals.',
      registers,
    }).held({}),
    validationFailures: new Counter({
      name: 'endorser_proposal_validation_failures',
      help: 'The number of proposals that have failed initial validation.',
      registers,
    }),
    aclFailures: new Counter({
      name: 'endorser_proposal_acl_failures',
      help: 'The number of proposals that failed ACL checks.',
      labelNames: LABELS,
      registers,
    }),
    endorsementFailures: new Counter({
      name: 'endorser_endorsement_failures',
      help: 'The number of failed endorsements.',
      labelNames: [...LABELS, 'chaincodeerror'],
      registers,
    }),
    duplicates: new Counter({
      name: 'endorser_duplicate_transaction_failures',
      help: 'The number of failed proposals due to duplicate transaction ID.',
      labelNames: LABELS,
      registers,
    }),
    simulationFailures: new Counter({
      name: 'endorser_proposal_simulation_failures',
      help: 'The number of failed proposal simulations',
      labelNames: LABELS,
      registers,
    }),
  };
}
