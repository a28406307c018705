import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Counter, Gauge, Histogram } from 'prom-client';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { nodeHealth } from '#node/network/nodeHealth.ts';
import { LoggerLevels } from './loggerLevels.ts';
import { NodeOperations, type NodeOperationsModules, type NodeOperationsOptions } from './nodeOperations.ts';
import type { OperationsTls } from './operationsServer.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-operations-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

const now = new Date();
const authority = issueAuthority('tlsca', 'org1', now);
const pem = ({ certificatePem, keyPem }: ReturnType<typeof issueTls>) => ({ cert: certificatePem, key: keyPem });
const server = issueTls(authority, 'peer0', ['127.0.0.1'], now);
const client = pem(issueTls(authority, 'prometheus', ['client'], now));
const stranger = pem(issueTls(issueAuthority('other', 'org2', now), 'stranger', ['client'], now));
const TLS: OperationsTls = {
  certificate: server.certificatePem,
  key: server.keyPem,
  clientAuthRequired: false,
  clientRoots: [authority.certificatePem],
};

type Written = [level: string, fields: object, message: string];
let written: Written[] = [];
const log = (level: string) => (fields: object, message: string) => void written.push([level, fields, message]);
const sink = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };

async function start(
  options: Partial<NodeOperationsOptions> = {},
  modules: Partial<NodeOperationsModules> = {},
): Promise<NodeOperations> {
  written = [];
  const operations = await NodeOperations.start(
    {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      metrics: { provider: 'prometheus' },
      version: 'v9',
      commit: 'abc123',
      folder,
      ...options,
    },
    { sink, ...modules },
  );
  open.push(() => operations.stop());
  return operations;
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

interface Asking {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** Null: no certificate. Absent: no TLS. */
  readonly as?: { readonly cert: string; readonly key: string } | null;
}

function ask({ address }: NodeOperations, path: string, asking: Asking = {}): Promise<Answer> {
  const { method = 'GET', body, headers = {}, as } = asking;
  const [host, port] = address.split(':');
  const options = { host, port, path, method, headers, agent: false as const };
  return new Promise((resolve, reject) => {
    const request =
      as === undefined
        ? httpRequest(options)
        : httpsRequest({ ...options, ca: authority.certificatePem, ...as, maxVersion: 'TLSv1.2' });
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    request.end(body);
  });
}

const text = async (answer: Promise<Answer>): Promise<string> => {
  const { status, body } = await answer;
  return `${status} ${body.toString()}`;
};

describe('health', () => {
  it('is OK while all checks say so', async () => {
    const operations = await start();
    const { status, headers, body } = await ask(operations, '/healthz');
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const { time, ...rest } = JSON.parse(body.toString()) as { time: string };
    expect(rest).toEqual({ status: 'OK' });
    expect(new Date(time).toISOString()).toBe(time);
    expect(await text(ask(operations, '/healthz', { method: 'POST' }))).toBe('405 ');
    expect(await nodeHealth(operations.address, 5000)).toEqual([]);
    expect(await nodeHealth('127.0.0.1:1', 5000)).toBeNull();
  });

  it('names what has failed, and why', async () => {
    const operations = await start();
    let failure: string | null = 'the disk is full';
    operations.health.register('channels', () =>
      failure === null ? [] : [{ component: 'channel mychannel', reason: failure }],
    );
    operations.health.register('broken', () => {
      throw new Error('a check that fails itself');
    });
    expect(() => operations.health.register('broken', () => [])).toThrow("'broken' is already registered");
    const { status, body } = await ask(operations, '/healthz');
    expect(status).toBe(503);
    expect(JSON.parse(body.toString())).toMatchObject({
      status: 'Service Unavailable',
      failed_checks: [
        { component: 'channel mychannel', reason: 'the disk is full' },
        { component: 'broken', reason: 'a check that fails itself' },
      ],
    });
    expect(await nodeHealth(operations.address, 5000)).toEqual([
      'channel mychannel: the disk is full',
      'broken: a check that fails itself',
    ]);
    failure = null;
    expect((await ask(operations, '/healthz')).body.toString()).not.toContain('mychannel');
  });

  it('is bad where the ledger cannot be written to', async () => {
    const operations = await start({ folder: join(folder, 'gone') });
    const { status, body } = await ask(operations, '/healthz');
    expect(status).toBe(503);
    expect(body.toString()).toMatch(/"component":"ledger","reason":"\S*gone cannot be written to: ENOENT/);
  });

  it('times out where a check does', async () => {
    const operations = await start({}, { healthTimeoutMs: 20 });
    operations.health.register('slow', () => new Promise(() => {}));
    expect(await text(ask(operations, '/healthz'))).toBe('408 ');
  });
});

describe('requests', () => {
  it('for the version, and for what is not there', async () => {
    const operations = await start();
    expect(await text(ask(operations, '/version'))).toBe('200 {"CommitSHA":"abc123","Version":"v9"}');
    expect(await text(ask(operations, '/version', { method: 'PUT' }))).toBe(
      '400 {"Error":"invalid request method: PUT"}',
    );
    expect(await text(ask(operations, '/metrics/'))).toBe('404 404 page not found\n');
    const given = await ask(operations, '/version?x=1', { headers: { 'X-Request-Id': 'mine' } });
    expect([given.status, given.headers['x-request-id']]).toEqual([200, 'mine']);
    expect((await ask(operations, '/version')).headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  });

  it('for the levels of the log, which count at once', async () => {
    const levels = new LoggerLevels('warn');
    const operations = await start({}, { levels });
    const put = (body: string): Promise<string> => text(ask(operations, '/logspec', { method: 'PUT', body }));
    const state = operations.logs.named('gossip.state');
    state.info({}, 'not yet');
    expect(await text(ask(operations, '/logspec'))).toBe('200 {"spec":"warn"}\n');
    expect(await put('{"spec":"gossip=debug:error"}')).toBe('204 ');
    expect(await text(ask(operations, '/logspec'))).toBe('200 {"spec":"gossip=debug:error"}\n');
    state.debug({ block: 7 }, 'now');
    operations.logs.named('endorser').warn({}, 'not any more');
    expect(written).toEqual([['debug', { logger: 'gossip.state', block: 7 }, 'now']]);
    expect(await put('{"spec":"loud"}')).toBe(
      `400 {"error":"invalid logging specification 'loud': bad segment 'loud'"}\n`,
    );
    expect(await put('')).toBe('400 {"error":"EOF"}\n');
    expect(await put('{')).toMatch(/^400 \{"error":".+"\}\n$/);
    expect(await put('[]')).toMatch(/^400 /);
    expect(await put('{"spec":5}')).toMatch(/^400 .*cannot unmarshal number/);
    expect(await put(`{"spec":"${'x'.repeat(70_000)}"}`)).toMatch(/^400 .*longer than/);
    expect(await text(ask(operations, '/logspec', { method: 'DELETE' }))).toBe(
      '400 {"error":"invalid request method: DELETE"}\n',
    );
    expect(levels.spec).toBe('gossip=debug:error');
    expect(await put('{}')).toBe('204 ');
    expect(levels.spec).toBe('info');
    const metrics = await operations.registry.metrics();
    expect(metrics).toContain('logging_entries_checked{level="info"} 1\n');
    expect(metrics).toContain('logging_entries_written{level="debug"} 1\n');
  });

  it('for metrics, compressed for whoever asks for that', async () => {
    const operations = await start();
    operations.traces(() => ({ records: 3, bytes: 900, dropped: 1, seconds: 0.5, waiting: 12 }));
    operations.certificates.track([{ role: 'server TLS', certificate: server.certificatePem }]);
    const plain = await ask(operations, '/metrics');
    expect([plain.status, plain.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const lines = plain.body.toString().split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        '# TYPE fabric_version gauge',
        'fabric_version{version="v9"} 1',
        'ftl_trace_records_total 3',
        'ftl_trace_bytes_total 900',
        'ftl_trace_dropped_records_total 1',
        'ftl_trace_seconds_total 0.5',
        'ftl_trace_waiting_characters 12',
        expect.stringMatching(/^ftl_certificate_expiry_seconds\{certificate="server TLS"\} \d{7,}/),
        expect.stringMatching(/^ftl_disk_free_bytes \d+/),
        expect.stringMatching(/^process_cpu_seconds_total /),
      ]),
    );
    const packed = await ask(operations, '/metrics', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).toString()).toContain('fabric_version{version="v9"} 1\n');
  });

  it('for metrics that are disabled find none; an unknown provider is told of', async () => {
    const operations = await start({ metrics: { provider: 'disabled' }, unknownProvider: 'graphite' });
    expect(await text(ask(operations, '/metrics'))).toBe('404 404 page not found\n');
    expect(written.map(([level, , message]) => `${level} ${message}`)).toEqual([
      'warn Unknown provider type: graphite; metrics disabled',
    ]);
  });
});

/** What a client sees depends on how far it had come. */
const CUT_OFF = /ECONNRESET|EPIPE|socket hang up|alert|disconnected/;

describe('with TLS', () => {
  it('metrics and levels are for those with a certificate, health and version for all', async () => {
    const operations = await start({ tls: TLS });
    const statuses = async (as: Asking['as']) => {
      const answers = ['/healthz', '/version', '/metrics', '/logspec'].map((path) =>
        ask(operations, path, { as: as ?? null }),
      );
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses(null)).toEqual([200, 200, 401, 401]);
    expect(await statuses(client)).toEqual([200, 200, 200, 200]);
    await expect(ask(operations, '/healthz', { as: stranger })).rejects.toThrow(CUT_OFF);
    expect(written.filter(([level]) => level === 'warn')).toHaveLength(2);
  });

  it('and client certificates required, nobody is served without', async () => {
    const operations = await start({ tls: { ...TLS, clientAuthRequired: true } });
    await expect(ask(operations, '/healthz', { as: null })).rejects.toThrow(CUT_OFF);
    await expect(ask(operations, '/healthz', { as: stranger })).rejects.toThrow(CUT_OFF);
    expect((await ask(operations, '/healthz', { as: client })).status).toBe(200);
  });

  it('and no roots, nobody has a certificate that counts', async () => {
    const operations = await start({ tls: { ...TLS, clientRoots: [] } });
    expect((await ask(operations, '/metrics', { as: null })).status).toBe(401);
    await expect(ask(operations, '/metrics', { as: client })).rejects.toThrow(CUT_OFF);
  });
});

describe('a service that cannot start', () => {
  it('says why', async () => {
    const first = await start();
    const port = Number(first.address.split(':')[1]);
    await expect(start({ port })).rejects.toMatchObject({ code: 'address_in_use' });
    await expect(start({ host: '203.0.113.9' })).rejects.toMatchObject({ code: 'bad_address' });
    await expect(start({ tls: { ...TLS, key: client.key } })).rejects.toMatchObject({ code: 'key_mismatch' });
    await expect(start({ tls: { ...TLS, certificate: 'x' } })).rejects.toMatchObject({ code: 'bad_certificate' });
  });
});

const use = (operations: NodeOperations): void => {
  const registers = [operations.registry];
  const sent = new Counter({ name: 'deliver_blocks_sent', help: 'h', labelNames: ['channel', 'type'], registers });
  const height = new Gauge({ name: 'ledger_blockchain_height', help: 'h', labelNames: ['channel'], registers });
  const left = new Gauge({ name: 'ftl_left', help: 'h', labelNames: ['of'], registers });
  const time = new Histogram({ name: 'endorser_proposal_duration', help: 'h', labelNames: ['channel'], registers });
  const alone = new Histogram({ name: 'blockcutter_alone', help: 'h', registers });
  queueMicrotask(() => {
    sent.inc({ type: 'x', channel: 'my.channel' }, 3);
    height.set({ channel: 'c' }, 7);
    left.set({ of: 'unknown' }, Number.NaN);
    left.set({ of: 'expired' }, -3);
    time.observe({ channel: 'c' }, 0.25);
    time.labels({ channel: 'd' }).observe(0.5);
    time.labels('e').observe(1);
    alone.observe(2);
  });
};

/** @returns the port */
const listening = (one: Server, at: number): Promise<number> =>
  new Promise((resolve) => {
    one.listen(at, '127.0.0.1', () => resolve((one.address() as AddressInfo).port));
  });

describe('StatsD', () => {
  const EXPECTED = [
    'org1.deliver.blocks_sent.my_channel.x:3.000000|c',
    'org1.ledger.blockchain_height.c:7.000000|g',
    'org1.endorser.proposal_duration.c:0.250000|ms',
    'org1.endorser.proposal_duration.d:0.500000|ms',
    'org1.endorser.proposal_duration.e:1.000000|ms',
    'org1.blockcutter.alone:2.000000|ms',
    'org1.fabric_version.v9:1.000000|g',
  ];

  it('gets counters by their growth, gauges, and each observation, over UDP', async () => {
    const socket = createSocket('udp4');
    const lines: string[] = [];
    const changed = new EventTarget();
    socket.on('message', (message) => {
      expect(message.length).toBeLessThanOrEqual(1400);
      lines.push(...message.toString().trimEnd().split('\n'));
      changed.dispatchEvent(new Event('lines'));
    });
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    open.push(() => socket.close());
    const until = (found: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => (found() ? resolve() : changed.addEventListener('lines', look, { once: true }));
        look();
      });
    const statsd = { network: 'udp', host: '127.0.0.1', port: socket.address().port, prefix: 'org1' } as const;
    const operations = await start({ metrics: { provider: 'statsd', statsd: { ...statsd, writeIntervalMs: 25 } } });
    use(operations);
    await until(() => EXPECTED.every((line) => lines.includes(line)));
    expect(await text(ask(operations, '/metrics'))).toBe('404 404 page not found\n');
    // A gauge is told again, a counter that stands still is not.
    const gauge = 'org1.ledger.blockchain_height.c:7.000000|g';
    await until(() => lines.filter((line) => line === gauge).length >= 3);
    expect(lines.filter((line) => line.startsWith('org1.deliver.blocks_sent'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('proposal_duration.c'))).toHaveLength(1);
  });

  it('gets all there is at the end, over TCP; one that is not there is told of', async () => {
    let received = '';
    const done = Promise.withResolvers<void>();
    const listener = createServer((socket) => {
      socket.on('data', (part) => {
        received += part.toString();
      });
      socket.on('end', () => done.resolve());
    });
    await new Promise<void>((resolve) => {
      listener.listen(0, '127.0.0.1', resolve);
    });
    const { port } = listener.address() as AddressInfo;
    const statsd = { network: 'tcp', host: '127.0.0.1', port, prefix: 'org1.', writeIntervalMs: 3_600_000 } as const;
    const operations = await start({ metrics: { provider: 'statsd', statsd } });
    use(operations);
    await Promise.resolve();
    await operations.stop();
    await done.promise;
    await new Promise((resolve) => {
      listener.close(resolve);
    });
    const lines = received.trimEnd().split('\n');
    expect(lines).toEqual(expect.arrayContaining(EXPECTED));
    // A sign alone would mean a change; what is no number cannot be told.
    expect(lines.filter((line) => line.includes('ftl.left'))).toEqual([
      'org1.ftl.left.expired:0.000000|g',
      'org1.ftl.left.expired:-3.000000|g',
    ]);
    for (const line of lines) {
      expect(line).toMatch(/^org1\.[^:|\s]+:-?\d+\.\d{6}\|(?:c|g|ms)$/);
    }
    const late = await start({ metrics: { provider: 'statsd', statsd } });
    await late.stop();
    expect(written.map(([level, , message]) => `${level} ${message}`)).toEqual(['warn metrics could not be sent']);
  });

  it('gets what happened while nobody listened when somebody does again', async () => {
    const probe = createServer();
    const port = await listening(probe, 0);
    await new Promise((resolve) => {
      probe.close(resolve);
    });
    const statsd = { network: 'tcp', host: '127.0.0.1', port, prefix: 'org1', writeIntervalMs: 10 } as const;
    const operations = await start({ metrics: { provider: 'statsd', statsd } });
    use(operations);
    while (written.length < 3) {
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
    let received = '';
    const all = Promise.withResolvers<void>();
    const back = createServer((socket) => {
      socket.on('data', (part) => {
        received += part.toString();
        if (EXPECTED.every((line) => received.includes(`${line}\n`))) {
          all.resolve();
        }
      });
      socket.on('error', () => {});
    });
    await listening(back, port);
    await all.promise;
    await operations.stop();
    await new Promise((resolve) => {
      back.close(resolve);
    });
    for (const line of EXPECTED.filter((one) => /\|(?:c|ms)$/.test(one))) {
      expect(
        received.split('\n').filter((one) => one === line),
        line,
      ).toHaveLength(1);
    }
  });
});
