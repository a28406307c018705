import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import type { ConnectOptions } from './client.ts';
import { GrpcServer, type GrpcServerOptions } from './grpcServer.ts';
import { RpcError } from './rpcError.ts';
import type { GrpcService } from './service.ts';
import { connectForStreams, type StreamClient } from './streamConnection.ts';

const now = new Date();
const authority = issueAuthority('tlsca', 'org1', now);
const server0 = issueTls(authority, 'peer0', ['localhost'], now);
const client0 = issueTls(authority, 'client', ['client'], now);
const strangers = issueAuthority('other', 'org2', now);
const pairOf = ({ certificatePem, keyPem }: typeof server0) => ({ certificate: certificatePem, key: keyPem });
const tls = { ...pairOf(server0), clientRoots: [authority.certificatePem], requireClientCertificate: true };

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

let ended: string[] = [];
const echo: GrpcService = {
  name: 'test.Echo',
  methods: {
    Talk: {
      kind: 'stream',
      async *handle(requests, { signal }) {
        try {
          for await (const request of requests) {
            if (request.length === 4) {
              throw new RpcError('PERMISSION_DENIED', 'nicht für dich: 100 %');
            }
            yield request;
          }
        } finally {
          ended.push(signal.aborted ? 'cancelled' : 'ended');
        }
      },
    },
  },
};

async function serve(options: Partial<GrpcServerOptions> = {}): Promise<GrpcServer> {
  ended = [];
  const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null, ...options }, [echo]);
  open.push(() => server.stop(200));
  return server;
}

async function connected(port: number, options: Partial<ConnectOptions> = {}): Promise<StreamClient> {
  const client = connectForStreams({ address: `127.0.0.1:${port}`, tlsRoots: null, ...options });
  open.push(() => client.close());
  await client.ready(500);
  return client;
}

async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    return error instanceof RpcError ? `${error.status}: ${error.message}` : String(error);
  }
}

const bytes = (length: number): Uint8Array => new Uint8Array(length).map((_, index) => (index * 31) % 251);

describe('a stream', () => {
  it('brings messages of every size back in order, and ends', async () => {
    const stream = (await connected((await serve()).port)).stream('/test.Echo/Talk');
    const sizes = [0, 1, 5, 100, 16_383, 16_384, 16_385, 70_000, 3_000_000, 7];
    const sending = (async () => {
      for (const size of sizes) {
        await stream.send(bytes(size));
      }
      stream.end();
    })();
    const got = await Array.fromAsync(stream);
    await sending;
    expect(got.map(({ length }) => length)).toEqual(sizes);
    expect(got.every((one) => Buffer.compare(one, bytes(one.length)) === 0)).toBe(true);
    expect(ended).toEqual(['ended']);
  });

  it('tells what the server ends it with', async () => {
    const client = await connected((await serve()).port);
    const stream = client.stream('/test.Echo/Talk');
    await stream.send(bytes(4));
    expect(await statusOf(Array.fromAsync(stream))).toBe('PERMISSION_DENIED: nicht für dich: 100 %');
    // What is sent after the end is nobody's.
    await stream.send(bytes(9));
    stream.end();
    expect(await statusOf(Array.fromAsync(client.stream('/test.Echo/Nothing')))).toMatch(/^UNIMPLEMENTED/);
  });

  it('that is given up ends at both ends', async () => {
    const stream = (await connected((await serve()).port)).stream('/test.Echo/Talk');
    await stream.send(bytes(9));
    const answers = stream[Symbol.asyncIterator]();
    expect((await answers.next()).value).toHaveLength(9);
    const next = statusOf(answers.next());
    stream.cancel();
    expect(await next).toMatch(/^CANCELLED/);
    while (ended.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(ended).toEqual(['cancelled']);
  });

  it('ends with its server, and no other can be begun', async () => {
    const server = await serve();
    const client = await connected(server.port);
    const stream = client.stream('/test.Echo/Talk');
    await stream.send(bytes(9));
    const answers = stream[Symbol.asyncIterator]();
    await answers.next();
    const next = statusOf(answers.next());
    await server.stop(0);
    expect(await next).toMatch(/^UNAVAILABLE/);
    expect(() => client.stream('/test.Echo/Talk')).toThrow(RpcError);
    expect(await statusOf(client.ready(50))).toMatch(/^UNAVAILABLE: no connection to 127.0.0.1:\d+ within 50 ms$/);
  });

  it('is held up by a reader that takes nothing', async () => {
    let made = 0;
    const flood: GrpcService = {
      name: 'test.Flood',
      methods: {
        All: {
          kind: 'stream',
          async *handle() {
            for (; made < 20_000; made++) {
              yield new Uint8Array(16_384);
            }
          },
        },
      },
    };
    const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null }, [flood]);
    open.push(() => server.stop(0));
    const stream = (await connected(server.port)).stream('/test.Flood/All');
    await stream[Symbol.asyncIterator]().next();
    for (let before = -1; before !== made; ) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(made).toBeLessThan(2000);
    stream.cancel();
  });
});

