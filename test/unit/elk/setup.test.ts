import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOLDERS, makeCertificates } from '../../../elk/setup/certificates.ts';
import type { Endpoint, Waiting } from '../../../elk/setup/elastic.ts';
import { importSavedObjects } from '../../../elk/setup/kibana.ts';
import { LOGSTASH_ROLE, secureCluster } from '../../../elk/setup/security.ts';

describe('certificates', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ftl-certificates-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const now = new Date();
  const file = (holder: string, name: string) => readFileSync(join(folder, holder, name), 'utf8');
  const pem = (holder: string) => ({
    ca: file(holder, 'ca.crt'),
    cert: file(holder, 'tls.crt'),
    key: file(holder, 'tls.key'),
  });

  it('are made once: for each holder its own, of one authority, with a key that its owner alone may read', () => {
    expect(makeCertificates({ folder, now })).toBe(true);
    const authority = new X509Certificate(file('authority', 'ca.crt'));
    const keys = Object.entries(HOLDERS).map(([holder, names]) => {
      const certificate = new X509Certificate(file(holder, 'tls.crt'));
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(file(holder, 'ca.crt')).toBe(file('authority', 'ca.crt'));
      for (const name of names)
        expect(/^[\d.]+$/.test(name) ? certificate.checkIP(name) : certificate.checkHost(name), name).toBe(name);
      expect(statSync(join(folder, holder, 'tls.key')).mode & 0o077).toBe(0);
      // The one form that all of the chain reads.
      expect(file(holder, 'tls.key')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
      return file(holder, 'tls.key');
    });
    expect(new Set(keys).size).toBe(keys.length);
    expect(makeCertificates({ folder, now })).toBe(false);
    expect(file('ftl', 'tls.key')).toBe(keys[Object.keys(HOLDERS).indexOf('ftl')]);
  });

  it('are made anew as a whole where one is missing, and for further names', () => {
    makeCertificates({ folder, now });
    const before = file('ftl', 'tls.crt');
    rmSync(join(folder, 'kibana'), { recursive: true });
    expect(makeCertificates({ folder, now, names: ['logs.example.com', '192.0.2.7'] })).toBe(true);
    expect(file('ftl', 'tls.crt')).not.toBe(before);
    const certificate = new X509Certificate(file('logstash', 'tls.crt'));
    expect(certificate.checkHost('logs.example.com')).toBe('logs.example.com');
    expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7');
    expect(existsSync(join(folder, 'kibana', 'tls.key'))).toBe(true);
  });

  it('serve for a connection on which both sides show theirs', async () => {
    makeCertificates({ folder, now });
    const server = createTlsServer({ ...pem('logstash'), requestCert: true, rejectUnauthorized: true }, (socket) => {
      socket.end(new X509Certificate(socket.getPeerCertificate().raw).subject);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { port } = server.address() as AddressInfo;
      const client = connect({ host: '127.0.0.1', port, servername: 'logstash', ...pem('filebeat') });
      expect(Buffer.concat(await client.toArray()).toString()).toContain('CN=filebeat');
    } finally {
      server.close();
    }
  });
});

/** Answers in the order given, then always the last; keeps what came. */
class Listener {
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly user: string;
    readonly body: string;
  }[] = [];
  readonly #server: Server;

  constructor(answers: readonly (readonly [status: number, body: string])[]) {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response, answers);
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    answers: readonly (readonly [status: number, body: string])[],
  ): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const [kind, value] = (request.headers.authorization ?? '').split(' ');
    this.requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      user: kind === 'Basic' ? Buffer.from(value ?? '', 'base64').toString() : '',
      body,
    });
    const [status, text] = answers[Math.min(this.requests.length, answers.length) - 1]!;
    response.writeHead(status).end(text);
  }

  async start(): Promise<Endpoint> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, user: 'elastic', password: 'secret: ü' };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

describe('the setup of Elasticsearch and Kibana', () => {
  const told: string[] = [];
  const waiting: Waiting = { patienceMs: 10_000, retryMs: 1, tell: (line) => void told.push(line) };
  let listener: Listener;
  afterEach(() => listener.stop());

  it('sets roles, users and passwords, and waits until Elasticsearch can', async () => {
    listener = new Listener([
      [503, 'starting'],
      [401, 'no users yet'],
      [200, '{}'],
    ]);
    await secureCluster(await listener.start(), { kibana: 'k', ftl: 'f', logstash: 'l' }, waiting);
    const { requests } = listener;
    expect(new Set(requests.map(({ user }) => user))).toEqual(new Set(['elastic:secret: ü']));
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /_security/role/ftl',
      'POST /_security/role/ftl',
      'POST /_security/role/ftl',
      'POST /_security/role/ftl_logstash',
      'POST /_security/role/ftl_reader',
      'POST /_security/user/ftl',
      'POST /_security/user/ftl_logstash',
      'POST /_security/user/kibana_system/_password',
    ]);
    expect(JSON.parse(requests.at(-2)!.body)).toEqual({ password: 'l', roles: ['ftl_logstash'] });
    expect(JSON.parse(requests.at(-1)!.body)).toEqual({ password: 'k' });
    expect(told.join()).toContain('503');
    expect(told.join()).not.toContain('secret');
  });

  it('lets Logstash add documents and do nothing else to them', () => {
    expect(LOGSTASH_ROLE.indices.flatMap(({ privileges }) => privileges)).toEqual([
      'create_doc',
      'view_index_metadata',
    ]);
  });

  it('leaves the password of Kibana to others where none is given', async () => {
    listener = new Listener([[200, '{}']]);
    await secureCluster(await listener.start(), { kibana: undefined, ftl: 'f', logstash: 'l' }, waiting);
    expect(listener.requests.map(({ path }) => path).join()).not.toContain('kibana_system');
  });

  it('says what is refused, and does not try that again', async () => {
    listener = new Listener([[400, '{"error":"no such privilege"}']]);
    const endpoint = await listener.start();
    await expect(secureCluster(endpoint, { kibana: 'k', ftl: 'f', logstash: 'l' }, waiting)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('no such privilege'),
    });
    expect(listener.requests).toHaveLength(1);
  });

  it('gives up what does not answer', async () => {
    listener = new Listener([[503, 'starting']]);
    const endpoint = await listener.start();
    const impatient = { ...waiting, patienceMs: 0 };
    await expect(importSavedObjects(endpoint, '{}\n', impatient)).rejects.toMatchObject({ code: 'unreachable' });
  });

  it("brings saved objects into Kibana as a file, over those that are there, and tells of those that it doesn't take", async () => {
    listener = new Listener([
      [200, '{"success":true,"successCount":7}'],
      [200, '{"success":false,"errors":[{"id":"x"}]}'],
    ]);
    const endpoint = await listener.start();
    expect(await importSavedObjects(endpoint, '{"id":"x"}\n', waiting)).toBe(7);
    const [request] = listener.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/api/saved_objects/_import?overwrite=true' });
    expect(request!.body).toMatch(/name="file"; filename="saved-objects\.ndjson"[\s\S]*\{"id":"x"\}/);
    await expect(importSavedObjects(endpoint, '{"id":"x"}\n', waiting)).rejects.toMatchObject({ code: 'refused' });
  });
});
