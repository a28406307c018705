import { Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import { connect } from './grpcClient.ts';
import { GrpcMetrics } from './grpcMetrics.ts';
import { GrpcServer } from './grpcServer.ts';
import { RpcError } from './rpcError.ts';
import type { GrpcService } from './service.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) {
    await close();
  }
});

let release = (): void => {};
const service: GrpcService = {
  name: 'protos.Test',
  maxConcurrency: 1,
  methods: {
    Say: {
      kind: 'unary',
      async handle(request) {
        if (request.length === 0) {
          throw new RpcError('NOT_FOUND', 'nothing to say');
        }
        if (request[0] === 2) {
          throw new Error('a defect');
        }
        if (request[0] === 3) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        return request;
      },
    },
    Echo: {
      kind: 'stream',
      async *handle(requests) {
        for await (const request of requests) {
          yield request;
          yield request;
        }
      },
    },
    Count: {
      kind: 'serverStream',
      async *handle(_, { signal }) {
        yield Uint8Array.of(1);
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
    },
  },
};

it("calls, messages and connections are counted under Fabric's names", async () => {
  const registry = new Registry();
  const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null }, [service], {
    metrics: new GrpcMetrics(registry),
  });
  open.push(() => server.stop());
  const client = connect({ address: server.address, tlsRoots: null });
  open.push(() => client.close());
  const say = (...bytes: number[]): Promise<Uint8Array> => client.unary('/protos.Test/Say', Uint8Array.from(bytes));
  const value = async (name: string, labels = ''): Promise<number> => {
    const prefix = labels === '' ? `${name} ` : `${name}{service="protos_Test",method=${labels}} `;
    const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(prefix));
    return Number(line?.slice(prefix.length));
  };

  await say(1);
  await expect(say()).rejects.toMatchObject({ status: 'NOT_FOUND' });
  await expect(say(2)).rejects.toMatchObject({ status: 'UNKNOWN' });
  const held = say(3);
  while ((await value('grpc_server_unary_requests_received', '"Say"')) < 4) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect(say(1)).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
  release();
  await held;
  expect(await value('grpc_server_unary_requests_received', '"Say"')).toBe(5);
  const codes = ['OK', 'NotFound', 'Unknown', 'ResourceExhausted'];
  const completed = codes.map((code) => value('grpc_server_unary_requests_completed', `"Say",code="${code}"`));
  expect(await Promise.all(completed)).toEqual([2, 1, 1, 1]);
  expect(await value('grpc_server_unary_request_duration_count', '"Say",code="OK"')).toBe(2);

  const echo = client.stream('/protos.Test/Echo');
  await echo.send(Uint8Array.of(1));
  await echo.send(Uint8Array.of(2));
  echo.end();
  const answers: Uint8Array[] = [];
  for await (const answer of echo) {
    answers.push(answer);
  }
  expect(answers).toHaveLength(4);
  expect(await value('grpc_server_stream_requests_received', '"Echo"')).toBe(1);
  expect(await value('grpc_server_stream_requests_completed', '"Echo",code="OK"')).toBe(1);
  expect(await value('grpc_server_stream_messages_received', '"Echo"')).toBe(2);
  expect(await value('grpc_server_stream_messages_sent', '"Echo"')).toBe(4);

  const count = client.stream('/protos.Test/Count');
  await count.send(new Uint8Array(0));
  count.end();
  for await (const _ of count) {
    break;
  }
  count.cancel();
  while (Number.isNaN(await value('grpc_server_stream_requests_completed', '"Count",code="Canceled"'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await value('grpc_server_stream_messages_received', '"Count"')).toBe(1);

  expect(await value('grpc_comm_conn_opened')).toBe(1);
  expect(await value('grpc_comm_conn_closed')).toBe(0);
  client.close();
  while ((await value('grpc_comm_conn_closed')) < 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
});
