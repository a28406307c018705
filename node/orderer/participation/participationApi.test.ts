import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import type { Holder } from '#node/msp/testAuthority.ts';
import type { Orderer, OrdererOptions } from '../orderer.ts';
import { TestNetwork } from '../testing/testChannel.ts';
import { blockOf, broadcast, chainOf, openOrderer, temporaryFolder } from '../testing/testOrderer.ts';
import { blockWith } from './testParts.ts';

const network = new TestNetwork();
let folder: ReturnType<typeof temporaryFolder>;
let orderer: Orderer;

const keyOf = (holder: Holder): string => holder.privateKey.export({ format: 'pem', type: 'pkcs8' });

const participation: OrdererOptions['participation'] = {
  enabled: true,
  maxRequestBodySize: 1024 * 1024,
  host: '127.0.0.1',
  port: 0,
  tls: {
    certificate: network.server.pem,
    key: keyOf(network.server),
    clientAuthRequired: true,
    clientRoots: [network.tlsAuthority.pem],
  },
};

async function open(options: Partial<OrdererOptions> = {}): Promise<void> {
  orderer = await openOrderer(folder.path, network, { participation, ...options });
}

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await orderer.close();
  folder.remove();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly bytes: Buffer;
}

function ask(
  method: string,
  path: string,
  parts: {
    readonly body?: Uint8Array;
    readonly headers?: Record<string, string>;
    readonly client?: Holder | null;
  } = {},
): Promise<Answer> {
  const { body, headers = {}, client = network.client } = parts;
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: orderer.participation?.port,
    method,
    path,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
    ca: Buffer.from(network.tlsAuthority.pem),
    checkServerIdentity: () => undefined,
    agent: false,
    ...(client === null ? {} : { cert: Buffer.from(client.pem), key: keyOf(client) }),
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode, headers: response.headers, text: bytes.toString(), bytes });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A form as osnadmin makes it. */
function upload(
  method: string,
  parts: readonly { readonly name: string; readonly filename?: string; readonly content: Uint8Array }[],
): Promise<Answer> {
  const boundary = 'd74496d66958873e';
  const body = parts.flatMap(({ name, filename, content }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`),
    Buffer.from(filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: application/octet-stream`),
    Buffer.from('\r\n\r\n'),
    content,
    Buffer.from('\r\n'),
  ]);
  return ask(method, '/participation/v1/channels', {
    body: Buffer.concat([...body, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  });
}

const joinBy = (block: Uint8Array): Promise<Answer> =>
  upload('POST', [{ name: 'config-block', filename: 'config.block', content: block }]);
const updateBy = (envelope: Uint8Array): Promise<Answer> =>
  upload('PUT', [{ name: 'config-update-envelope', filename: 'config_update.pb', content: envelope }]);

const info = (name: string, height: number): object => ({
  name,
  url: `/participation/v1/channels/${name}`,
  consensusRelation: 'consenter',
  status: 'active',
  height,
});

describe('osnadmin', () => {
  it('lists, joins and removes channels', async () => {
    await open();
    const none = await ask('GET', '/participation/v1/channels');
    expect(none).toMatchObject({ status: 200, text: '{"systemChannel":null,"channels":null}\n' });
    expect(none.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });

    const joined = await joinBy(network.genesis().bytes);
    expect(joined.status).toBe(201);
    expect(JSON.parse(joined.text)).toEqual(info('mychannel', 1));
    expect(joined.headers).toMatchObject({ location: '/participation/v1/channels/mychannel' });
    expect(Object.keys(JSON.parse(joined.text) as object)).toEqual(Object.keys(info('', 0)));
    expect((await joinBy(network.genesis({ channelId: 'other' }).bytes)).status).toBe(201);

    expect((await ask('GET', '/participation/v1/channels')).text).toBe(
      '{"systemChannel":null,"channels":[{"name":"mychannel","url":"/participation/v1/channels/mychannel"},{"name":"other","url":"/participation/v1/channels/other"}]}\n',
    );
    await broadcast(orderer, [network.transaction()]);
    await blockOf(orderer, 1);
    expect(JSON.parse((await ask('GET', '/participation/v1/channels/mychannel')).text)).toEqual(info('mychannel', 2));

    expect(await ask('DELETE', '/participation/v1/channels/mychannel')).toMatchObject({ status: 204, text: '' });
    await gone('mychannel');
    expect(await ask('GET', '/participation/v1/channels/mychannel')).toMatchObject({
      status: 404,
      text: '{"error":"channel does not exist"}\n',
    });
    expect(await broadcast(orderer, [network.transaction()])).toMatchObject([{ info: 'channel does not exist' }]);
    expect(readdirSync(join(folder.path, 'ledger', 'chains'))).toEqual(['other']);
    expect(readdirSync(join(folder.path, 'ledger', 'index'))).toEqual(['other']);
    expect(readdirSync(join(folder.path, 'pending'))).toEqual(['other']);
    expect((await joinBy(network.genesis().bytes)).status).toBe(201);
  });

  it('updates a channel, and fetches its blocks', async () => {
    await open();
    await joinBy(network.genesis().bytes);
    const update = await network.update(chainOf(orderer).bundle, { maxMessageCount: 3 });
    expect(await updateBy(update)).toMatchObject({
      status: 201,
      headers: { location: '/participation/v1/channels/mychannel' },
    });
    await blockOf(orderer, 1);
    await broadcast(orderer, [network.transaction()]);
    await blockOf(orderer, 2);
    for (const [id, number] of [
      ['oldest', 0],
      ['config', 1],
      ['newest', 2],
      ['1', 1],
    ] as const) {
      const found = await ask('GET', `/participation/v1/channels/mychannel/blocks/${id}`);
      expect(found.headers).toMatchObject({ 'content-type': 'application/octet-stream' });
      expect(BlockView.fromBytes(found.bytes).number).toBe(number);
    }
    expect(await ask('GET', '/participation/v1/channels/mychannel/blocks/7')).toMatchObject({ status: 404 });
    expect(await ask('GET', '/participation/v1/channels/mychannel/blocks/last')).toMatchObject({
      status: 400,
      text: '{"error":"invalid block ID: \'last\' not equal \\u003cnewest|oldest|config|(number)\\u003e"}\n',
    });
    expect(await updateBy(update)).toMatchObject({
      status: 400,
      text: expect.stringContaining(
        'cannot update: failed update config of channel mychannel: error applying config update',
      ),
    });
    const elsewhere = await network.update(chainOf(orderer).bundle, { maxMessageCount: 4 });
    await orderer.registrar.remove('mychannel');
    await gone('mychannel');
    expect(await updateBy(elsewhere)).toMatchObject({
      status: 405,
      text: '{"error":"cannot update: channel does not exist"}\n',
    });
  });
});

