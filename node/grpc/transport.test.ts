import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '#node/crypto/hash.ts';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import type { ConnectOptions, GrpcClient } from './client.ts';
import { connect } from './grpcClient.ts';
import { GrpcServer, type GrpcServerOptions } from './grpcServer.ts';
import { healthService } from './health.ts';
import { RpcError } from './rpcError.ts';
import type { CallContext, GrpcService } from './service.ts';

const now = new Date();
const authority = issueAuthority('tlsca', 'org1', now);
const serverCertificate = issueTls(authority, 'peer0', ['localhost', '127.0.0.1'], now);
const clientCertificate = issueTls(authority, 'client', ['client'], now);
const strangers = issueAuthority('other', 'org2', now);
const stranger = issueTls(strangers, 'stranger', ['client'], now);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

const pem = ({ certificatePem, keyPem }: typeof serverCertificate) => ({ certificate: certificatePem, key: keyPem });
const tls = pem(serverCertificate);

let seen: CallContext[] = [];
const echo: GrpcService = {
  name: 'test.Echo',
  methods: {
    Say: {
      kind: 'unary',
      async handle(request, context) {
        // The certificate can be asked for while the call lives.
        void context.certificate;
        seen.push(context);
        const text = Buffer.from(request).toString();
        if (text === 'refuse') {
          throw new RpcError('PERMISSION_DENIED', 'not you');
        }
        if (text === 'fail') {
          throw new Error('a defect');
        }
        if (text === 'wait') {
          await new Promise((_, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason));
          });
        }
        return request;
      },
    },
    Count: {
      kind: 'serverStream',
      async *handle(request) {
        for (let i = 0; i < Number(Buffer.from(request).toString()); i++) {
          yield Buffer.from(String(i));
        }
      },
    },
    Talk: {
      kind: 'stream',
      async *handle(requests, context) {
        seen.push(context);
        for await (const request of requests) {
          if (Buffer.from(request).toString() === 'end') {
            return;
          }
          yield request;
        }
        yield Buffer.from('bye');
      },
    },
  },
};

async function serve(
  options: Partial<GrpcServerOptions> = {},
  services: readonly GrpcService[] = [echo],
): Promise<GrpcServer> {
  seen = [];
  const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null, ...options }, services);
  open.push(() => server.stop(200));
  return server;
}

function client(server: GrpcServer, options: Partial<ConnectOptions> = {}): GrpcClient {
  const made = connect({ address: `127.0.0.1:${server.port}`, tlsRoots: null, ...options });
  open.push(() => made.close());
  return made;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (message: Uint8Array): string => Buffer.from(message).toString();
const say = async (from: GrpcClient, what: string): Promise<string> =>
  text(await from.unary('/test.Echo/Say', bytes(what)));
const status = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: unknown) => (error instanceof RpcError ? `${error.status}: ${error.message}` : String(error)),
  );

