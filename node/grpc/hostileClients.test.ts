import type { IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { createServer as createTcpServer, connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import type { ConnectOptions, GrpcClient } from './client.ts';
import { connect } from './grpcClient.ts';
import { GrpcServer, type GrpcServerOptions } from './grpcServer.ts';
import { RpcError } from './rpcError.ts';
import type { GrpcService } from './service.ts';

const now = new Date();
const authority = issueAuthority('tlsca', 'org1', now);
const issued = issueTls(authority, 'peer0', ['127.0.0.1'], now);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

let handled = 0;
const echo: GrpcService = {
  name: 'test.Echo',
  methods: {
    Say: {
      kind: 'unary',
      async handle(request) {
        handled++;
        return request;
      },
    },
    Talk: { kind: 'stream', handle: (requests) => requests },
  },
};

async function serve(
  options: Partial<GrpcServerOptions> = {},
  services: readonly GrpcService[] = [echo],
): Promise<GrpcServer> {
  handled = 0;
  const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null, ...options }, services);
  open.push(() => server.stop(200));
  return server;
}

function clientOf(port: number, options: Partial<ConnectOptions> = {}): GrpcClient {
  const made = connect({ address: `127.0.0.1:${port}`, tlsRoots: null, ...options });
  open.push(() => made.close());
  return made;
}

async function say(client: GrpcClient): Promise<string> {
  return Buffer.from(await client.unary('/test.Echo/Say', Buffer.from('hello'))).toString();
}

async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    return error instanceof RpcError ? error.status : String(error);
  }
}

/** What a server answers to bytes that its gRPC layer is to make sense of: the gRPC status, or that of HTTP where there is none. */
async function post(port: number, path: string, body: readonly Uint8Array[], headers = {}): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const request = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    let http = '';
    const told = ({ 'grpc-status': status }: IncomingHttpHeaders): void => {
      if (typeof status === 'string') {
        resolve(`grpc ${status}`);
      }
    };
    request.on('response', (fields) => {
      http = `http ${fields[':status']}`;
      told(fields);
    });
    request.on('trailers', told);
    request.on('error', (error) => resolve(error.message));
    request.on('close', () => resolve(http));
    request.resume();
    for (const part of body) {
      request.write(part);
    }
    request.end();
    return await promise;
  } finally {
    session.destroy();
  }
}