async function gone(channelId: string): Promise<void> {
  while (orderer.registrar.list().includes(channelId)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a block to join by is refused', () => {
  it.each([
    ['that is no block', () => Uint8Array.of(1, 2, 3), /^cannot unmarshal file part config-block into a block: /u],
    [
      'without a configuration',
      () => blockWith(network.genesis(), { data: [network.transaction()] }),
      /^invalid join block: block is not a config block$/u,
    ],
    [
      'without metadata',
      () => blockWith(network.genesis(), { metadata: [] }),
      /^invalid join block: invalid block: does not have metadata$/u,
    ],
    [
      'whose hash is not of its data',
      () => blockWith(network.genesis(), { dataHash: new Uint8Array(32) }),
      /^invalid join block: invalid block: Header.DataHash is different from Hash\(block.Data\)$/u,
    ],
    [
      'with a channel ID that is not allowed',
      () => network.genesis({ channelId: 'MyChannel' }).bytes,
      /^invalid join block: 'MyChannel' is not allowed/u,
    ],
    [
      'of a channel that is not the first',
      () => blockWith(network.genesis(), { number: 5 }),
      /^cannot join: a channel can only be joined by its first block here, not by block 5/u,
    ],
    [
      'of another consensus',
      () => network.genesis({ consensusType: 'BFT' }).bytes,
      /^cannot join: failed to find a consenter for consensus type: BFT$/u,
    ],
    [
      'of a channel that others order',
      () => network.genesis({}, [network.tlsHolder('orderer1')]).bytes,
      /^cannot join: this orderer's TLS certificate is none of the channel's consenters'/u,
    ],
    [
      'of a channel with several consenters',
      () => network.genesis({}, [network.server, network.tlsHolder('orderer1')]).bytes,
      /^cannot join: failed to determine cluster membership from join-block: the channel has 2 consenters/u,
    ],
    [
      'whose consenter has a certificate of nobody known',
      () => network.genesis({}, [new TestNetwork().server]).bytes,
      /^cannot join: failed to determine cluster membership from join-block: consenter orderer0.example.com:7050 has invalid certificate: verifying tls client cert with serial number \d+: x509: an authority of the right name, but not of the right key/u,
    ],
  ])('%s', async (_, block, error) => {
    await open();
    const answer = await joinBy(block());
    expect(answer.status).toBe(400);
    expect((JSON.parse(answer.text) as { error: string }).error).toMatch(error);
    expect(readdirSync(join(folder.path, 'ledger', 'chains'))).toEqual([]);
    expect(readdirSync(join(folder.path, 'ledger', 'pendingops', 'join'))).toEqual([]);
  });

  it('of a channel that is there, with what may be done instead', async () => {
    await open();
    await joinBy(network.genesis().bytes);
    expect(await joinBy(network.genesis().bytes)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, DELETE' },
      text: '{"error":"cannot join: channel already exists"}\n',
    });
  });
});

