import { common } from '@hyperledger/fabric-protos';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { Signer } from '#node/crypto/sign.ts';
import { authority, issue } from '#node/msp/testAuthority.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { NO_TRACER, type Party } from '#node/tracing/tracer.ts';
import { BlockMaker } from '#test/harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization } from '#test/harness/signedChannel.ts';
import { until } from '#test/harness/until.ts';
import { DeliverMetrics } from './deliverMetrics.ts';
import { blockResponse, filteredResponse, readResponse, statusName } from './deliverResponse.ts';
import { type Delivery, type DeliverOptions, DeliverService } from './deliverService.ts';
import { ordererDeliver } from './ordererDeliver.ts';
import { seekEnvelope, type SeekRequest } from './seekEnvelope.ts';
import { answered, callContext, CANCELLED, outcome, requestsOf, TestChain } from './testChain.ts';

const org1 = makeOrganization('Org1MSP', 'peer');
const orderers = makeOrganization('OrdererMSP', 'orderer');
const stranger = makeOrganization('StrangerMSP', 'peer');
const CHANNEL = 'mychannel';

/** Blocks with data that no reader looks into. */
function madeBlocks(count: number): { readonly blocks: Uint8Array[]; readonly maker: BlockMaker } {
  const maker = new BlockMaker(orderers.node);
  const blocks = [maker.next([genesisEnvelope(CHANNEL, channelConfig([org1], orderers))])];
  for (let number = 1; number < count; number++) {
    blocks.push(maker.next([Buffer.from(`data of ${number}`)]));
  }
  return { blocks, maker };
}

function rig(count = 5, options: DeliverOptions = {}) {
  const { blocks, maker } = madeBlocks(count);
  const chain = new TestChain(CHANNEL, blocks);
  const sent: { readonly number: number; readonly receiver: Party }[] = [];
  const refused: string[] = [];
  const registry = new Registry();
  const clock = { now: Date.now() };
  const service = new DeliverService(options, {
    chains: { chain: (id) => (id === CHANNEL ? chain : null) },
    tracer: { ...NO_TRACER, deliverSend: (_, block, receiver) => sent.push({ number: block.number, receiver }) },
    metrics: new DeliverMetrics(registry),
    now: () => clock.now,
    onRefused: (_address, _channel, reason) => refused.push(reason),
  });
  const more = (): void => chain.add(maker.next([Buffer.from('more')]));
  return { service, chain, more, sent, refused, registry, clock };
}

const anybody: Delivery = { dataType: 'block', authorize: async () => null, respond: blockResponse };

const seek = (request: Partial<SeekRequest>, signer = org1.client): Promise<Uint8Array> =>
  seekEnvelope({ channelId: CHANNEL, from: 'oldest', ...request }, signer);

const SUCCESS = 'status 200';