/** A gRPC message: flag, length, bytes. */
function frame(flag: number, length: number, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

describe('frames that are no message', () => {
  it('get a status, whatever is wrong with them, and reach no handler', async () => {
    const server = await serve({ maxReceiveBytes: 10_000 });
    const hello = Buffer.from('hello');
    const send = (...body: readonly Uint8Array[]): Promise<string> => post(server.port, '/test.Echo/Say', body);
    expect(await send(frame(0, 5, hello))).toBe('grpc 0');
    expect(handled).toBe(1);
    const answers = {
      'longer than allowed': await send(frame(0, 0xffff_ffff, hello)),
      'cut off': await send(frame(0, 500, hello)),
      'two for a call of one': await send(frame(0, 5, hello), frame(0, 5, hello)),
      none: await send(),
      'half a head': await send(Buffer.from([0, 0, 0])),
      'of another content': await post(server.port, '/test.Echo/Say', [hello], { 'content-type': 'text/plain' }),
      'compressed by who knows what': await post(server.port, '/test.Echo/Say', [frame(1, 5, hello)], {
        'grpc-encoding': 'own',
      }),
      'that no gzip made': await post(server.port, '/test.Echo/Say', [frame(1, 5, hello)], { 'grpc-encoding': 'gzip' }),
    };
    // 8 RESOURCE_EXHAUSTED, 12 UNIMPLEMENTED, 13 INTERNAL.
    expect(answers).toEqual({
      'longer than allowed': 'grpc 8',
      'cut off': expect.stringMatching(/^grpc (12|13)$/),
      'two for a call of one': expect.stringMatching(/^grpc (12|13)$/),
      none: expect.stringMatching(/^grpc (12|13)$/),
      'half a head': expect.stringMatching(/^grpc (12|13)$/),
      'of another content': 'http 415',
      'compressed by who knows what': expect.stringMatching(/^grpc (12|13)$/),
      'that no gzip made': expect.stringMatching(/^grpc (12|13)$/),
    });
    expect(handled).toBe(1);
    expect(await say(clientOf(server.port))).toBe('hello');
  });
});

describe('compressed messages', () => {
  const large = Buffer.alloc(100_000, 'x');

  it.each([
    ['gzip', gzipSync('hello'), 'grpc 0'],
    ['deflate', deflateSync('hello'), 'grpc 0'],
    ['gzip', gzipSync(large), 'grpc 8'],
    ['gzip', Buffer.concat([gzipSync('hello').subarray(0, 15)]), 'grpc 13'],
  ])('by %s are read as far as they may be (%#)', async (encoding, bytes, status) => {
    const server = await serve({ maxReceiveBytes: 10_000 });
    const message = frame(1, bytes.length, bytes);
    expect(await post(server.port, '/test.Echo/Say', [message], { 'grpc-encoding': encoding })).toBe(status);
    expect(handled).toBe(status === 'grpc 0' ? 1 : 0);
  });

  it('on a stream keep their place among others', async () => {
    const server = await serve();
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    open.push(() => session.destroy());
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/test.Echo/Talk',
      'content-type': 'application/grpc',
      'grpc-encoding': 'gzip',
    });
    const zipped = gzipSync('one');
    call.write(frame(1, zipped.length, zipped));
    call.end(Buffer.concat([frame(0, 3, Buffer.from('two')), frame(1, zipped.length, zipped)]));
    const answers = Buffer.concat((await Array.fromAsync(call)) as Buffer[]);
    expect(answers.toString('latin1').replaceAll(/\0{4}./gs, '|')).toBe('|one|two|one');
  });
});

describe('a deadline', () => {
  it.each([
    ['that is none', 'soon', 'grpc 13'],
    ['that is long past', '1n', 'grpc 4'],
    ['far off', '99999999H', 'grpc 0'],
  ])('%s', async (_, timeout, status) => {
    const waits: GrpcService = {
      name: 'test.Echo',
      methods: {
        Say: {
          kind: 'unary',
          async handle(request, { signal }) {
            await new Promise((resolve) => setTimeout(resolve, 50));
            signal.throwIfAborted();
            return request;
          },
        },
      },
    };
    const server = await serve({}, [waits]);
    const body = [frame(0, 5, Buffer.from('hello'))];
    expect(await post(server.port, '/test.Echo/Say', body, { 'grpc-timeout': timeout })).toBe(status);
  });
});

