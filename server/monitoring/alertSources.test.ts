import { afterAll, describe, expect, it } from 'vitest';
import { answers, standIn } from '../test/standIn.ts';
import { alertOf, sortAlerts } from './alerts.ts';
import { alertmanagerAlerts, prometheusAlerts } from './alertSources.ts';
import { PrometheusClient } from './prometheusClient.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const timeoutMs = 20_000;
const at = async (paths: Parameters<typeof answers>[0]) => stack.use(await standIn(answers(paths))).url.href;

/** As Alertmanager 0.25 tells it. */
const held = (name: string, state: string) => ({
  annotations: { summary: `${name} fires`, description: 'Look.' },
  endsAt: '2026-11-21T00:24:43.600Z',
  fingerprint: '2b8c3b2f0b2b7d0c',
  receivers: [{ name: 'mail' }],
  startsAt: '2026-11-21T00:19:43.600Z',
  status: { inhibitedBy: [], silencedBy: [], state },
  updatedAt: '2026-11-21T00:20:43.600Z',
  generatorURL: 'http://prometheus:9090/graph',
  labels: { alertname: name, severity: 'critical', node: 'peer0', msp: 'Org1MSP', channel: 'mychannel' },
});

describe('Alertmanager', () => {
  it('tells what is active, also what is silenced', async () => {
    let query = '';
    const url = await at({
      '/am/api/v2/alerts': (request, response) => {
        query = request.url ?? '';
        response.end(JSON.stringify([held('FtlPeerDown', 'active'), held('FtlDiskFull', 'suppressed')]));
      },
    });
    const source = alertmanagerAlerts({ url: `${url}am/`, timeoutMs });
    expect(await source.active()).toMatchObject([
      {
        name: 'FtlPeerDown',
        severity: 'critical',
        node: 'peer0',
        msp: 'Org1MSP',
        channel: 'mychannel',
        summary: 'FtlPeerDown fires',
        description: 'Look.',
        since: '2026-11-21T00:19:43.600Z',
        silenced: false,
      },
      { name: 'FtlDiskFull', silenced: true },
    ]);
    expect(query).toBe('/am/api/v2/alerts?active=true');
  });

  it.each([
    ['without JSON', '<html>', 'Alertmanager answered 200 without JSON: there is no API of its kind at that address'],
    ['another API', { status: 'success' }, 'Alertmanager answered 200 with what its API does not'],
  ])('is told of by name where it answers %s', async (_, body, message) => {
    const source = alertmanagerAlerts({ url: await at({ '/api/v2/alerts': body }), timeoutMs });
    await expect(source.active()).rejects.toMatchObject({ code: 'bad_answer', message });
  });
});

describe('Prometheus', () => {
  it('tells what its rules say, but for what only waits', async () => {
    const { annotations, labels } = held('FtlPeerDown', '');
    const one = { labels, annotations, state: 'firing', activeAt: '2026-11-21T00:19:43.6Z', value: '1e+00' };
    const url = await at({
      '/api/v1/alerts': { status: 'success', data: { alerts: [one, { ...one, state: 'pending' }] } },
    });
    const client = new PrometheusClient({ url, timeoutMs });
    expect(await prometheusAlerts(client).active()).toMatchObject([
      { name: 'FtlPeerDown', node: 'peer0', since: '2026-11-21T00:19:43.6Z', silenced: false },
    ]);
  });
});

const make = (name: string, severity: string, since: string | null, silenced = false) =>
  alertOf({ alertname: name, severity }, {}, since, silenced);

describe('an alert', () => {
  it('of a rule of somebody else is understood as far as it goes', () => {
    expect(alertOf({}, {}, null, false)).toEqual({
      name: 'unnamed',
      severity: 'warning',
      node: null,
      msp: null,
      channel: null,
      summary: 'unnamed',
      description: null,
      runbook: null,
      since: null,
      silenced: false,
      labels: {},
    });
    for (const [runbook, link] of [
      ['https://wiki.example.org/a?b#c', 'https://wiki.example.org/a?b#c'],
      ['docs/runbooks/A.md', null],
      ['javascript:alert(1)', null],
      [`https://example.org/${'x'.repeat(1000)}`, null],
    ] as const) {
      expect(alertOf({}, { runbook_url: runbook }, null, false).runbook).toBe(link);
    }
    const told = alertOf({ alertname: 'A', severity: 'page', peer: 'p' }, { message: 'x'.repeat(2000) }, null, true);
    expect(told).toMatchObject({
      name: 'A',
      severity: 'warning',
      node: 'p',
      summary: 'x'.repeat(1000),
      silenced: true,
    });
  });

  it('comes before others that are less grave or came later, and all before what is silenced', () => {
    const sorted = sortAlerts([
      make('silenced', 'critical', '2026-01-01', true),
      make('info', 'info', '2026-01-01'),
      make('late', 'critical', '2026-01-03'),
      make('warning', 'warning', null),
      make('early', 'critical', '2026-01-02'),
    ]);
    expect(sorted.map(({ name }) => name)).toEqual(['early', 'late', 'warning', 'info', 'silenced']);
  });
});