describe('a seek', () => {
  it.each<[string, Partial<SeekRequest>, readonly (number | string)[]]>([
    ['everything there is', { from: 'oldest', to: 'newest' }, [0, 1, 2, 3, 4, SUCCESS]],
    ['the newest alone', { from: 'newest', to: 'newest' }, [4, SUCCESS]],
    ['from a block to the newest', { from: 2, to: 'newest' }, [2, 3, 4, SUCCESS]],
    ['one block', { from: 3, to: 3 }, [3, SUCCESS]],
    ['a part', { from: 1, to: 3 }, [1, 2, 3, SUCCESS]],
    ['an end before the beginning', { from: 3, to: 1 }, ['status 400']],
    ['a block far ahead', { from: 6, to: 9 }, ['status 404']],
    ['a number that no chain reaches', { from: 2 ** 53 - 1 }, ['status 404']],
    ['more than there is, without waiting', { from: 3, to: 7, failIfNotReady: true }, [3, 4, 'status 404']],
    ['the next block, without waiting', { from: 'next_commit', failIfNotReady: true }, ['status 404']],
    ['another channel', { channelId: 'other' }, ['status 404']],
  ])('for %s', async (_, request, expected) => {
    const { service } = rig();
    expect(await answered(service, anybody, [await seek(request)])).toEqual(expected);
  });

  it('follows another one on the same stream, unless that one failed', async () => {
    const { service } = rig();
    const requests = [await seek({ from: 0, to: 1 }), await seek({ from: 9, to: 9 }), await seek({ from: 0, to: 0 })];
    expect(await answered(service, anybody, requests)).toEqual([0, 1, SUCCESS, 'status 404']);
  });

  it('waits for blocks, the newest of which end it', async () => {
    const { service, chain, more } = rig(2);
    const all = answered(service, anybody, [await seek({ from: 'next_commit', to: 4 })]);
    for (let number = 2; number <= 4; number++) {
      await until(() => chain.waiting === 1);
      more();
    }
    expect(await all).toEqual([2, 3, 4, SUCCESS]);
    expect(chain.waiting).toBe(0);
  });

  it('of a chain that was begun from a snapshot', async () => {
    const { blocks } = madeBlocks(8);
    const bundle = ChannelBundle.fromBlock(BlockView.fromBytes(blocks[0] as Uint8Array));
    const chain = new TestChain(CHANNEL, blocks.slice(5), { firstBlock: 5, bundle });
    const service = new DeliverService({}, { chains: { chain: () => chain }, tracer: NO_TRACER });
    const ask = async (request: Partial<SeekRequest>) => answered(service, anybody, [await seek(request)]);
    expect(await ask({ from: 'oldest', to: 'newest' })).toEqual(['status 404']);
    expect(await ask({ from: 4, to: 6 })).toEqual(['status 404']);
    expect(await ask({ from: 5, to: 'newest' })).toEqual([5, 6, 7, SUCCESS]);
  });

  it('gets header and signatures alone where it wants them, and a configuration whole', async () => {
    const { service } = rig(2);
    const blocks: BlockView[] = [];
    const request = await seek({ from: 0, to: 1, headersOnly: true });
    for await (const bytes of service.handle(anybody, requestsOf(request), callContext())) {
      const answer = readResponse(bytes);
      if (answer.kind === 'block') {
        blocks.push(answer.block);
      }
    }
    expect(blocks.map(({ data }) => data.length)).toEqual([1, 0]);
    expect(blocks[1]?.metadata.length).toBe(5);
    expect(blocks[1]?.signers[0]?.mspId).toBe('OrdererMSP');
  });

  it('is counted and traced with who asked', async () => {
    const { service, sent, registry } = rig(3);
    await answered(service, anybody, [await seek({ from: 0, to: 2 })], callContext({ address: '10.0.0.7:1234' }));
    // An application that listens is no station on a transaction's way.
    expect(sent).toEqual([]);
    const peer = await seek({ from: 0, to: 2 }, org1.node);
    await answered(service, anybody, [peer], callContext({ address: '10.0.0.7:1234' }));
    expect(sent.map(({ number }) => number)).toEqual([0, 1, 2]);
    expect(sent[0]?.receiver.identity?.role).toBe('peer');
    expect(sent[0]?.receiver.address).toBe('10.0.0.7:1234');
    const text = await registry.metrics();
    const labels = 'channel="mychannel",filtered="false",data_type="block"';
    expect(text).toContain(`deliver_blocks_sent{${labels}} 6`);
    expect(text).toContain(`deliver_requests_completed{${labels},success="true"} 2`);
    expect(text).toContain('deliver_streams_closed 2');
  });
});

