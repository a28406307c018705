import { type DashboardSpec, grown, p95, rate } from './panels.ts';

const CHAINCODE = '{channel=~"$channel", chaincode=~"$chaincode"}';
/** In these the version follows the name; or they name the package, by its label and hash. */
const VERSIONS = '{channel=~"$channel", chaincode=~"($chaincode)(_|:|[.]|$).*"}';
const LAUNCHED = '{chaincode=~"($chaincode)(_|:|[.]|$).*"}';

export const CHAINCODE_DASHBOARD: DashboardSpec = {
  uid: 'ftl-chaincode',
  title: 'FTL: chaincode',
  about: 'What is asked of chaincodes, how long they take, what they ask of the ledger, and when they fail.',
  variables: ['channel', 'chaincode'],
  rows: [
    {
      title: 'Proposals',
      panels: [
        {
          title: 'Proposals',
          about: 'A second, over all peers.',
          queries: [
            [rate('endorser_proposal_duration_count', 'chaincode, channel', CHAINCODE), '{{chaincode}} {{channel}}'],
          ],
        },
        {
          title: 'Failed proposals',
          about: 'A second, by peer.',
          queries: [
            [
              rate(
                'endorser_proposal_duration_count',
                'chaincode, channel, node',
                '{channel=~"$channel", chaincode=~"$chaincode", success="false"}',
              ),
              '{{chaincode}} {{node}} {{channel}}',
            ],
          ],
          leadsTo: [
            'These transactions in FTL',
            '/?q=channel:${__field.labels.channel}%20chaincode:${__field.labels.chaincode}%20finding:endorsement_failed',
          ],
        },
        {
          title: 'Time to endorse',
          about: '95 of 100 proposals take less.',
          queries: [[p95('endorser_proposal_duration', 'chaincode, channel', CHAINCODE), '{{chaincode}} {{channel}}']],
          unit: 's',
        },
      ],
    },
    {
      title: 'Execution',
      panels: [
        {
          title: 'Requests to the ledger',
          about:
            'A second, by kind: what the chaincode reads and writes. Of one that is chosen, the packages whose label begins with its name.',
          queries: [[rate('chaincode_shim_requests_received', 'chaincode, type', VERSIONS), '{{chaincode}} {{type}}']],
        },
        {
          title: 'Time of requests to the ledger',
          about:
            '95 of 100 take less, by kind. Slow reads: the state database. Of one that is chosen, the packages whose label begins with its name.',
          queries: [[p95('chaincode_shim_request_duration', 'chaincode, type', VERSIONS), '{{chaincode}} {{type}}']],
          unit: 's',
        },
        {
          title: 'Time to start',
          about:
            'On the average of all starts; of a service: to reach it. Of one that is chosen, the packages whose label begins with its name.',
          queries: [
            [
              `sum by (node, chaincode, success) (chaincode_launch_duration_sum${LAUNCHED}) / sum by (node, chaincode, success) (chaincode_launch_duration_count${LAUNCHED})`,
              '{{node}} {{chaincode}} {{success}}',
            ],
          ],
          unit: 's',
        },
        {
          title: 'Out of time',
          about: 'Executions within an hour that took longer than the peer waits.',
          queries: [[`sum(${grown('chaincode_execute_timeouts')}) or vector(0)`, 'executions']],
          kind: 'number',
          redFrom: 1,
          width: 6,
        },
        {
          title: 'Failed starts',
          about: 'Within an hour.',
          queries: [[`sum(${grown('chaincode_launch_failures')}) or vector(0)`, 'starts']],
          kind: 'number',
          redFrom: 1,
          width: 6,
        },
      ],
    },
    {
      title: 'Results',
      panels: [
        {
          title: 'Transactions by chaincode and result',
          about: 'A second, as the peers commit them.',
          queries: [
            [
              `max by (channel, chaincode, validation_code) (sum by (node, channel, chaincode, validation_code) (rate(ledger_transaction_count${VERSIONS}[$__rate_interval])))`,
              '{{chaincode}} {{validation_code}} {{channel}}',
            ],
          ],
          width: 12,
          leadsTo: [
            'These transactions in FTL',
            '/?q=channel:${__field.labels.channel}%20code:${__field.labels.validation_code}',
          ],
        },
      ],
    },
  ],
};
