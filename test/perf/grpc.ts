/**
 * What a gRPC call costs each side, server and client being processes of their own: `node test/perf/grpc.ts [--count 20000]
 * [--in-flight 32] [--bytes 1500] [--rounds 3]`.
 *
 * Calls of one message there and one back; messages on one stream, as Broadcast has them; messages of one stream to the client, as Deliver
 * has them. With and without TLS. Beside them @grpc/grpc-js as it is, with the same bytes: what our own layer adds is the difference. The
 * best of the rounds counts.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import type { GrpcClient } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import type { GrpcService } from '#node/grpc/service.ts';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    'in-flight': { type: 'string', default: '32' },
    bytes: { type: 'string', default: '1500' },
    rounds: { type: 'string', default: '3' },
  },
});
const COUNT = Number(values.count);
const IN_FLIGHT = Number(values['in-flight']);
const BYTES = Number(values.bytes);
const PEM = { certificate: '', key: '' };

const echo: GrpcService = {
  name: 'perf.Echo',
  methods: {
    Say: { kind: 'unary', handle: (request) => Promise.resolve(request) },
    Talk: { kind: 'stream', handle: (requests) => requests },
    All: {
      kind: 'serverStream',
      async *handle() {
        const message = new Uint8Array(BYTES);
        for (let sent = 0; sent < COUNT; sent++) {
          yield message;
        }
      },
    },
  },
};

interface Started {
  readonly plain: number;
  readonly tls: number;
  readonly raw: number;
}

const asBuffer = (bytes: Uint8Array): Buffer => bytes as Buffer;
const asIs = (bytes: Buffer): Buffer => bytes;

/** The server's process: starts three servers, and tells its CPU time, microseconds, whenever it is asked. */
async function serve(): Promise<void> {
  const [{ certificate, key }] = (await once(process, 'message')) as [typeof PEM];
  const plain = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null }, [echo]);
  const tls = await GrpcServer.listen({ address: '127.0.0.1:0', tls: { certificate, key } }, [echo]);
  const raw = new grpc.Server();
  const say: grpc.MethodDefinition<Uint8Array, Uint8Array> = {
    path: '/perf.Echo/Say',
    requestStream: false,
    responseStream: false,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  };
  raw.addService(
    { Say: say },
    {
      Say: (call: grpc.ServerUnaryCall<Uint8Array, Uint8Array>, answer: grpc.sendUnaryData<Uint8Array>) =>
        answer(null, call.request),
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  raw.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  process.send?.({ plain: plain.port, tls: tls.port, raw: await promise } satisfies Started);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.on('disconnect', () => process.exit());
}

async function unary(call: (request: Uint8Array) => Promise<unknown>): Promise<void> {
  const request = Buffer.alloc(BYTES);
  let left = COUNT;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) {
        await call(request);
      }
    }),
  );
}

async function talk(client: GrpcClient): Promise<void> {
  const stream = client.stream('/perf.Echo/Talk');
  const request = Buffer.alloc(BYTES);
  const answers = stream[Symbol.asyncIterator]();
  for (let sent = 0; sent < Math.min(IN_FLIGHT, COUNT); sent++) {
    await stream.send(request);
  }
  for (let answered = 0; answered < COUNT; answered++) {
    await answers.next();
    if (answered + IN_FLIGHT < COUNT) {
      await stream.send(request);
    }
  }
  stream.end();
  await answers.next();
}

async function all(client: GrpcClient): Promise<void> {
  const stream = client.stream('/perf.Echo/All');
  await stream.send(new Uint8Array(0));
  stream.end();
  for await (const _ of stream) {
    // Taken.
  }
}

async function main(): Promise<void> {
  const now = new Date();
  const authority = issueAuthority('tlsca', 'perf', now);
  const issued = issueTls(authority, 'server', ['127.0.0.1'], now);
  const server = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    env: { ...process.env, FTL_PERF_SERVER: '1' },
  });
  const asked = async <T>(message: object): Promise<T> => {
    server.send(message);
    const [answer] = await once(server, 'message');
    return answer as T;
  };
  const ports = await asked<Started>({ certificate: issued.certificatePem, key: issued.keyPem });
  const plain = connect({ address: `127.0.0.1:${ports.plain}`, tlsRoots: null });
  const tls = connect({ address: `127.0.0.1:${ports.tls}`, tlsRoots: authority.certificatePem });
  const raw = new grpc.Client(`127.0.0.1:${ports.raw}`, grpc.credentials.createInsecure());
  const rawSay = (request: Uint8Array): Promise<unknown> =>
    new Promise((resolve, reject) => {
      raw.makeUnaryRequest('/perf.Echo/Say', asBuffer, asIs, request, (error, response) =>
        error === null ? resolve(response) : reject(error),
      );
    });
  const cases: readonly [string, () => Promise<void>][] = [
    ['call, grpc-js alone', () => unary(rawSay)],
    ['call', () => unary((request) => plain.unary('/perf.Echo/Say', request))],
    ['call, TLS', () => unary((request) => tls.unary('/perf.Echo/Say', request))],
    ['message there and back on a stream', () => talk(plain)],
    ['message there and back on a stream, TLS', () => talk(tls)],
    ['message of a stream to the client', () => all(plain)],
    ['message of a stream to the client, TLS', () => all(tls)],
  ];
  process.stdout.write(
    `${BYTES} bytes, ${IN_FLIGHT} in flight\n\n| | a second | server CPU µs | client CPU µs |\n| --- | ---: | ---: | ---: |\n`,
  );
  for (const [what, run] of cases) {
    let best = { perSecond: 0, server: 0, client: 0 };
    for (let round = 0; round < Number(values.rounds); round++) {
      const [start, before, own] = [performance.now(), await asked<number>({}), process.cpuUsage()];
      await run();
      const { user, system } = process.cpuUsage(own);
      const perSecond = (COUNT * 1000) / (performance.now() - start);
      if (perSecond > best.perSecond) {
        best = { perSecond, server: ((await asked<number>({})) - before) / COUNT, client: (user + system) / COUNT };
      }
    }
    const { perSecond, server: serverUs, client: clientUs } = best;
    process.stdout.write(`| ${what} | ${Math.round(perSecond)} | ${serverUs.toFixed(0)} | ${clientUs.toFixed(0)} |\n`);
  }
  for (const client of [plain, tls, raw]) {
    client.close();
  }
  server.disconnect();
}

await (process.env['FTL_PERF_SERVER'] === undefined ? main() : serve());