describe('a handler', () => {
  it('that takes its time holds its own client up, not memory', async () => {
    const taken = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let got = 0;
    const server = await serve({}, [
      {
        name: 'test.Slow',
        methods: {
          Take: {
            kind: 'stream',
            async *handle(requests) {
              for await (const request of requests) {
                got += request.length > 0 ? 1 : 0;
                taken.resolve();
                await go.promise;
              }
              yield Buffer.from(String(got));
            },
          },
        },
      },
    ]);
    const stream = clientOf(server.port).stream('/test.Slow/Take');
    let sent = 0;
    const sending = (async () => {
      for (; sent < 5_000; sent++) {
        await stream.send(new Uint8Array(16_384).fill(1));
      }
      stream.end();
    })();
    await taken.promise;
    // Until two rounds of timers bring no more, as nothing will until the handler goes on.
    for (let before = -1; before !== sent; ) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // What sockets and queues hold, out of 80 MB.
    expect(sent).toBeLessThan(2_000);
    go.resolve();
    await sending;
    const [answer] = await Array.fromAsync(stream);
    expect(Buffer.from(answer ?? '').toString()).toBe('5000');
  });

  it('is told when its client gives up, and cleans up after itself', async () => {
    const started = Promise.withResolvers<void>();
    const cleaned = Promise.withResolvers<string>();
    const server = await serve({}, [
      {
        name: 'test.Endless',
        methods: {
          Wait: {
            kind: 'stream',
            async *handle(requests, { signal }) {
              try {
                for await (const request of requests) {
                  started.resolve();
                  yield request;
                }
              } finally {
                cleaned.resolve(signal.aborted ? 'cancelled' : 'ended');
              }
            },
          },
        },
      },
    ]);
    const stream = clientOf(server.port).stream('/test.Endless/Wait');
    await stream.send(Buffer.from('x'));
    await started.promise;
    stream.cancel();
    expect(await cleaned.promise).toBe('cancelled');
  });

  it('that fails at once ends its call, and frees its place', async () => {
    const server = await serve({}, [
      {
        name: 'test.Broken',
        maxConcurrency: 1,
        methods: {
          Fail: {
            kind: 'stream',
            handle() {
              throw new Error('broken from the start');
            },
          },
        },
      },
    ]);
    const client = clientOf(server.port);
    for (let i = 0; i < 3; i++) {
      await expect(Array.fromAsync(client.stream('/test.Broken/Fail'))).rejects.toThrow('broken from the start');
    }
  });

  it('may end a call while its client still sends', async () => {
    const server = await serve({}, [
      {
        name: 'test.Short',
        methods: {
          First: {
            kind: 'stream',
            async *handle(requests) {
              for await (const request of requests) {
                yield request;
                return;
              }
            },
          },
        },
      },
    ]);
    const client = clientOf(server.port);
    const stream = client.stream('/test.Short/First');
    const sending = (async () => {
      for (let i = 0; i < 2_000; i++) {
        await stream.send(new Uint8Array(16_384).fill(1));
      }
    })();
    expect(await Array.fromAsync(stream)).toHaveLength(1);
    await sending;
  });
});

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Length, type, flags, stream. */
const NO_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

describe('a connection whose other end is silent', () => {
  const keepalive = { intervalMs: 100, timeoutMs: 100 };

  it('is closed by the server', async () => {
    const server = await serve({ keepalive });
    const socket = connectTcp(server.port, '127.0.0.1');
    open.push(() => socket.destroy());
    socket.write(Buffer.concat([PREFACE, NO_SETTINGS]));
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    // One that gives signs of life stays.
    const client = clientOf(server.port);
    const talk = client.stream('/test.Echo/Talk');
    const answers = talk[Symbol.asyncIterator]();
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await talk.send(Buffer.from('x'));
      expect((await answers.next()).done).toBe(false);
    }
  });

  it('is given up by the client', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.resume();
      // Settings and their acknowledgement: an HTTP/2 server, which then says no more.
      socket.write(Buffer.concat([NO_SETTINGS, Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0])]));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      sockets.forEach((socket) => socket.destroy());
      silent.close();
    });
    const client = clientOf((silent.address() as AddressInfo).port, { keepalive });
    expect(await statusOf(client.unary('/test.Echo/Say', Buffer.from('hello')))).toBe('UNAVAILABLE');
  });

  it('does not last where it never speaks TLS', async () => {
    const server = await serve({
      tls: { certificate: issued.certificatePem, key: issued.keyPem },
      connectionTimeoutMs: 200,
    });
    const socket = connectTcp(server.port, '127.0.0.1');
    open.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await say(clientOf(server.port, { tlsRoots: authority.certificatePem }))).toBe('hello');
  });
});

describe('roots of TLS clients', () => {
  it('that cannot be read keep a server from starting', async () => {
    const tls = { certificate: issued.certificatePem, key: issued.keyPem, clientRoots: ['nothing'] };
    await expect(serve({ tls })).rejects.toMatchObject({
      code: 'bad_certificate',
      message: expect.stringContaining('root certificate for TLS clients cannot be read'),
    });
  });
});