describe('a request is refused', () => {
  const file = { name: 'config-block', filename: 'a', content: new Uint8Array(1) };

  it('with a form that is not the one that it should be', async () => {
    await open();
    expect(await upload('POST', [{ ...file, name: 'other' }])).toMatchObject({
      status: 400,
      text: '{"error":"form does not contains part key: config-block"}\n',
    });
    expect(await upload('POST', [file, { ...file, name: 'other' }])).toMatchObject({
      status: 400,
      text: '{"error":"form contains too many parts"}\n',
    });
    expect(await upload('POST', [{ name: 'config-block', content: new Uint8Array(1) }])).toMatchObject({ status: 400 });
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    for (const body of [Buffer.from(''), Buffer.from('--x\r\n'), Buffer.from('garbage')]) {
      expect(await ask('POST', '/participation/v1/channels', { body, headers })).toMatchObject({
        status: 400,
        text: expect.stringContaining('cannot read form from request body'),
      });
    }
  });

  it('beyond the size that is allowed', async () => {
    await open();
    const content = new Uint8Array(1024 * 1024);
    expect(await upload('POST', [{ ...file, content }])).toMatchObject({
      status: 400,
      text: '{"error":"cannot read form from request body: http: request body too large"}\n',
    });
  });

  it('of another type, for another answer, by another method, for another path', async () => {
    await open();
    const channels = '/participation/v1/channels';
    expect(await ask('POST', channels, { headers: { 'content-type': 'text/plain' } })).toMatchObject({
      status: 400,
      text: '{"error":"unsupported Content-Type: [text/plain]"}\n',
    });
    expect(await ask('GET', channels, { headers: { accept: 'text/html' } })).toMatchObject({
      status: 406,
      text: '{"error":"response Content-Type is application/json only"}\n',
    });
    expect(await ask('PATCH', channels)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, POST, PUT' },
      text: '{"error":"invalid request method: PATCH"}\n',
    });
    expect(await ask('POST', `${channels}/mychannel`)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, DELETE' },
    });
    expect(await ask('GET', `${channels}/My_Channel`)).toMatchObject({ status: 400 });
    expect(await ask('DELETE', `${channels}/nochannel`)).toMatchObject({
      status: 404,
      text: '{"error":"cannot remove: channel does not exist"}\n',
    });
    expect(await ask('GET', `${channels}/..%2f..`)).toMatchObject({ status: 400 });
    expect(await ask('GET', '/elsewhere')).toMatchObject({ status: 404 });
    expect(await ask('GET', '/participation/v1/')).toMatchObject({ status: 302, headers: { location: channels } });
  });

  it('of a client without a certificate, or with one of another authority', async () => {
    await open();
    await expect(ask('GET', '/participation/v1/channels', { client: null })).rejects.toThrow(
      /certificate required|socket hang up|ECONNRESET/u,
    );
    await expect(ask('GET', '/participation/v1/channels', { client: new TestNetwork().client })).rejects.toThrow(
      /alert|socket hang up|ECONNRESET|EPIPE/u,
    );
    await orderer.close();
    await open({
      participation: { ...participation, tls: { ...participation.tls, clientAuthRequired: false } } as never,
    });
    expect(await ask('GET', '/participation/v1/channels', { client: null })).toMatchObject({ status: 401 });
    expect(await ask('GET', '/participation/v1/channels')).toMatchObject({ status: 200 });
  });

  it('when the API is switched off', async () => {
    await open({ participation: { ...participation, enabled: false } });
    expect(await ask('GET', '/participation/v1/channels')).toMatchObject({
      status: 503,
      text: '{"error":"channel participation API is disabled"}\n',
    });
  });
});