describe('a bad request', () => {
  it('that is no envelope ends the call, as gRPC does in Go', async () => {
    const { service } = rig();
    const answers = answered(service, anybody, [Uint8Array.of(0x0a, 0x7f)]);
    await expect(answers).rejects.toMatchObject({ status: 'INTERNAL' });
  });

  it.each<[string, (whole: common.Envelope) => Uint8Array]>([
    ['an empty envelope', () => new Uint8Array(0)],
    ['a payload that is none', (whole) => withPayload(whole, Buffer.from('not a payload'))],
    ['a payload without header', (whole) => edit(whole, (payload) => payload.clearHeader())],
    [
      'a channel header that is none',
      (whole) => edit(whole, (_, header) => header.setChannelHeader(Buffer.from('garbage!'))),
    ],
    ['no timestamp', (whole) => edit(whole, (_, header) => header.setChannelHeader(headerWithoutTime()))],
    [
      'a signature header that is none',
      (whole) => edit(whole, (_, header) => header.setSignatureHeader(Buffer.from('garbage!'))),
    ],
    ['a seek that is none', (whole) => edit(whole, (payload) => payload.setData(Buffer.from([0x0a, 0x50])))],
    ['a seek without start and stop', (whole) => edit(whole, (payload) => payload.setData(''))],
  ])('with %s gets BAD_REQUEST', async (_, damage) => {
    const { service, refused } = rig();
    const whole = common.Envelope.deserializeBinary(await seek({}));
    expect(await answered(service, anybody, [damage(whole)])).toEqual(['status 400']);
    expect(refused).toHaveLength(1);
  });

  it('from a clock that is too far off', async () => {
    const { service, clock } = rig(1, { timeWindowMs: 60_000 });
    const ask = async (at: number) =>
      answered(service, anybody, [await seek({ from: 0, to: 0, at: new Date(clock.now + at) })]);
    expect(await ask(-59_000)).toEqual([0, SUCCESS]);
    expect(await ask(59_000)).toEqual([0, SUCCESS]);
    expect(await ask(-61_000)).toEqual(['status 400']);
    expect(await ask(61_000)).toEqual(['status 400']);
  });

  it('that was made for another TLS connection', async () => {
    const { service } = rig(1, { mutualTls: true });
    const certificate = { der: Buffer.from('certificate'), hash: Buffer.alloc(32, 7) };
    const ask = async (tlsCertHash: Uint8Array | undefined, context = callContext({ certificate })) =>
      answered(
        service,
        anybody,
        [await seek({ from: 0, to: 0, ...(tlsCertHash === undefined ? {} : { tlsCertHash }) })],
        context,
      );
    expect(await ask(Buffer.alloc(32, 7))).toEqual([0, SUCCESS]);
    expect(await ask(Buffer.alloc(32, 8))).toEqual(['status 400']);
    expect(await ask(undefined)).toEqual(['status 400']);
    expect(await ask(Buffer.alloc(32, 7), callContext())).toEqual(['status 400']);
  });
});

/** From an orderer. */
function orderer(service: DeliverService, request: Uint8Array) {
  const method = ordererDeliver(service);
  return method.kind === 'stream' ? outcome(method.handle(requestsOf(request), callContext())) : [];
}

describe('access', () => {
  it("is for the channel's readers", async () => {
    const { service, refused } = rig(1);
    expect(await orderer(service, await seek({ from: 0, to: 0 }))).toEqual([0, SUCCESS]);
    expect(await orderer(service, await seek({ from: 0, to: 0 }, orderers.node))).toEqual([0, SUCCESS]);
    expect(await orderer(service, await seek({ from: 0, to: 0 }, stranger.client))).toEqual(['status 403']);
    expect(refused[0]).toContain('ANY Readers is not satisfied');
  });

  it('is not given to a forged signature', async () => {
    const { service } = rig(1);
    const whole = common.Envelope.deserializeBinary(await seek({ from: 0, to: 0 }));
    whole.setSignature(org1.client.signSync(Buffer.from('something else')));
    expect(await orderer(service, whole.serializeBinary())).toEqual(['status 403']);
  });

  it('is asked for once, and again when the configuration changes', async () => {
    const { service, chain, more } = rig(3);
    let asked = 0;
    let answer: string | null = null;
    const delivery: Delivery = { ...anybody, authorize: async () => (asked++, answer) };
    const all = answered(service, delivery, [await seek({ from: 0 })]);
    await until(() => chain.waiting === 1);
    expect(asked).toBe(1);

    const again = ChannelBundle.fromConfig(CHANNEL, chain.bundle.config);
    chain.bundle = again;
    more();
    await until(() => chain.waiting === 1 && chain.reads === 4);
    expect(asked).toBe(2);

    answer = 'the organisation left the channel';
    chain.bundle = ChannelBundle.fromConfig(CHANNEL, again.config);
    more();
    expect(await all).toEqual([0, 1, 2, 3, 'status 403']);
  });

  it("ends with the client's certificate", async () => {
    const { service, chain, more, clock } = rig(1);
    const notAfter = new Date(Math.ceil(clock.now / 1000) * 1000 + 3_600_000);
    const holder = issue(authority('somebody'), { name: 'short-lived', notAfter });
    const keyPem = holder.privateKey.export({ type: 'pkcs8', format: 'pem' });
    const signer = new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: holder.pem });
    const all = answered(service, anybody, [await seek({ from: 0 }, signer)]);
    await until(() => chain.waiting === 1);
    more();
    await until(() => chain.waiting === 1 && chain.reads === 2);
    clock.now = notAfter.getTime() + 1;
    more();
    expect(await all).toEqual([0, 1, 'status 403']);

    const late = await seek({ from: 0, to: 0, at: new Date(clock.now) }, signer);
    expect(await answered(service, anybody, [late])).toEqual(['status 403']);
    const lenient = new DeliverService(
      { expirationCheck: false },
      { chains: { chain: () => chain }, tracer: NO_TRACER, now: () => clock.now },
    );
    expect(await answered(lenient, anybody, [late])).toEqual([0, SUCCESS]);
  });
});

