import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientStream } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import type { Orderer } from './orderer.ts';
import { answerOf, TestNetwork } from './testing/testChannel.ts';
import { allBlocks, chainOf, openOrderer, temporaryFolder, txIdsOf } from './testing/testOrderer.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';

const network = new TestNetwork();
const folder = temporaryFolder();
let orderer: Orderer;
let server: GrpcServer;

const PATH = '/orderer.AtomicBroadcast/Broadcast';

beforeAll(async () => {
  orderer = await openOrderer(folder.path, network);
  await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 50, absoluteMaxBytes: 2_000_000 }));
  server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null, maxReceiveBytes: 500_000 }, [
    { name: 'orderer.AtomicBroadcast', methods: { Broadcast: orderer.broadcast } },
    ...orderer.services,
  ]);
});
afterAll(async () => {
  await server.stop();
  await orderer.close();
  folder.remove();
});

async function answers(stream: ClientStream): Promise<string[]> {
  const all: string[] = [];
  for await (const response of stream) {
    all.push(answerOf(response).status);
  }
  return all;
}

/** IDs of all transactions, once there are so many. */
async function orderedInAll(count: number): Promise<string[]> {
  for (;;) {
    const { height } = chainOf(orderer);
    const ids = txIdsOf(await allBlocks(orderer));
    if (ids.length >= count) {
      return ids;
    }
    await chainOf(orderer).waitForBlock(height, AbortSignal.timeout(10_000));
  }
}

describe('Broadcast over gRPC', () => {
  it('serves many clients at a time, each in its own order', async () => {
    const client = connect({ address: server.address, tlsRoots: null });
    const clients = Array.from({ length: 5 }, () => Array.from({ length: 40 }, () => network.transaction()));
    const all = await Promise.all(
      clients.map(async (sent) => {
        const stream = client.stream(PATH);
        const answered = answers(stream);
        for (const envelope of sent) {
          await stream.send(envelope);
        }
        stream.end();
        return answered;
      }),
    );
    expect(all).toEqual(clients.map((sent) => sent.map(() => 'SUCCESS')));
    client.close();
    const ids = await orderedInAll(200);
    expect(ids).toHaveLength(200);
    for (const sent of clients) {
      const own = sent.map((one) => EnvelopeView.fromBytes(one).channelHeader.txId);
      expect(ids.filter((id) => own.includes(id))).toEqual(own);
    }
  });

  it('refuses garbage and what is too large, and goes on with the others', async () => {
    const client = connect({ address: server.address, tlsRoots: null });
    for (const [bytes, status] of [
      [Uint8Array.of(0x0a, 0xff, 0xff), 'INTERNAL'],
      [new Uint8Array(600_000), 'RESOURCE_EXHAUSTED'],
    ] as const) {
      const stream = client.stream(PATH);
      const ended = answers(stream);
      await stream.send(bytes);
      await expect(ended).rejects.toMatchObject({ name: 'RpcError', status });
    }
    client.close();
  });

  it('serves others while a client reads no answers', async () => {
    const silent = connect({ address: server.address, tlsRoots: null });
    const unread = silent.stream(PATH);
    const sending = (async () => {
      for (let index = 0; index < 100; index++) {
        await unread.send(network.transaction());
      }
    })();
    sending.catch(() => {});
    const client = connect({ address: server.address, tlsRoots: null });
    const stream = client.stream(PATH);
    const answered = answers(stream);
    await stream.send(network.transaction());
    await stream.send(network.transaction({ channelId: 'elsewhere' }));
    expect(await answered).toEqual(['SUCCESS', 'BAD_REQUEST']);
    unread.cancel();
    silent.close();
    client.close();
  });
});