it('is served without TLS too', async () => {
  await open({ participation: { ...participation, tls: null } });
  const status = await new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: orderer.participation?.port,
      path: '/participation/v1/channels',
      agent: false,
    };
    httpRequest(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
});

const ledger = (...parts: readonly string[]): string => join(folder.path, 'ledger', ...parts);

describe('what a crash interrupted', () => {
  it('is finished at the next start: a channel that was being joined', async () => {
    mkdirSync(ledger('pendingops', 'join'), { recursive: true });
    writeFileSync(ledger('pendingops', 'join', 'mychannel.join'), network.genesis().bytes);
    await open();
    expect(orderer.registrar.info('mychannel')).toMatchObject({ height: 1, status: 'active' });
    expect(readdirSync(ledger('pendingops', 'join'))).toEqual([]);
  });

  it('is finished at the next start: a channel that was being removed', async () => {
    await open();
    await joinBy(network.genesis().bytes);
    await orderer.close();
    writeFileSync(ledger('pendingops', 'remove', 'mychannel.remove'), '');
    await open();
    expect(orderer.registrar.list()).toEqual([]);
    expect(readdirSync(ledger('chains'))).toEqual([]);
    expect(readdirSync(ledger('pendingops', 'remove'))).toEqual([]);
  });

  it('leaves no channel without a block', async () => {
    mkdirSync(ledger('chains', 'mychannel'), { recursive: true });
    await open();
    expect(orderer.registrar.list()).toEqual([]);
    expect(readdirSync(ledger('chains'))).toEqual([]);
  });
});

it('shows a channel that this orderer is no consenter of any more, keeps its blocks and orders nothing', async () => {
  await open();
  await joinBy(network.genesis().bytes);
  await orderer.close();
  await open({ serverCertificate: network.tlsHolder('orderer9').pem });
  expect(orderer.registrar.info('mychannel')).toEqual({
    name: 'mychannel',
    consensusRelation: 'config-tracker',
    status: 'inactive',
    height: 1,
  });
  expect(await broadcast(orderer, [network.transaction()])).toEqual([
    { status: 'SERVICE_UNAVAILABLE', info: 'channel mychannel is not serviced by me' },
  ]);
  expect((await chainOf(orderer).block(0))?.number).toBe(0);
});
