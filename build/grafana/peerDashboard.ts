import { type DashboardSpec, mean, p95, processPanels, rate } from './panels.ts';

const NODE = '{kind="peer", node=~"$node"}';
const CHANNEL = '{node=~"$node", channel=~"$channel"}';

export const PEER: DashboardSpec = {
  uid: 'ftl-peer',
  title: 'FTL: peers',
  about:
    'Ledgers, commits, proposals and resources of peers, FTL’s and Go Fabric’s. What only one of them tells says so.',
  variables: ['node', 'channel'],
  rows: [
    {
      title: 'Ledger',
      panels: [
        {
          title: 'Height',
          about: 'Blocks in the ledger.',
          queries: [[`ledger_blockchain_height${CHANNEL}`, '{{node}} {{channel}}']],
        },
        {
          title: 'Behind',
          about: 'Blocks that it lacks of those that the channel had a minute ago.',
          queries: [[`node_channel:ledger_blockchain_height:behind${CHANNEL}`, '{{node}} {{channel}}']],
          leadsTo: ['Transactions that peers lack', '/?q=finding:not_committed_by'],
        },
        {
          title: 'Transactions by result',
          about: 'Committed transactions a second, by validation code.',
          queries: [
            [
              rate('ledger_transaction_count', 'node, channel, validation_code', CHANNEL),
              '{{node}} {{validation_code}}',
            ],
          ],
          leadsTo: [
            'These transactions in FTL',
            '/?q=channel:${__field.labels.channel}%20code:${__field.labels.validation_code}',
          ],
        },
      ],
    },
    {
      title: 'Commit',
      panels: [
        {
          title: 'Time to commit a block',
          about: '95 of 100 blocks take less, from validation to the state database.',
          queries: [[p95('gossip_state_commit_duration', 'node, channel', CHANNEL), '{{node}} {{channel}}']],
          unit: 's',
        },
        {
          title: 'Time to commit a block, by step',
          about: 'On the average. The step that grew is the one to look at.',
          queries: [
            [mean('gossip_privdata_validation_duration', 'node', CHANNEL), '{{node}} validation'],
            [mean('ledger_block_processing_time', 'node', CHANNEL), '{{node}} conflicts'],
            [mean('ledger_blockstorage_and_pvtdata_commit_time', 'node', CHANNEL), '{{node}} blocks and private data'],
            [mean('ledger_statedb_commit_time', 'node', CHANNEL), '{{node}} state database'],
          ],
          unit: 's',
        },
        {
          title: 'Time of each step, FTL’s peers',
          about: 'Seconds a second that blocks spend in each step of their way into the ledger.',
          queries: [[rate('ftl_commit_step_seconds_total', 'node, step', CHANNEL), '{{node}} {{step}}']],
          unit: 's',
        },
      ],
    },
    {
      title: 'Clients',
      panels: [
        {
          title: 'Proposals',
          about: 'A second; the lower line are those that were endorsed.',
          queries: [
            [rate('endorser_proposals_received', 'node', NODE), '{{node}} received'],
            [rate('endorser_successful_proposals', 'node', NODE), '{{node}} endorsed'],
          ],
          leadsTo: ['Failed endorsements in FTL', '/?q=finding:endorsement_failed'],
        },
        {
          title: 'Time to endorse',
          about: '95 of 100 proposals take less.',
          queries: [[p95('endorser_proposal_duration', 'node, chaincode', CHANNEL), '{{node}} {{chaincode}}']],
          unit: 's',
        },
        {
          title: 'Calls by method',
          about: 'Single calls and streams a second that began.',
          queries: [
            [rate('grpc_server_unary_requests_received', 'node, method', NODE), '{{node}} {{method}}'],
            [rate('grpc_server_stream_requests_received', 'node, method', NODE), '{{node}} {{method}}'],
          ],
        },
        {
          title: 'Calls by status',
          about: 'Single calls a second that ended, by gRPC status.',
          queries: [[rate('grpc_server_unary_requests_completed', 'node, code', NODE), '{{node}} {{code}}']],
        },
        {
          title: 'Blocks sent',
          about: 'To clients of the Deliver service, a second.',
          queries: [[rate('deliver_blocks_sent', 'node, data_type', CHANNEL), '{{node}} {{data_type}}']],
        },
        {
          title: 'Connections',
          about: 'Open ones of gRPC.',
          queries: [[`grpc_comm_conn_opened${NODE} - grpc_comm_conn_closed${NODE}`, '{{node}}']],
        },
      ],
    },
    {
      title: 'Resources',
      panels: [
        ...processPanels(NODE),
        {
          title: 'Open files',
          about: 'Of those that the process may have.',
          queries: [[`process_open_fds${NODE} / process_max_fds${NODE}`, '{{node}}']],
          unit: 'percentunit',
        },
        {
          title: 'Goroutines, Go’s peers',
          about: 'A number that only grows is a leak.',
          queries: [[`go_goroutines${NODE}`, '{{node}}']],
        },
        {
          title: 'Event loop, FTL’s peers',
          about: 'Share of the time that it is at work; towards 1 everything waits.',
          queries: [[`rate(ftl_event_loop_active_seconds_total${NODE}[$__rate_interval])`, '{{node}}']],
          unit: 'percentunit',
        },
        {
          title: 'Signatures that wait, FTL’s peers',
          about: 'For a thread that checks them.',
          queries: [[`ftl_worker_waiting_signatures${NODE}`, '{{node}}']],
        },
        {
          title: 'Free disk, FTL’s nodes',
          about: 'What they may still write where their ledgers lie. Go’s nodes tell nothing of disks.',
          queries: [[`ftl_disk_free_bytes{node=~"$node"}`, '{{node}}']],
          unit: 'bytes',
        },
        {
          title: 'Certificates, FTL’s nodes',
          about: 'Time until they expire. Go’s nodes write it into their logs only.',
          queries: [[`ftl_certificate_expiry_seconds{node=~"$node"}`, '{{node}} {{certificate}}']],
          unit: 's',
        },
        {
          title: 'Cost of tracing, FTL’s nodes',
          about: 'Share of the event loop’s time that is spent on trace records.',
          queries: [[`rate(ftl_trace_seconds_total{node=~"$node"}[$__rate_interval])`, '{{node}}']],
          unit: 'percentunit',
        },
      ],
    },
  ],
};
