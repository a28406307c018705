import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { connect } from './grpcClient.ts';
import { GrpcServer } from './grpcServer.ts';
import type { GrpcService } from './service.ts';

const MINUTE_MS = 60_000;
/** Pings; the first come while the connection is still being set up. */
const ENOUGH = 8;
const now = new Date();
const authority = issueAuthority('tlsca', 'org1', now);
const certificate = issueTls(authority, 'peer0', ['127.0.0.1'], now);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

const echo: GrpcService = {
  name: 'test.Echo',
  methods: {
    Say: { kind: 'unary', handle: (request) => Promise.resolve(request) },
    Each: { kind: 'stream', handle: (requests) => requests },
  },
};

async function serve(minIntervalMs: number, secure = false): Promise<GrpcServer> {
  const tls = secure ? { certificate: certificate.certificatePem, key: certificate.keyPem } : null;
  const server = await GrpcServer.listen(
    { address: '127.0.0.1:0', tls, keepalive: { intervalMs: MINUTE_MS, timeoutMs: MINUTE_MS, minIntervalMs } },
    [echo],
  );
  open.push(() => server.stop(0));
  return server;
}

interface Caller {
  readonly session: ClientHttp2Session;
  /** False for a connection that has ended. */
  ping(): Promise<boolean>;
  /** How the server ended it. */
  readonly ended: Promise<{ readonly code: number; readonly reason: string }>;
}

async function call(server: GrpcServer, secure = false): Promise<Caller> {
  const session = connectHttp2(`${secure ? 'https' : 'http'}://${server.address}`, { ca: authority.certificatePem });
  open.push(() => session.destroy());
  const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  session.on('goaway', (code: number, _, data?: Buffer) => resolve({ code, reason: data?.toString() ?? '' }));
  session.on('error', () => {});
  await once(session, 'connect');
  const ping = (): Promise<boolean> =>
    new Promise((done) => {
      if (session.destroyed || session.closed || !session.ping((error) => done(error === null))) {
        done(false);
      }
    });
  return { session, ping, ended: promise };
}

async function pings(caller: Caller, count: number): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (let i = 0; i < count; i++) {
    answers.push(await caller.ping());
  }
  return answers;
}

describe('a client that asks for signs of life', () => {
  it('too often is told so and cut off, and nobody else', async () => {
    const server = await serve(MINUTE_MS);
    const other = connect({ address: server.address, tlsRoots: null });
    open.push(() => other.close());
    const stream = other.stream('/test.Echo/Each');
    await stream.send(Buffer.from('one'));
    const answers = stream[Symbol.asyncIterator]();
    await answers.next();

    const caller = await call(server);
    const closed = new Promise<void>((resolve) => {
      caller.session.once('close', resolve);
    });
    await pings(caller, ENOUGH);
    expect(await caller.ended).toEqual({ code: constants.NGHTTP2_ENHANCE_YOUR_CALM, reason: 'too_many_pings' });
    await closed;
    expect(await caller.ping()).toBe(false);

    await stream.send(Buffer.from('two'));
    const { value } = await answers.next();
    expect(Buffer.from(value as Uint8Array).toString()).toBe('two');
    stream.end();
    expect((await answers.next()).done).toBe(true);
  });

  it('no more often than it may is answered', async () => {
    const caller = await call(await serve(10));
    for (let i = 0; i < 8; i++) {
      expect(await caller.ping()).toBe(true);
      await delay(30);
    }
  });

  it.each([
    ['with TLS', true],
    ['without', false],
  ])('while it is sent something is answered, as clients measure a connection so (%s)', async (_, secure) => {
    const caller = await call(await serve(MINUTE_MS, secure), secure);
    const stream = caller.session.request({
      ':method': 'POST',
      ':path': '/test.Echo/Each',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    // It ends with the connection.
    stream.on('error', () => {});
    for (let i = 0; i < 12; i++) {
      // The least that a message can be.
      stream.write(new Uint8Array(5));
      await once(stream, 'data');
      expect(await caller.ping()).toBe(true);
    }
    await pings(caller, ENOUGH);
    expect(await caller.ended).toMatchObject({ reason: 'too_many_pings' });
  });

  it('many times at once is cut off, too', async () => {
    const caller = await call(await serve(MINUTE_MS));
    for (let i = 0; i < ENOUGH / 2; i++) {
      await Promise.all([caller.ping(), caller.ping()]);
    }
    expect(await caller.ended).toMatchObject({ reason: 'too_many_pings' });
  });
});
