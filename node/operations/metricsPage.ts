import { metricsCatalogue, type MetricDescription, type NodeKind } from './metricsCatalogue.ts';
import { statsdName } from './statsdName.ts';

/** A metric of Fabric's nodes, by its metrics reference. */
export interface FabricMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** Name in StatsD, with labels as `%{label}`. */
  readonly statsd: string;
  readonly nodes: readonly NodeKind[];
  /** As recorded nodes showed them. */
  readonly buckets?: readonly number[];
}

/** Why nodes do not tell what Fabric's tell, by the beginning of names. */
export const ABSENT: readonly (readonly [string, string])[] = [
  ['cluster_comm_', 'an orderer orders its channels alone: there is no other that it would speak with'],
  ['consensus_BFT_', 'channels of the consensus type BFT are not ordered here'],
  ['consensus_smartbft_', 'channels of the consensus type BFT are not ordered here'],
  ['consensus_etcdraft_snapshot_block_number', 'an orderer that is alone needs no snapshots for others'],
  ['couchdb_', 'the state database is LevelDB or memory'],
  ['dockercontroller_', 'chaincode runs as a process or a service, never in a container'],
  ['endorser_chaincode_instantiation_failures', 'of the lifecycle before 2.0, which is not built here'],
  ['gossip_comm_', 'blocks come from the ordering service to each peer by itself'],
  ['gossip_membership_', 'a peer knows others by configuration: there is nobody to be missed'],
  ['gossip_payload_buffer_', 'blocks come from the ordering service in order'],
  ['gossip_privdata_', 'private data do not come from other peers yet'],
];

/** Names that Prometheus' clients have in common. */
const COMMON = /^(?:process|nodejs)_/;

/** `docs/reference/metrics.md`. @param fabric all metrics of Fabric's nodes */
export function metricsPage(fabric: readonly FabricMetric[]): string {
  const all = metricsCatalogue();
  const names = new Set(fabric.map(({ name }) => name));
  const theirs = all.filter(({ name }) => names.has(name));
  const ours = all.filter(({ name }) => !names.has(name) && !COMMON.test(name));
  const absent = fabric.filter(({ name }) => !all.some((one) => one.name === name));
  return `<!-- Made by \`npm run docs\` from what the nodes declare; a test proves it current. -->
# Metrics of peers and orderers

Nodes tell their metrics at \`/metrics\` of the operations service (\`operations.listenAddress\`, \`Operations.ListenAddress\`) where \`metrics.provider\` is \`prometheus\`, and send them to
a StatsD server where it is \`statsd\`. Metrics that Fabric 3.1 has keep name, type, labels and meaning: dashboards and alerts made for Fabric go on. Ours begin with \`ftl_\`.

In StatsD the values of labels are parts of the name, in the order given here; what a label's value may not hold there (\`.\`, \`|\`, \`:\`, blanks) becomes \`_\`. Histograms are sent as
timings, each observation in its own unit, which is seconds, as in Fabric.

## Fabric's

${table(theirs)}

Two things are counted otherwise: system chaincodes ask the ledger themselves and are not in \`chaincode_shim_…\`, and chaincode is launched when it is first called, not when its
definition is committed, so \`chaincode_launch_…\` begins then.

## Ours

${table(ours)}

## Of every Node.js process

\`process_…\` and \`nodejs_…\` are prom-client's default metrics, for dashboards that know them: processor, memory, open files, event loop delay, garbage collection, sockets. Go's own
(\`go_…\`, \`promhttp_…\`) have no counterpart.

## Fabric's that are absent

| name | of | why |
| --- | --- | --- |
${absent.map(({ name, nodes }) => `| \`${name}\` | ${nodes.join(', ')} | ${whyAbsent(name) ?? ''} |`).join('\n')}
`;
}

export function whyAbsent(name: string): string | null {
  return ABSENT.find(([begin]) => name.startsWith(begin))?.[1] ?? null;
}

function table(metrics: readonly MetricDescription[]): string {
  const rows = metrics.map(({ name, type, labels, help, nodes }) => {
    const bucket = statsdName(name, [], {});
    const cells = [`\`${name}\``, type, labels.join(', '), nodes.join(', '), help, `\`${bucket}\``];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| name | type | labels | of | meaning | in StatsD |', '| --- | --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}
