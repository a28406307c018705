import { type DashboardSpec, grown, p95, processPanels, rate } from './panels.ts';

const NODE = '{kind="orderer", node=~"$node"}';
const CHANNEL = '{kind="orderer", node=~"$node", channel=~"$channel"}';

export const ORDERER: DashboardSpec = {
  uid: 'ftl-orderer',
  title: 'FTL: orderers',
  about:
    'What orderers take and cut into blocks, who leads, and their resources; FTL’s and Go Fabric’s. What only one of them tells says so.',
  variables: ['orderer', 'channel'],
  rows: [
    {
      title: 'Ordering',
      panels: [
        {
          title: 'Broadcasts by status',
          about: 'Transactions a second that clients sent, by the answer.',
          queries: [
            [rate('broadcast_processed_count', 'node, channel, status', CHANNEL), '{{node}} {{status}} {{channel}}'],
          ],
          leadsTo: ['Refused transactions in FTL', '/?q=finding:rejected_by_orderer'],
        },
        {
          title: 'Time to take a transaction',
          about: '95 of 100 take less to be checked, and to be handed to consensus.',
          queries: [
            [p95('broadcast_validate_duration', 'node', CHANNEL), '{{node}} check'],
            [p95('broadcast_enqueue_duration', 'node', CHANNEL), '{{node}} enqueue'],
          ],
          unit: 's',
        },
        {
          title: 'Time to fill a block',
          about:
            '95 of 100 blocks take less from their first transaction until they are cut; at most the batch timeout. The leader’s.',
          queries: [[p95('blockcutter_block_fill_duration', 'node, channel', CHANNEL), '{{node}} {{channel}}']],
          unit: 's',
        },
        {
          title: 'Height',
          about: 'Blocks in the ledger.',
          queries: [[`ledger_blockchain_height${CHANNEL}`, '{{node}} {{channel}}']],
        },
        {
          title: 'Blocks sent',
          about: 'To peers and clients, a second.',
          queries: [[rate('deliver_blocks_sent', 'node, channel', CHANNEL), '{{node}} {{channel}}']],
        },
        {
          title: 'Time to write a block',
          about: '95 of 100 take less: the disk.',
          queries: [[p95('ledger_blockstorage_commit_time', 'node, channel', CHANNEL), '{{node}} {{channel}}']],
          unit: 's',
        },
      ],
    },
    {
      title: 'Consensus',
      panels: [
        {
          title: 'Leader',
          about: '1 for the orderer that leads; with BFT as of the newest block.',
          queries: [
            [`consensus_etcdraft_is_leader${CHANNEL} or consensus_BFT_is_leader${CHANNEL}`, '{{node}} {{channel}}'],
          ],
        },
        {
          title: 'Changes of the leader (Raft)',
          about: 'Within an hour; many mean slow disks or a bad network.',
          queries: [[grown(`consensus_etcdraft_leader_changes${CHANNEL}`), '{{node}} {{channel}}']],
        },
        {
          title: 'Nodes',
          about: 'Active ones, as the leader sees them (Raft), of those that the channel has.',
          queries: [
            [`consensus_etcdraft_active_nodes${CHANNEL}`, '{{node}} active {{channel}}'],
            [
              `consensus_etcdraft_cluster_size${CHANNEL} or consensus_BFT_cluster_size${CHANNEL}`,
              '{{node}} all {{channel}}',
            ],
          ],
        },
        {
          title: 'Proposals (Raft)',
          about: 'Normal and configuration transactions a second that reached consensus.',
          queries: [
            [rate('consensus_etcdraft_normal_proposals_received', 'node', CHANNEL), '{{node}} normal'],
            [rate('consensus_etcdraft_config_proposals_received', 'node', CHANNEL), '{{node}} config'],
          ],
        },
        {
          title: 'Time to persist (Raft)',
          about: '95 of 100 writes of consensus take less. Above a tenth of the election timeout leaders change.',
          queries: [
            [p95('consensus_etcdraft_data_persist_duration', 'node, channel', CHANNEL), '{{node}} {{channel}}'],
          ],
          unit: 's',
        },
        {
          title: 'Messages between orderers, Go’s orderers',
          about: 'That wait to be sent, by receiver.',
          queries: [[`cluster_comm_egress_queue_length${CHANNEL}`, '{{node}} {{host}} {{msg_type}}']],
        },
      ],
    },
    {
      title: 'Resources',
      panels: [
        ...processPanels(NODE),
        {
          title: 'Calls',
          about: 'Streams a second that began.',
          queries: [[rate('grpc_server_stream_requests_received', 'node, method', NODE), '{{node}} {{method}}']],
        },
      ],
    },
  ],
};
