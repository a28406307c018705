import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { GoTools } from './goTools.ts';
import { InteropNetwork } from './interopNetwork.ts';

const [OURS, GO] = ['peer0.org1.example.com', 'peer1.org1.example.com'] as const;

const now = new Date();
const authority = issueAuthority('tlsca.operations', 'operations', now);
const server = issueTls(authority, 'operations', ['127.0.0.1'], now);
const scraper = issueTls(authority, 'prometheus', ['client'], now);
const stranger = issueTls(issueAuthority('other', 'other', now), 'stranger', ['client'], now);

/** Bodies of PUT /logspec: specifications good and bad, and what is no JSON, or not of this form. */
const SPECS = [
  '{"spec":"gossip=debug:endorser,ledger.=warning:error"}',
  '{"spec":"INFO"}',
  '{"spec":""}',
  '{"spec":"a=debug:a=info:b.c=panic:payload"}',
  '{}',
  'null',
  '{"spec":null}',
  '{"SPEC":"warn"}',
  '{"other":"debug","Spec":"critical"}',
  '{"spec":"notice"} and more',
  '{"spec":"loud"}',
  '{"spec":"Info"}',
  '{"spec":"=debug"}',
  '{"spec":"a=b=c"}',
  '{"spec":"a="}',
  '{"spec":"a=loud:info"}',
  '{"spec":".a=debug"}',
  '{"spec":"a b=debug"}',
  '{"spec":"a,=debug"}',
  '{"spec":"<a>&é=debug"}',
  '{"spec":"debug"',
  '{"spec":5}',
  '{"spec":true}',
  '{"spec":["debug"]}',
  '{"spec":{"level":"debug"}}',
  '[]',
  '"debug"',
  '7',
  'debug',
  'spec=debug',
  "{'spec':'debug'}",
  '{spec:"debug"}',
  '{"spec" "debug"}',
  '{"spec":"debug",}',
  '{"spec":"debug" "x":1}',
  '[1 2]',
  '{"spec":"de\nbug"}',
  String.raw`{"spec":"\x"}`,
  String.raw`{"spec":"\u12g4"}`,
  '{"spec":tru}',
  '{"spec":-x}',
  '{"spec":1.}',
  '{"spec":1e+}',
  '\u0001',
  'é',
  '[',
  ' ',
  '',
] as const;

/** What a client that is not wanted sees depends on how far it had come. */
const CUT_OFF = /ECONNRESET|EPIPE|socket hang up|alert|disconnected/;

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

interface Client {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.each(cases)("What FTL's operations service answers over TLS is what Go's does (%s)", (_, tools) => {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-operations-tls-'));
  let network: InteropNetwork;

  beforeAll(async () => {
    const settings = {
      CORE_OPERATIONS_TLS_ENABLED: 'true',
      CORE_OPERATIONS_TLS_CERT_FILE: written(folder, 'server.pem', server.certificatePem),
      CORE_OPERATIONS_TLS_KEY_FILE: written(folder, 'server.key', server.keyPem),
      CORE_OPERATIONS_TLS_CLIENTROOTCAS_FILES: written(folder, 'ca.pem', authority.certificatePem),
    };
    network = await InteropNetwork.start(tools, {
      material: 'ours',
      nodes: { [GO]: 'go' },
      organizations: { Org1: 2 },
      peers: () => settings,
    });
  });
  afterAll(async () => {
    await network?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const ask = (host: string, path: string, method = 'GET', client: Client | null = scraper, body = '') => {
    const port = network.organization('Org1').peers.find((peer) => peer.host === host)?.operationsPort;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const certificate = client === null ? {} : { cert: client.certificatePem, key: client.keyPem };
    const options = { host: '127.0.0.1', port, path, method, agent: false, ca: authority.certificatePem };
    const asking = request({ ...options, ...certificate, maxVersion: 'TLSv1.2' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text }),
      );
    });
    asking.on('error', reject).end(body);
    return promise;
  };
  const both = (path: string, method?: string, client?: Client | null, body?: string) =>
    Promise.all([OURS, GO].map((host) => ask(host, path, method, client, body)));

  it('to whoever shows a certificate, or none', async () => {
    for (const path of ['/healthz', '/version', '/logspec', '/metrics', '/', '/healthz/', '/nothing']) {
      for (const client of [scraper, null]) {
        const [ours, go] = await both(path, 'GET', client);
        expect([path, ours?.status, ours?.type?.split(';')[0]]).toEqual([path, go?.status, go?.type?.split(';')[0]]);
      }
      for (const host of [OURS, GO]) {
        await expect(ask(host, path, 'GET', stranger), `${host} ${path}`).rejects.toThrow(CUT_OFF);
      }
    }
  });

  it('to methods that a path does not have', async () => {
    for (const [path, methods] of [
      ['/healthz', ['PUT', 'POST', 'DELETE']],
      ['/version', ['PUT', 'POST', 'DELETE']],
      ['/logspec', ['POST', 'DELETE', 'PATCH']],
    ] as const) {
      for (const method of methods) {
        const [ours, go] = await both(path, method);
        expect([path, method, ours]).toEqual([path, method, go]);
      }
    }
  });

  it.each(SPECS)('to a PUT of %j as levels of the log, and what it asks about them then', async (body) => {
    const [ours, go] = await both('/logspec', 'PUT', scraper, body);
    expect(ours).toEqual(go);
    const [spec, theirs] = await both('/logspec');
    expect(spec).toEqual(theirs);
  });
});

/** Path of a new file. */
function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
