import type { TLSSocket } from 'node:tls';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, expect, test } from 'vitest';
import { operationsService } from '#test/harness/operationsService.ts';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { standIn } from '../test/standIn.ts';
import { Monitoring, type MonitoringOptions } from './monitoring.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const tls = tlsMaterial();

function monitoring(options: MonitoringOptions): Monitoring {
  const made = new Monitoring(options, { logger: pino({ level: 'silent' }), registry: new Registry() });
  stack.defer(() => made.close());
  return made;
}
const NOW = Date.now();
const RANGE = { from: NOW - 10_000, to: NOW, stepMs: 5000 };

test('nodes are shown the certificate; Prometheus and Alertmanager are trusted by the same authority and are not', async () => {
  const shown: boolean[] = [];
  const { url } = stack.use(
    await standIn(
      (request, response) => {
        shown.push((request.socket as TLSSocket).getPeerX509Certificate() !== undefined);
        response.end(request.url?.startsWith('/api/v2') === true ? '[]' : '{"data":{"result":[]}}');
      },
      { ...tls.server, ca: tls.ca, requestCert: true, rejectUnauthorized: false },
    ),
  );
  const node = stack.use(await operationsService({}, tls));
  const target = targetAt(node.url);
  const both = monitoring({
    targets: () => [target],
    tls: { ca: tls.ca, ...tls.client },
    prometheus: url.href,
    alertmanager: url.href,
  });
  expect((await both.source.range(target, RANGE)).panels.length).toBeGreaterThan(0);
  expect(await both.alerts.active()).toEqual([]);
  expect(shown).toEqual([false, false]);
  expect(await both.logSpecs.read(target)).toEqual({ spec: 'info', change: null });
});

function kinds(options: MonitoringOptions): readonly string[] {
  const { source, alerts } = monitoring(options);
  return [source.kind, alerts.kind];
}

test('alerts come from the best source that there is', () => {
  const [prometheus, alertmanager] = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  expect(kinds({})).toEqual(['scraper', 'own']);
  expect(kinds({ prometheus })).toEqual(['prometheus', 'prometheus']);
  expect(kinds({ alertmanager })).toEqual(['scraper', 'alertmanager']);
  expect(kinds({ prometheus, alertmanager })).toEqual(['prometheus', 'alertmanager']);
});

test('of two targets of one ID the first counts, whichever list it is of', () => {
  const [one, other] = [targetAt(new URL('http://a:1')), targetAt(new URL('http://b:1'))];
  const found = monitoring({ targets: () => [one, other] }).target(one.id);
  expect(found?.url.href).toBe('http://a:1/');
  expect(monitoring({}).target(one.id)).toBeNull();
});