describe('a chain that cannot go on', () => {
  it('is of no service, unless the best will do', async () => {
    const { service, chain } = rig(2);
    chain.failure = 'no leader';
    expect(await answered(service, anybody, [await seek({ from: 0, to: 1 })])).toEqual(['status 503']);
    expect(await answered(service, anybody, [await seek({ from: 0, to: 1, bestEffort: true })])).toEqual([
      0,
      1,
      SUCCESS,
    ]);
  });

  it('lets go of those who wait', async () => {
    const { service, chain } = rig(1, { failurePollMs: 5 });
    const all = answered(service, anybody, [await seek({ from: 0 })]);
    await until(() => chain.waiting === 1);
    chain.failure = 'no leader';
    expect(await all).toEqual([0, 'status 503']);
    expect(chain.waiting).toBe(0);
  });
});

describe('readers', () => {
  it('who are slow have one block read for them, and hold up nobody', async () => {
    const { service, chain } = rig(5);
    const slow = service.handle(anybody, requestsOf(await seek({ from: 0, to: 4 })), callContext());
    await slow.next();
    expect(chain.reads).toBe(1);
    expect(await answered(service, anybody, [await seek({ from: 0, to: 4 })])).toEqual([0, 1, 2, 3, 4, SUCCESS]);
    expect(chain.reads).toBe(6);
    expect(await outcome(slow)).toEqual([1, 2, 3, 4, SUCCESS]);
  });

  it('share what is encoded', async () => {
    const { service } = rig(1);
    const bytes = async () => {
      const answers = service.handle(anybody, requestsOf(await seek({ from: 0, to: 0 })), callContext());
      return (await answers.next()).value;
    };
    expect(await bytes()).toBe(await bytes());
  });

  it.each([0, 1, 2, 3])('who go away after %i blocks leave nothing behind', async (taken) => {
    const { service, chain } = rig(3);
    const call = new AbortController();
    const context = callContext({ signal: call.signal });
    const answers = service.handle(anybody, requestsOf(await seek({ from: 0 })), context);
    for (let index = 0; index < taken; index++) {
      await answers.next();
    }
    const next = answers.next();
    if (taken === 3) {
      await until(() => chain.waiting === 1);
    }
    call.abort(CANCELLED);
    // What was on its way is still taken.
    const ends = [await next.then(() => null, thrown), await answers.next().then(() => null, thrown)];
    expect(ends.filter((end) => end !== null)).toMatchObject([{ status: 'UNKNOWN', cause: CANCELLED }]);
    expect(chain.waiting).toBe(0);
  });
});

it('a filtered block passes over what is no envelope, and is not made of what is a broken one', () => {
  const parts = { number: 7, previousHash: Buffer.alloc(32), dataHash: Buffer.alloc(32), metadata: [] };
  const garbage = BlockView.fromParts({ ...parts, data: [Uint8Array.of(0x0a, 0x7f)] });
  const answer = readResponse(filteredResponse(garbage));
  expect(answer.kind === 'filtered' && answer.block.toObject()).toMatchObject({
    number: 7,
    filteredTransactionsList: [],
  });
  const envelope = new common.Envelope();
  envelope.setPayload(Buffer.from('no payload'));
  const broken = BlockView.fromParts({ ...parts, data: [envelope.serializeBinary()] });
  expect(() => filteredResponse(broken)).toThrow(/common.Payload/);
});

it('names of statuses are those of the protocol', () => {
  expect([200, 404, 999].map(statusName)).toEqual(['SUCCESS', 'NOT_FOUND', '999']);
});

function withPayload(whole: common.Envelope, payload: Uint8Array): Uint8Array {
  whole.setPayload(payload);
  return whole.serializeBinary();
}

function edit(whole: common.Envelope, change: (payload: common.Payload, header: common.Header) => void): Uint8Array {
  const payload = common.Payload.deserializeBinary(whole.getPayload_asU8());
  change(payload, payload.getHeader() as common.Header);
  return withPayload(whole, payload.serializeBinary());
}

function thrown(error: unknown): unknown {
  return error;
}

function headerWithoutTime(): Uint8Array {
  const header = new common.ChannelHeader();
  header.setChannelId(CHANNEL);
  return header.serializeBinary();
}
