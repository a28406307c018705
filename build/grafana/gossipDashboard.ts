import { type DashboardSpec, grown, mean, rate } from './panels.ts';

const NODE = '{kind="peer", node=~"$node"}';
const CHANNEL = '{node=~"$node", channel=~"$channel"}';

export const GOSSIP: DashboardSpec = {
  uid: 'ftl-gossip',
  title: 'FTL: gossip',
  about:
    'Who leads, who sees whom, how blocks and private data get from peer to peer. Peers that take their blocks from the orderers alone tell little of it.',
  variables: ['node', 'channel'],
  rows: [
    {
      title: 'Leaders and members',
      panels: [
        {
          title: 'Leaders by organisation',
          about: 'Peers that take blocks from the orderers. Without leader election each may.',
          queries: [
            ['sum by (msp, channel) (gossip_leader_election_leader{channel=~"$channel"})', '{{msp}} {{channel}}'],
          ],
        },
        {
          title: 'Leader',
          about: '1 for a peer that leads its organisation.',
          queries: [[`gossip_leader_election_leader${CHANNEL}`, '{{node}} {{channel}}']],
        },
        {
          title: 'Peers known',
          about: 'Alive members of the channel, as each peer sees them, itself not counted.',
          queries: [[`gossip_membership_total_peers_known${CHANNEL}`, '{{node}} {{channel}}']],
        },
      ],
    },
    {
      title: 'Messages',
      panels: [
        {
          title: 'Messages',
          about: 'A second.',
          queries: [
            [rate('gossip_comm_messages_received', 'node', NODE), '{{node}} received'],
            [rate('gossip_comm_messages_sent', 'node', NODE), '{{node}} sent'],
          ],
          width: 12,
        },
        {
          title: 'Overflows',
          about: 'Messages within an hour that found no room in the queue of a connection.',
          queries: [[`sum(${grown('gossip_comm_overflow_count')}) or vector(0)`, 'messages']],
          kind: 'number',
          redFrom: 1,
          width: 6,
        },
      ],
    },
    {
      title: 'Blocks and private data',
      panels: [
        {
          title: 'Height',
          about: 'Blocks that gossip has handed to the ledger.',
          queries: [[`gossip_state_height${CHANNEL}`, '{{node}} {{channel}}']],
        },
        {
          title: 'Blocks that wait',
          about: 'That came out of order, or faster than they are committed.',
          queries: [[`gossip_payload_buffer_size${CHANNEL}`, '{{node}} {{channel}}']],
        },
        {
          title: 'Time to commit',
          about: 'On the average: validation, then block and private data.',
          queries: [
            [mean('gossip_privdata_validation_duration', 'node', CHANNEL), '{{node}} validation'],
            [mean('gossip_privdata_commit_block_duration', 'node', CHANNEL), '{{node}} block and private data'],
          ],
          unit: 's',
        },
        {
          title: 'Private data, Go’s peers',
          about: 'Time on the average to send it to others, to find what is missing, and to get it later.',
          queries: [
            [mean('gossip_privdata_send_duration', 'node', CHANNEL), '{{node}} send'],
            [mean('gossip_privdata_list_missing_duration', 'node', CHANNEL), '{{node}} list missing'],
            [mean('gossip_privdata_reconciliation_duration', 'node', CHANNEL), '{{node}} reconcile'],
          ],
          unit: 's',
        },
      ],
    },
  ],
};
