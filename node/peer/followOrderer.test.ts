import { describe, expect, it } from 'vitest';
import { BlocksProvider, type ProviderEvent } from '#node/deliver/blocksProvider.ts';
import { deliverBlocks } from '#node/deliver/deliverClient.ts';
import { DeliverService } from '#node/deliver/deliverService.ts';
import { ordererEndpoints, type OrdererEndpoint } from '#node/deliver/ordererEndpoints.ts';
import { peerDeliver } from '#node/deliver/peerDeliver.ts';
import { TestChain } from '#node/deliver/testChain.ts';
import { plainClient, testOrderer } from '#node/deliver/testOrderer.ts';
import type { ClientStream, GrpcClient } from '#node/grpc/client.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { makeOrganization } from '#test/harness/signedChannel.ts';
import { recordedChain, stateOf } from '#test/unit/commitBlocks.ts';
import { reached, testPeer } from './testPeer.ts';

const { blocks, channel: channelId } = recordedChain('v2.5.9');
const genesis = BlockView.fromBytes(blocks[0] as Uint8Array);
const signer = makeOrganization('Org1MSP', 'peer').node;

/** A peer that follows orderers over gRPC, wherever the recorded configuration says that they are. */
function follower(addresses: readonly string[], make: (endpoint: OrdererEndpoint) => GrpcClient = plainClient) {
  const events: ProviderEvent[] = [];
  const configured = ordererEndpoints(new TestChain(channelId, blocks.slice(0, 1)).bundle);
  const overrides = new Map(
    configured.map(({ address }, index) => [
      address,
      { address: addresses[index % addresses.length] as string, tlsRoots: '' },
    ]),
  );
  const peer = testPeer(
    [],
    {},
    {
      sources: (chain) =>
        new BlocksProvider(
          { minimalReconnectIntervalMs: 1, connectionTimeoutMs: 1000, overrides },
          { chain, signer, tracer: NO_TRACER, connect: make, onEvent: (event) => events.push(event) },
        ),
    },
  );
  return { peer, events };
}

/** Clients whose streams break after so many messages. */
function cutting(after: () => number): (endpoint: OrdererEndpoint) => GrpcClient {
  return (endpoint) => {
    const client = plainClient(endpoint);
    return {
      address: client.address,
      unary: (path, request, options) => client.unary(path, request, options),
      ready: (timeout) => client.ready(timeout),
      close: () => client.close(),
      stream: (path, options) => cut(client.stream(path, options), after()),
    };
  };
}

function cut(stream: ClientStream, after: number): ClientStream {
  return {
    send: (message) => stream.send(message),
    end: () => stream.end(),
    cancel: () => stream.cancel(),
    async *[Symbol.asyncIterator]() {
      let left = after;
      for await (const message of stream) {
        if (left-- === 0) {
          stream.cancel();
          throw new RpcError('UNAVAILABLE', 'cut');
        }
        yield message;
      }
    },
  };
}

describe('a peer that follows an orderer', () => {
  it('has its chain, and serves it on', async () => {
    await using orderer = await testOrderer(new TestChain(channelId, blocks));
    const { peer: opening } = follower([orderer.address]);
    await using peer = await opening;
    await reached(await peer.channels.join(genesis), blocks.length - 1);

    const service = new DeliverService({}, { chains: peer.channels, tracer: NO_TRACER });
    const methods = peerDeliver(service, {
      access: { check: () => Promise.resolve() },
      ledger: (id) => peer.channels.channel(id)?.ledger ?? null,
    });
    const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls: null }, [methods]);
    const client = connect({ address: server.address, tlsRoots: null });
    const request = { client, service: 'peer', signer, channelId, signal: new AbortController().signal } as const;
    const numbers: number[] = [];
    for await (const block of deliverBlocks({ ...request, from: 'oldest', to: 'newest' })) {
      numbers.push(block.number);
      expect(block.transactionsFilter).toHaveLength(block.envelopes.length);
    }
    expect(numbers).toEqual(blocks.map((_, number) => number));
    await expect(deliverBlocks({ ...request, channelId: 'other', from: 0 }).next()).rejects.toMatchObject({
      code: 'status',
      status: 'NOT_FOUND',
    });
    client.close();
    await server.stop();
  });

  it('has the same chain, however often the stream is cut', async () => {
    await using orderer = await testOrderer(new TestChain(channelId, blocks));
    let streams = 0;
    // After none, one, two … blocks, so that each place is met.
    const { peer: opening, events } = follower(
      [orderer.address],
      cutting(() => streams++),
    );
    await using peer = await opening;
    await using whole = await testPeer(blocks);
    const [one, other] = [await peer.channels.join(genesis), await whole.channels.join(genesis)];
    await reached(one, blocks.length - 1);
    await reached(other, blocks.length - 1);
    expect(events.filter(({ kind }) => kind === 'failed').length).toBeGreaterThan(3);
    expect(await stateOf(one.ledger)).toEqual(await stateOf(other.ledger));
    expect(one.ledger.commitHash).toEqual(other.ledger.commitHash);
  });

  it('turns to another one when it serves a block that is not signed', async () => {
    const third = BlockView.fromBytes(blocks[3] as Uint8Array);
    const unsigned = third.withMetadata(third.metadata.map((one, index) => (index === 0 ? new Uint8Array(0) : one)));
    await using bad = await testOrderer(new TestChain(channelId, [...blocks.slice(0, 3), unsigned.bytes]));
    await using good = await testOrderer(new TestChain(channelId, blocks));
    let first = true;
    // One address in the configuration, two orderers behind it.
    const { peer: opening, events } = follower([bad.address], (endpoint) => {
      const address = first ? endpoint.address : good.address;
      first = false;
      return plainClient({ ...endpoint, address });
    });
    await using peer = await opening;
    await reached(await peer.channels.join(genesis), blocks.length - 1);
    expect(events.some((event) => event.kind === 'failed' && event.reason.includes('could not be verified'))).toBe(
      true,
    );
  });
});