describe('calls', () => {
  it('of one message: answers, statuses, defects, unknown methods, what a client asks to be kept', async () => {
    const from = client(await serve());
    expect(await say(from, 'hello')).toBe('hello');
    expect(await status(say(from, 'refuse'))).toBe('PERMISSION_DENIED: not you');
    expect(await status(say(from, 'fail'))).toBe('UNKNOWN: a defect');
    expect(await status(from.unary('/test.Echo/Nothing', bytes('')))).toMatch(/^UNIMPLEMENTED/);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await from.unary('/test.Echo/Say', bytes('traced'), { metadata: { traceparent } });
    await from.unary('/test.Echo/Say', bytes('traced'), { metadata: { traceparent: 'garbage' } });
    expect(seen.slice(-2).map((one) => one.traceparent)).toEqual([traceparent, null]);
    expect(seen[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(seen[0]?.certificate).toBeNull();
  });

  it('with streams in both directions keep order and end', async () => {
    const from = client(await serve());
    const counted: string[] = [];
    const counting = from.stream('/test.Echo/Count');
    await counting.send(bytes('500'));
    counting.end();
    for await (const message of counting) {
      counted.push(text(message));
    }
    expect(counted).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
    const talk = from.stream('/test.Echo/Talk');
    const said = (async () => {
      const all: string[] = [];
      for await (const message of talk) {
        all.push(text(message));
      }
      return all;
    })();
    for (let i = 0; i < 300; i++) {
      await talk.send(bytes(`m${i}`));
    }
    talk.end();
    expect(await said).toEqual([...Array.from({ length: 300 }, (_, index) => `m${index}`), 'bye']);
  });

  it('end at a deadline, when the client gives up, and when the server stops: the handler is told', async () => {
    const server = await serve();
    const from = client(server);
    expect(await status(from.unary('/test.Echo/Say', bytes('wait'), { timeoutMs: 100 }))).toMatch(/^DEADLINE_EXCEEDED/);
    const abort = new AbortController();
    const given = status(from.unary('/test.Echo/Say', bytes('wait'), { signal: abort.signal }));
    while (seen.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    abort.abort(new Error('enough'));
    expect(await given).toBe('Error: enough');
    const cut = status(say(from, 'wait'));
    const talk = from.stream('/test.Echo/Talk');
    await talk.send(bytes('hello'));
    const heard: string[] = [];
    const listening = status(
      (async () => {
        for await (const message of talk) {
          heard.push(text(message));
        }
      })(),
    );
    while (seen.length < 4 || heard.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await server.stop(1000);
    expect(await cut).toBe('UNAVAILABLE: the server is stopping');
    expect(await listening).toBe('UNAVAILABLE: the server is stopping');
    expect(seen.every(({ signal }) => signal.aborted || signal === seen[2]?.signal)).toBe(true);
  });

  it('beyond a size, or beyond a number at a time, are refused; the others go on', async () => {
    const server = await serve({ maxReceiveBytes: 10_000 }, [{ ...echo, maxConcurrency: 2 }]);
    const from = client(server);
    expect(await status(from.unary('/test.Echo/Say', randomBytes(20_000)))).toMatch(/^RESOURCE_EXHAUSTED/);
    const held = [status(say(from, 'wait')), status(say(from, 'wait'))];
    while (seen.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await status(say(from, 'one more'))).toBe(
      'RESOURCE_EXHAUSTED: too many requests for /test.Echo, exceeding concurrency limit (2)',
    );
    await server.stop(500);
    expect(await Promise.all(held)).toEqual(Array(2).fill('UNAVAILABLE: the server is stopping'));
  });

  it('of a slow reader hold up nobody else, and little of what is for it', async () => {
    let made = 0;
    const flood: GrpcService = {
      name: 'test.Flood',
      methods: {
        All: {
          kind: 'serverStream',
          async *handle() {
            for (; made < 20_000; made++) {
              yield randomBytes(16_384);
            }
          },
        },
      },
    };
    const server = await serve({}, [echo, flood]);
    const slow = client(server);
    const flooded = slow.stream('/test.Flood/All');
    await flooded.send(new Uint8Array(0));
    flooded.end();
    const reader = flooded[Symbol.asyncIterator]();
    await reader.next();
    const quick = client(server);
    for (let i = 0; i < 50; i++) {
      expect(await say(quick, 'still here')).toBe('still here');
    }
    // What two sockets and some queues hold, out of 320 MB.
    expect(made).toBeLessThan(2_000);
    flooded.cancel();
  });

  it('whose client reads nothing cost one message, however large messages are', async () => {
    let made = 0;
    const large: GrpcService = {
      name: 'test.Large',
      methods: {
        All: {
          kind: 'serverStream',
          async *handle() {
            for (; made < 16; made++) {
              yield randomBytes(4 * 1024 * 1024);
            }
          },
        },
      },
    };
    const server = await serve({}, [echo, large]);
    const connection = connectHttp2(`http://${server.address}`);
    const headers = {
      ':method': 'POST',
      ':path': '/test.Large/All',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const call = connection.request(headers);
    call.end(new Uint8Array(5));
    await once(call, 'response');
    const quick = client(server);
    for (let i = 0; i < 50; i++) {
      expect(await say(quick, 'still here')).toBe('still here');
    }
    expect(made).toBeLessThan(3);
    connection.destroy();
  });
});

describe('connections', () => {
  it('with TLS: the client sees whom it talks to, the server the certificate that a client shows', async () => {
    const server = await serve({ tls: { ...tls, clientRoots: [authority.certificatePem] } });
    expect(await say(client(server, { tlsRoots: authority.certificatePem }), 'hello')).toBe('hello');
    expect(seen[0]?.certificate).toBeNull();
    const known = client(server, { tlsRoots: authority.certificatePem, clientCertificate: pem(clientCertificate) });
    expect(await say(known, 'hello')).toBe('hello');
    expect(Buffer.from(seen[1]?.certificate?.hash ?? '').toString('hex')).toBe(
      sha256Hex(seen[1]?.certificate?.der as Uint8Array),
    );
    const unknown = client(server, { tlsRoots: authority.certificatePem, clientCertificate: pem(stranger) });
    expect(await say(unknown, 'hello')).toBe('hello');
    expect(seen[2]?.certificate).toBeNull();
    const other = client(server, { tlsRoots: strangers.certificatePem });
    expect(await status(say(other, 'hello'))).toMatch(/^UNAVAILABLE/);
    const elsewhere = client(server, { tlsRoots: authority.certificatePem, serverName: 'peer9' });
    expect(await status(say(elsewhere, 'hello'))).toMatch(/^UNAVAILABLE/);
  });

  it('with mutual TLS: only for certificates of the roots, which may change', async () => {
    const server = await serve({
      tls: { ...tls, clientRoots: [authority.certificatePem], requireClientCertificate: true },
    });
    const roots = { tlsRoots: authority.certificatePem };
    expect(await status(say(client(server, roots), 'hello'))).toMatch(/^UNAVAILABLE/);
    expect(await status(say(client(server, { ...roots, clientCertificate: pem(stranger) }), 'hello'))).toMatch(
      /^UNAVAILABLE/,
    );
    expect(await say(client(server, { ...roots, clientCertificate: pem(clientCertificate) }), 'hello')).toBe('hello');
    server.updateClientRoots([strangers.certificatePem]);
    expect(await say(client(server, { ...roots, clientCertificate: pem(stranger) }), 'hello')).toBe('hello');
    expect(await status(say(client(server, { ...roots, clientCertificate: pem(clientCertificate) }), 'hello'))).toMatch(
      /^UNAVAILABLE/,
    );
  });

  it('that bring garbage are dropped, the others go on', async () => {
    const server = await serve();
    const from = client(server);
    expect(await say(from, 'before')).toBe('before');
    for (const garbage of [
      randomBytes(500),
      bytes('GET / HTTP/1.1\r\n\r\n'),
      bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      randomBytes(3),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(server.port, '127.0.0.1', () => socket.end(garbage));
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
        socket.resume();
        setTimeout(() => socket.destroy(), 200);
      });
    }
    expect(await say(from, 'after')).toBe('after');
  });

  it('that the other end leaves hanging go when their client is closed', async () => {
    // As a process that was stopped: the system takes the connection, and nobody answers the handshake.
    const silent = createTcpServer().listen(0, '127.0.0.1');
    open.push(() => silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as { readonly port: number };
    const from = connect({ address: `127.0.0.1:${port}`, tlsRoots: authority.certificatePem });
    const came = once(silent, 'connection');
    const ready = from.ready(300);
    const [socket] = (await came) as [Socket];
    await expect(ready).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    const gone = once(socket, 'close');
    socket.on('error', () => {}).resume();
    from.close();
    await gone;
  });
});

async function refusal(options: GrpcServerOptions): Promise<unknown> {
  try {
    const server = await GrpcServer.listen(options, [echo]);
    await server.stop(100);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a server that cannot start', () => {
  it('says why', async () => {
    const taken = await serve();
    const address = '127.0.0.1:0';
    expect(await refusal({ address: taken.address, tls: null })).toBe('address_in_use');
    expect(await refusal({ address: '203.0.113.7:0', tls: null })).toBe('bad_address');
    expect(await refusal({ address, tls: { ...tls, certificate: 'nothing' } })).toBe('bad_certificate');
    expect(await refusal({ address, tls: { ...tls, key: 'nothing' } })).toBe('bad_key');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' });
    expect(await refusal({ address, tls: { ...tls, key } })).toBe('key_mismatch');
    const old = issueTls(authority, 'peer0', ['localhost'], new Date('2001-01-01'));
    expect(await refusal({ address, tls: pem(old) })).toBe('expired_certificate');
  });
});

describe('health', () => {
  it('tells of the server and each of its services', async () => {
    let ready = false;
    const from = client(await serve({}, [echo, healthService(['test.Echo'], () => ready)]));
    const check = (name: string) =>
      from.unary(
        '/grpc.health.v1.Health/Check',
        name === '' ? bytes('') : bytes(`\n${String.fromCharCode(name.length)}${name}`),
      );
    expect([...(await check(''))]).toEqual([8, 2]);
    ready = true;
    expect([...(await check('test.Echo'))]).toEqual([8, 1]);
    expect(await status(check('test.Other'))).toBe('NOT_FOUND: unknown service');
    const watch = from.stream('/grpc.health.v1.Health/Watch');
    await watch.send(bytes(''));
    watch.end();
    const told = watch[Symbol.asyncIterator]();
    expect([...((await told.next()).value as Uint8Array)]).toEqual([8, 1]);
    ready = false;
    expect([...((await told.next()).value as Uint8Array)]).toEqual([8, 2]);
    watch.cancel();
  });
});
