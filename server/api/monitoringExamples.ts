/** What the API's document shows as answers about nodes. Each is checked against its schema. */
const NODE = { node: 'peer0.org1.example.com', msp: 'Org1MSP' };
const AT = Date.parse('2026-11-21T00:20:00Z');

export const HEALTH_EXAMPLE = {
  id: 'Org1MSP/peer0.org1.example.com',
  ...NODE,
  kind: 'peer',
  health: 'failing',
  failedChecks: [{ component: 'ledger', reason: 'the disk is full' }],
  problem: null,
  version: '0.1.0',
  checkedAt: '2026-11-21T00:20:43.600Z',
  heights: [{ channel: 'mychannel', height: 5, at: '2026-11-21T00:20:41.200Z' }],
  heightsProblem: null,
  logSpecChange: null,
};

export const MONITORING_EXAMPLE = {
  metrics: 'scraper',
  alerts: 'own',
  mayChange: true,
  items: [HEALTH_EXAMPLE],
  channels: [{ channel: 'mychannel', heightMinuteAgo: 4 }],
};

export const METRICS_EXAMPLE = {
  node: HEALTH_EXAMPLE.id,
  source: 'scraper',
  from: '2026-11-21T00:20:00.000Z',
  to: '2026-11-21T00:20:10.000Z',
  stepMs: 5000,
  since: '2026-11-20T23:58:11.000Z',
  problem: null,
  panels: [
    {
      id: 'height',
      title: 'Block height',
      unit: 'blocks',
      metric: 'ledger_blockchain_height',
      lines: [
        {
          name: 'mychannel',
          points: [
            [AT, 4],
            [AT + 5000, 4],
            [AT + 10_000, 5],
          ],
        },
      ],
      more: 0,
    },
  ],
};

export const LOG_SPEC_EXAMPLE = {
  spec: 'gossip=debug:info',
  change: {
    spec: 'gossip=debug:info',
    restores: 'info',
    until: '2026-11-21T00:30:43.600Z',
    by: 'operator',
    problem: null,
  },
};

export const ALERT_EXAMPLE = {
  name: 'FtlPeerDown',
  severity: 'critical',
  nodes: [HEALTH_EXAMPLE.id],
  organisation: null,
  ...NODE,
  channel: null,
  summary: 'Peer peer0.org1.example.com of Org1MSP does not answer',
  description: null,
  runbook: null,
  since: '2026-11-21T00:19:43.600Z',
  silenced: false,
  labels: { alertname: 'FtlPeerDown', severity: 'critical', kind: 'peer', ...NODE },
};