async function answering(answer: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server: Http2Server = createServer().on('stream', (stream) => {
    stream.on('error', () => {});
    answer(stream as ServerHttp2Stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('a server that breaks the rules', () => {
  it.each([
    ['says that a message is too long', [0, 0xff, 0xff, 0xff, 0xff, 1], 'RESOURCE_EXHAUSTED'],
    ['compresses what nobody asked it to', [1, 0, 0, 0, 1, 1], 'INTERNAL'],
  ])('and %s', async (_, message, status) => {
    const port = await answering((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(Uint8Array.from(message));
    });
    const stream = (await connected(port, { maxMessageBytes: 1000 })).stream('/test.Echo/Talk');
    expect(await statusOf(Array.fromAsync(stream))).toMatch(new RegExp(`^${status}`));
  });

  it('and speaks no gRPC', async () => {
    const port = await answering((stream) => stream.respond({ ':status': 503 }, { endStream: true }));
    const stream = (await connected(port)).stream('/test.Echo/Talk');
    expect(await statusOf(Array.fromAsync(stream))).toBe('UNAVAILABLE: Received HTTP status code 503');
  });

  it('or says nothing at all is given up', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      sockets.forEach((socket) => socket.destroy());
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    expect(await statusOf(connected(port))).toMatch(/^UNAVAILABLE: no connection/);
  });

  it('and falls silent is given up where signs of life are asked for', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.resume();
      // Settings and their acknowledgement: an HTTP/2 server, which then says no more.
      socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    open.push(() => {
      sockets.forEach((socket) => socket.destroy());
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const client = await connected(port, { keepalive: { intervalMs: 100, timeoutMs: 100 } });
    expect(await statusOf(Array.fromAsync(client.stream('/test.Echo/Talk')))).toMatch(/^UNAVAILABLE/);
  });
});

describe('TLS', () => {
  const known = { tlsRoots: authority.certificatePem, clientCertificate: pairOf(client0), serverName: 'localhost' };

  it('is spoken with whom the certificates say', async () => {
    const { port } = await serve({ tls });
    const stream = (await connected(port, known)).stream('/test.Echo/Talk');
    await stream.send(bytes(40));
    stream.end();
    expect(await Array.fromAsync(stream)).toHaveLength(1);
  });

  it.each([
    ['of another name', { serverName: 'peer9' }],
    ['of other roots', { tlsRoots: strangers.certificatePem }],
    ['that knows no such client', { clientCertificate: pairOf(issueTls(strangers, 'client', ['client'], now)) }],
  ])('ends with a server %s', async (_, other) => {
    const { port } = await serve({ tls });
    const outcome = await statusOf(
      connected(port, { ...known, ...other }).then((client) => Array.fromAsync(client.stream('/test.Echo/Talk'))),
    );
    expect(outcome).toMatch(/^UNAVAILABLE/);
  });

  it('needs certificates that can be read', () => {
    const options = { address: '127.0.0.1:1', tlsRoots: authority.certificatePem };
    const clientCertificate = { certificate: 'nothing', key: 'nothing' };
    expect(() => connectForStreams({ ...options, clientCertificate })).toThrow('cannot be read');
  });
});
