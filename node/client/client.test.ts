import { hash } from 'node:crypto';
import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Signer } from '#node/crypto/sign.ts';
import { DeliverService } from '#node/deliver/deliverService.ts';
import { peerDeliver } from '#node/deliver/peerDeliver.ts';
import { TestChain } from '#node/deliver/testChain.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { connect } from '#node/grpc/grpcClient.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import type { GrpcService } from '#node/grpc/service.ts';
import { LoadGenerator } from '#node/network/load/loadGenerator.ts';
import { parseMix } from '#node/network/load/mix.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { readWriteSet } from '#test/harness/signedBlocks.ts';
import { CHANNEL, org1, org2, ownChannel, put, stranger } from '#test/unit/commitNetwork.ts';
import { Broadcaster, broadcast } from './broadcast.ts';
import { CommitWatcher } from './commitWatcher.ts';
import { deliveredBlocks } from './deliver.ts';
import { endorse, evaluate } from './endorse.ts';
import { createProposal, type ProposalRequest, signProposal } from './proposal.ts';
import { type Route, submit } from './submit.ts';

const { signal: never } = new AbortController();

/** A chaincode that is asked through real proposals: what it writes is what the arguments say. */
function endorserOf(signer: Signer): GrpcService {
  return {
    name: 'protos.Endorser',
    methods: {
      ProcessProposal: {
        kind: 'unary',
        async handle(request) {
          const signed = peer.SignedProposal.deserializeBinary(request);
          const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
          const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
          const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
          const secret = payload.getTransientmapMap().get('secret');
          const spec = peer.ChaincodeInvocationSpec.deserializeBinary(payload.getInput_asU8()).getChaincodeSpec();
          const [name = '', key = 'key'] = (spec?.getInput()?.getArgsList_asU8() ?? []).map((arg) =>
            Buffer.from(arg).toString(),
          );
          if (name === 'refuse') {
            throw new RpcError('UNKNOWN', 'access denied: channel [own] creator org [Org1MSP]');
          }
          const response = new peer.Response();
          response.setStatus(name === 'fail' ? 500 : 200);
          response.setMessage(name === 'fail' ? 'asked to fail' : '');
          response.setPayload(secret ?? new TextEncoder().encode(`did ${name}`));
          const answer = new peer.ProposalResponse();
          answer.setResponse(response);
          if (name === 'fail') {
            return answer.serializeBinary();
          }
          const value = name === 'differ' ? signer.mspId : 'v';
          const id = new peer.ChaincodeID();
          id.setName('basic');
          id.setVersion('1.0');
          const action = new peer.ChaincodeAction();
          action.setChaincodeId(id);
          action.setResponse(response);
          action.setResults(readWriteSet([name === 'stale' ? stale(key) : put(key, value)]));
          payload.clearTransientmapMap();
          const parts = [header.getChannelHeader_asU8(), header.getSignatureHeader_asU8(), payload.serializeBinary()];
          const endorsed = new peer.ProposalResponsePayload();
          endorsed.setProposalHash(hash('sha256', Buffer.concat(parts), 'buffer'));
          endorsed.setExtension$(action.serializeBinary());
          const bytes = endorsed.serializeBinary();
          const endorsement = new peer.Endorsement();
          endorsement.setEndorser(signer.identity);
          endorsement.setSignature(await signer.sign(Buffer.concat([bytes, signer.identity])));
          answer.setPayload(bytes);
          answer.setEndorsement(endorsement);
          return answer.serializeBinary();
        },
      },
    },
  };
}

const stale = (key: string) => ({
  namespace: 'basic',
  reads: [{ key, version: { block: 99, tx: 0 } }],
  writes: [{ key, value: 'v' }],
});

/** An orderer that makes a block of each transaction; the peer takes it at once. */
async function network() {
  const channel = await ownChannel({ state: 'memory' });
  const chain = new TestChain(CHANNEL, await blocksOf(channel));
  let refusal: string | null = null;
  const ordering: GrpcService = {
    name: 'orderer.AtomicBroadcast',
    methods: {
      Broadcast: {
        kind: 'stream',
        async *handle(requests) {
          for await (const envelope of requests) {
            const answer = new orderer.BroadcastResponse();
            answer.setStatus(refusal === null ? common.Status.SUCCESS : common.Status.FORBIDDEN);
            answer.setInfo(refusal ?? '');
            yield answer.serializeBinary();
            if (refusal === null) {
              chain.add((await channel.block(new Uint8Array(envelope))).view.bytes);
            }
          }
        },
      },
    },
  };
  const deliver = new DeliverService(
    {},
    { chains: { chain: (id) => (id === CHANNEL ? chain : null) }, tracer: NO_TRACER },
  );
  const access = { check: async () => {} };
  const peers = await Promise.all([
    listen([endorserOf(org1.node), peerDeliver(deliver, { access, ledger: () => null })]),
    listen([endorserOf(org2.node)]),
    listen([ordering]),
  ]);
  const clients = peers.map(({ port }) => connect({ address: `127.0.0.1:${port}`, tlsRoots: null }));
  return {
    channel,
    peers: clients.slice(0, 2) as [GrpcClient, GrpcClient],
    orderer: clients[2] as GrpcClient,
    refuse: (reason: string | null) => {
      refusal = reason;
    },
    async close() {
      clients.forEach((client) => client.close());
      await Promise.all(peers.map((server) => server.stop(0)));
      await channel[Symbol.asyncDispose]();
    },
  };
}

