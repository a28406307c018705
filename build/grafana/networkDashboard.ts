import { type DashboardSpec, grown, p95 } from './panels.ts';

const CHANNEL = '{channel=~"$channel"}';

export const NETWORK: DashboardSpec = {
  uid: 'ftl-network',
  title: 'FTL: network',
  about:
    'Which nodes run, how far each is, what becomes of transactions. To see one transaction, put its ID into the box and follow the link.',
  variables: ['channel', 'transaction'],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Nodes that do not answer',
          about: 'Peers and orderers whose operations service gives Prometheus no answer.',
          queries: [['count(up{kind=~"peer|orderer"} == 0) or vector(0)', '']],
          kind: 'number',
          redFrom: 1,
        },
        {
          title: 'Alerts',
          about: 'Alerts that fire, by Prometheus’ rules.',
          queries: [['count(ALERTS{alertstate="firing"}) or vector(0)', '']],
          kind: 'number',
          redFrom: 1,
        },
        {
          title: 'Height',
          about: 'Blocks of each channel, as far as any node has them.',
          queries: [[`channel:ledger_blockchain_height:max${CHANNEL}`, '{{channel}}']],
          kind: 'number',
        },
        {
          title: 'Transactions a second',
          about: 'Committed, valid or not, over five minutes.',
          queries: [[`channel:ledger_transaction_count:rate5m${CHANNEL}`, '{{channel}}']],
          kind: 'number',
        },
        {
          title: 'Conflicts',
          about: 'Share of transactions that failed as others changed what they had read.',
          queries: [[`channel:ledger_transaction_count:conflict_ratio5m${CHANNEL}`, '{{channel}}']],
          unit: 'percentunit',
          kind: 'number',
          redFrom: 0.05,
        },
        {
          title: 'Farthest behind',
          about: 'Blocks that the slowest peer lacks of those that the channel had a minute ago.',
          queries: [[`max by (channel) (node_channel:ledger_blockchain_height:behind${CHANNEL})`, '{{channel}}']],
          kind: 'number',
          redFrom: 1,
        },
      ],
    },
    {
      title: 'Nodes',
      panels: [
        {
          title: 'Answering',
          about: '1 where the node’s operations service answered the last scrape, else 0.',
          queries: [['up{kind=~"peer|orderer"}', '{{node}}']],
        },
        {
          title: 'Height',
          about: 'Blocks in the ledger of each node. Lines that part show who is behind.',
          queries: [[`ledger_blockchain_height${CHANNEL}`, '{{node}} {{channel}}']],
        },
        {
          title: 'Behind',
          about:
            'Blocks that a peer lacks of those that the channel had a minute ago; of one that does not answer since it last did.',
          queries: [[`node_channel:ledger_blockchain_height:behind${CHANNEL}`, '{{node}} {{channel}}']],
          leadsTo: ['Transactions that peers lack', '/?q=finding:not_committed_by'],
        },
      ],
    },
    {
      title: 'Transactions',
      panels: [
        {
          title: 'By result',
          about: 'Transactions a second by validation code. A value leads to these transactions in FTL.',
          queries: [[`channel_code:ledger_transaction_count:rate5m${CHANNEL}`, '{{validation_code}} {{channel}}']],
          leadsTo: [
            'These transactions in FTL',
            '/?q=channel:${__field.labels.channel}%20code:${__field.labels.validation_code}',
          ],
        },
        {
          title: 'Refused proposals',
          about: 'Share of the proposals that each peer refuses.',
          queries: [['node:endorser_proposals:failure_ratio5m', '{{node}}']],
          unit: 'percentunit',
          leadsTo: ['Failed endorsements in FTL', '/?q=finding:endorsement_failed'],
        },
        {
          title: 'Time of each step',
          about:
            '95 of 100 take less: endorsing a proposal, waiting in the orderer until a block is cut, committing a block.',
          queries: [
            [p95('endorser_proposal_duration', 'channel', CHANNEL), 'endorse {{channel}}'],
            [p95('blockcutter_block_fill_duration', 'channel', CHANNEL), 'order {{channel}}'],
            [p95('gossip_state_commit_duration', 'channel', CHANNEL), 'commit {{channel}}'],
          ],
          unit: 's',
        },
      ],
    },
    {
      title: 'By traces',
      panels: [
        {
          title: 'Time of each stage',
          about:
            '95 of 100 transactions take less, from their traces: the same clock for all, corrected. Dots are single transactions.',
          queries: [[p95('ftl_stage_duration_seconds', 'channel, stage', CHANNEL), '{{stage}} {{channel}}']],
          unit: 's',
          exemplars: true,
        },
        {
          title: 'Results',
          about: 'Transactions a second by validation code, each counted once.',
          queries: [
            [
              `sum by (channel, code) (rate(ftl_transactions_total${CHANNEL}[$__rate_interval]))`,
              '{{code}} {{channel}}',
            ],
          ],
          leadsTo: ['These transactions in FTL', '/?q=channel:${__field.labels.channel}%20code:${__field.labels.code}'],
        },
        {
          title: 'Findings',
          about: 'What FTL found to be wrong or odd, within the last hour.',
          queries: [[`sum by (channel, code) (${grown(`ftl_findings_total${CHANNEL}`)})`, '{{code}} {{channel}}']],
          leadsTo: [
            'These transactions in FTL',
            '/?q=channel:${__field.labels.channel}%20finding:${__field.labels.code}',
          ],
        },
        {
          title: 'Peers behind',
          about:
            'How long ago a block was seen that the peer has not committed by its records; needs no metrics of the peer.',
          queries: [[`ftl_peer_behind_seconds${CHANNEL}`, '{{peer}} {{channel}}']],
          unit: 's',
        },
        {
          title: 'Blocks that peers lack',
          about: 'By their records.',
          queries: [[`ftl_peer_behind_blocks${CHANNEL}`, '{{peer}} {{channel}}']],
        },
        {
          title: 'Incomplete',
          about:
            'Transactions of the last day that were endorsed and are in no block, and those that some peers have committed and others, a minute later, have not.',
          queries: [
            [`ftl_endorsed_never_ordered${CHANNEL}`, 'never ordered {{channel}}'],
            [`ftl_partially_committed${CHANNEL}`, 'not committed by all {{channel}}'],
          ],
        },
      ],
    },
  ],
};
