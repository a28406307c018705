/** Beginnings of names whose parts Fabric joins by dots, the longest first. */
const NAMESPACES: readonly (readonly [string, string])[] = [
  ['cluster_comm_', 'cluster.comm.'],
  ['consensus_BFT_', 'consensus.BFT.'],
  ['consensus_etcdraft_', 'consensus.etcdraft.'],
  ['gossip_comm_', 'gossip.comm.'],
  ['gossip_leader_election_', 'gossip.leader_election.'],
  ['gossip_membership_', 'gossip.membership.'],
  ['gossip_payload_buffer_', 'gossip.payload_buffer.'],
  ['gossip_privdata_', 'gossip.privdata.'],
  ['gossip_state_', 'gossip.state.'],
  ['grpc_comm_', 'grpc.comm.'],
  ['grpc_server_', 'grpc.server.'],
  ['blockcutter_', 'blockcutter.'],
  ['broadcast_', 'broadcast.'],
  ['chaincode_', 'chaincode.'],
  ['deliver_', 'deliver.'],
  ['endorser_', 'endorser.'],
  ['ledger_', 'ledger.'],
  ['logging_', 'logging.'],
  ['participation_', 'participation.'],
  ['ftl_', 'ftl.'],
  ['nodejs_', 'nodejs.'],
  ['process_', 'process.'],
];

/**
 * What a metric is called in StatsD: namespace and name by dots, then the values of its labels in the order of their declaration
 * (Fabric, `StatsdFormat` of each metric, fabric-lib-go `namer`).
 */
export function statsdName(
  name: string,
  labelNames: readonly string[],
  labels: Readonly<Record<string, string | number | undefined>>,
): string {
  const [prefix = '', dotted = ''] = NAMESPACES.find(([begin]) => name.startsWith(begin)) ?? [];
  const values = labelNames.map((label) => String(labels[label] ?? 'unknown').replaceAll(/[.|:\s]/g, '_'));
  return [`${dotted}${name.slice(prefix.length)}`, ...values].join('.');
}