const listen = (services: readonly GrpcService[]): Promise<GrpcServer> =>
  GrpcServer.listen({ address: '127.0.0.1:0', tls: null }, services);

async function blocksOf({ ledger }: Awaited<ReturnType<typeof ownChannel>>): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  for (let number = 0; number < ledger.tip.height; number++) {
    const view = await ledger.blocks.byNumber(number);
    blocks.push(...(view === null ? [] : [view.bytes]));
  }
  return blocks;
}

let net: Awaited<ReturnType<typeof network>>;
let commits: CommitWatcher;
let broadcaster: Broadcaster;
let route: Route;
beforeAll(async () => {
  net = await network();
  commits = new CommitWatcher({ channelId: CHANNEL, retryMs: 10 }, { client: net.peers[0], signer: org1.client });
  broadcaster = new Broadcaster(net.orderer);
  route = { signer: org1.client, endorsers: net.peers, orderer: broadcaster, commits };
  await commits.ready(never);
});
beforeEach(() => {
  net.refuse(null);
});
afterAll(async () => {
  broadcaster.close();
  await commits.close();
  await net.close();
});

const request = (...args: string[]): ProposalRequest => ({ channelId: CHANNEL, chaincode: 'basic', args });

describe('a client', () => {
  it('brings a transaction from its proposal to its commit', async () => {
    const { codeName, block, payload } = await submit(request('put', 'a'), route, never);
    expect(codeName).toBe('VALID');
    expect(Buffer.from(payload).toString()).toBe('did put');
    expect(commits.height).toBe(block + 1);
  });

  it('keeps transient data out of the ledger', async () => {
    const secret = new TextEncoder().encode('whisper');
    const { payload, block } = await submit({ ...request('put', 'b'), transient: { secret } }, route, never);
    expect(Buffer.from(payload).toString()).toBe('whisper');
    const range = { channelId: CHANNEL, from: block, to: block };
    for await (const view of deliveredBlocks(net.peers[0], 'peer', range, org1.client)) {
      const { data } = common.Block.deserializeBinary(view.bytes).toObject();
      const text = Buffer.from(String(data?.dataList[0]), 'base64').toString('latin1');
      // It is in the chaincode's response, and nowhere else.
      expect(text.split('whisper')).toHaveLength(2);
    }
  });

  it('tells of a transaction that has no effect', async () => {
    await expect(submit(request('stale', 'a'), route, never)).rejects.toMatchObject({
      code: 'not_valid',
      status: 'MVCC_READ_CONFLICT',
    });
    const alone = { ...route, endorsers: [net.peers[0]] };
    await expect(submit(request('put', 'c'), alone, never)).rejects.toMatchObject({
      code: 'not_valid',
      status: 'ENDORSEMENT_POLICY_FAILURE',
    });
    await expect(submit(request('put', 'c'), { ...route, signer: stranger.client }, never)).rejects.toMatchObject({
      code: 'not_valid',
      status: 'BAD_CREATOR_SIGNATURE',
    });
  });

  it('that waits for blocks in vain tells why', async () => {
    const watcher = new CommitWatcher(
      { channelId: 'stranger', retryMs: 10 },
      { client: net.peers[0], signer: org1.client },
    );
    const ready = (): Promise<string> =>
      watcher.ready(AbortSignal.timeout(50)).then(
        () => 'ready',
        ({ message }: Error) => message,
      );
    await expect
      .poll(ready, { timeout: 10_000 })
      .toBe(
        `${net.peers[0].address}: blocks cannot be followed: ${net.peers[0].address} does not deliver blocks of stranger: NOT_FOUND`,
      );
    await watcher.close();
  });

  it("gives the peer's own words where it does not endorse", async () => {
    await expect(submit(request('fail'), route, never)).rejects.toMatchObject({
      code: 'not_endorsed',
      status: 500,
      address: net.peers[0].address,
      message: expect.stringContaining('asked to fail'),
    });
    await expect(submit(request('refuse'), route, never)).rejects.toMatchObject({
      code: 'call',
      status: 'UNKNOWN',
      message: expect.stringContaining('access denied: channel [own]'),
    });
    await expect(submit(request('differ'), route, never)).rejects.toMatchObject({ code: 'endorsements_differ' });
  });

  it("gives the orderer's status and reason, and goes on with the same stream", async () => {
    net.refuse('no more, please');
    await expect(submit(request('put', 'd'), route, never)).rejects.toMatchObject({
      code: 'not_broadcast',
      status: 'FORBIDDEN',
      message: expect.stringContaining('no more, please'),
    });
    net.refuse(null);
    expect((await submit(request('put', 'd'), route, never)).codeName).toBe('VALID');
  });

  it('does not wait for an orderer beyond its time; the answers of others come in their turn', async () => {
    const held = Promise.withResolvers<void>();
    const slow = await listen([
      {
        name: 'orderer.AtomicBroadcast',
        methods: {
          Broadcast: {
            kind: 'stream',
            async *handle(requests) {
              for await (const envelope of requests) {
                if (envelope.length === 1) {
                  await held.promise;
                }
                const answer = new orderer.BroadcastResponse();
                answer.setStatus(envelope.length === 3 ? common.Status.FORBIDDEN : common.Status.SUCCESS);
                yield answer.serializeBinary();
              }
            },
          },
        },
      },
    ]);
    const client = connect({ address: `127.0.0.1:${slow.port}`, tlsRoots: null });
    const asked = new Broadcaster(client);
    const [one, two, three] = [1, 2, 3].map((length) => new Uint8Array(length)) as [Uint8Array, Uint8Array, Uint8Array];
    await expect(asked.send(one, AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    const others = [asked.send(two), asked.send(three)];
    held.resolve();
    expect(await Promise.allSettled(others)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'not_broadcast' } },
    ]);
    asked.close();
    client.close();
    await slow.stop(0);
  });

  it('says which node cannot be reached', async () => {
    const nowhere = connect({ address: '127.0.0.1:1', tlsRoots: null });
    const signed = await signProposal(createProposal(request('put'), org1.client), org1.client);
    await expect(endorse([net.peers[0], nowhere], signed)).rejects.toMatchObject({
      code: 'call',
      status: 'UNAVAILABLE',
      address: '127.0.0.1:1',
    });
    await expect(broadcast(nowhere, signed)).rejects.toMatchObject({ code: 'call', status: 'UNAVAILABLE' });
    nowhere.close();
  });

  it('asks without a transaction', async () => {
    const before = commits.height;
    const signed = await signProposal(createProposal(request('look'), org1.client), org1.client);
    expect(Buffer.from(await evaluate(net.peers[1], signed)).toString()).toBe('did look');
    expect(commits.height).toBe(before);
  });

  it('says why blocks are not delivered', async () => {
    const blocks = deliveredBlocks(
      net.peers[0],
      'peer',
      { channelId: 'other', from: 'oldest', to: 'newest' },
      org1.client,
    );
    await expect(blocks.next()).rejects.toMatchObject({ code: 'not_delivered', status: 'NOT_FOUND' });
  });

  it('does not wait for ever', async () => {
    const stop = AbortSignal.timeout(20);
    await expect(commits.wait('nobody sends this', stop)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a load', () => {
  it('counts what becomes of each operation', async () => {
    const generator = new LoadGenerator(
      {
        channelId: CHANNEL,
        chaincode: 'basic',
        mix: parseMix('create=6,update=2,read=1,unendorsed=1,conflict=1'),
        rate: 0,
        inFlight: 4,
        count: 30,
        durationMs: null,
        timeoutMs: 10_000,
        settleMs: 0,
      },
      { users: [org1.client, org2.client], endorsers: net.peers, orderer: broadcaster, commits },
    );
    const report = await generator.run(never);
    expect(report).toMatchObject({ inFlight: 0, errors: [] });
    expect(report.sent).toBe(report.done);
    expect(report.sent).toBeGreaterThanOrEqual(30);
    const { VALID = 0, read = 0, ENDORSEMENT_POLICY_FAILURE: unendorsed = 0 } = report.outcomes;
    expect(VALID + read + unendorsed).toBe(report.sent);
    expect(unendorsed).toBe(report.operations.unendorsed ?? 0);
    expect(report.latencies.commit.count).toBe(VALID + unendorsed);
  });

  it('ends when it is told to, and in time', async () => {
    const options = {
      channelId: CHANNEL,
      chaincode: 'basic',
      mix: parseMix('create'),
      rate: 1000,
      inFlight: 2,
      count: null,
      timeoutMs: 10_000,
    };
    const modules = { users: [org1.client], endorsers: net.peers, orderer: broadcaster, commits };
    const timed = await new LoadGenerator({ ...options, durationMs: 30 }, modules).run(never);
    expect(timed.done).toBe(timed.sent);
    const stopped = await new LoadGenerator({ ...options, durationMs: null }, modules).run(AbortSignal.timeout(30));
    expect(stopped.done).toBe(stopped.sent);
  });
});
