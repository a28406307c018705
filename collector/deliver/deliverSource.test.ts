import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Signer } from '#node/crypto/sign.ts';
import { DeliverService } from '#node/deliver/deliverService.ts';
import { peerDeliver } from '#node/deliver/peerDeliver.ts';
import { TestChain } from '#node/deliver/testChain.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { mspConfigOf } from '#node/msp/mspDefinition.ts';
import { authority, definition, type Holder, issue, setup } from '#node/msp/testAuthority.ts';
import { issueAuthority, issueTls } from '#node/network/material/issue.ts';
import { AccessControl } from '#node/peer/accessControl.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { BlockMaker, readWriteSet, signedTransaction } from '#test/harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization } from '#test/harness/signedChannel.ts';
import { until } from '#test/harness/until.ts';
import { decodeBlock } from '../blocks/blockSource.ts';
import { type RunningCollector, startCollector } from '../collector.ts';
import { MemoryRecords } from '../testing/memoryRecords.ts';
import { probeTarget } from './probe.ts';
import { type DeliverTarget, parseTargets } from './targets.ts';

const CHANNEL = 'mychannel';
const MSP = 'Org1MSP';
const ca = authority('ca.org1');
const user = issue(ca, { name: 'user1', units: ['client'] });
const stranger = issue(authority('ca.elsewhere'), { name: 'user1', units: ['client'] });
const orderers = makeOrganization('OrdererMSP', 'orderer');
const signer = signerOf(user);
const org1 = {
  mspId: MSP,
  config: mspConfigOf(definition([ca], { mspId: MSP })).serializeBinary(),
  client: signer,
  node: signer,
  other: signer,
};
const access = new AccessControl({ localMsp: setup([ca], { mspId: MSP }) });
const tlsAuthority = issueAuthority('tlsca', 'org1', new Date());
const tls = issueTls(tlsAuthority, 'peer0', ['localhost', '127.0.0.1'], new Date());
const pem = ({ certificatePem, keyPem }: typeof tls) => ({ certificate: certificatePem, key: keyPem });

function signerOf({ pem: certificatePem, privateKey }: Holder): Signer {
  const keyPem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  return new Signer({ mspId: MSP, keyPem, certificatePem });
}

let folder: string;
let store: MemoryRecords;
const open: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-deliver-'));
  store = new MemoryRecords();
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function mspFolder(name: string, holder: Holder): string {
  for (const part of ['signcerts', 'keystore']) mkdirSync(join(folder, name, part), { recursive: true });
  writeFileSync(join(folder, name, 'signcerts', 'cert.pem'), holder.pem);
  writeFileSync(join(folder, name, 'keystore', 'key.pem'), holder.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  return join(folder, name);
}

function ledger(count: number) {
  const maker = new BlockMaker(orderers.node);
  const blocks = [maker.next([genesisEnvelope(CHANNEL, channelConfig([org1], orderers))])];
  const next = () => {
    const results = readWriteSet([]);
    const block = maker.next([
      signedTransaction({ channelId: CHANNEL, creator: signer, endorsers: [signer], chaincode: 'basic', results }),
    ]);
    blocks.push(block);
    return block;
  };
  while (blocks.length < count) next();
  return { blocks, next, chain: new TestChain(CHANNEL, blocks) };
}

async function peer(chain: TestChain, address = '127.0.0.1:0', requireClientCertificate = false): Promise<GrpcServer> {
  const service = new DeliverService(
    {},
    { chains: { chain: (id) => (id === chain.channelId ? chain : null) }, tracer: NO_TRACER },
  );
  const server = await GrpcServer.listen(
    { address, tls: { ...pem(tls), clientRoots: [tlsAuthority.certificatePem], requireClientCertificate } },
    [peerDeliver(service, { access, ledger: () => null })],
  );
  open.push(() => server.stop(100));
  return server;
}

function targetOf(server: Pick<GrpcServer, 'port'>, more: Partial<DeliverTarget> = {}): DeliverTarget {
  return {
    address: `127.0.0.1:${server.port}`,
    service: 'peer',
    tlsRoots: file('tlsca.pem', tlsAuthority.certificatePem),
    mspId: MSP,
    msp: mspFolder('user', user),
    channels: [CHANNEL],
    from: 0,
    ...more,
  };
}

async function collect(target: DeliverTarget): Promise<RunningCollector> {
  const running = await startCollector(
    { logs: [], deliver: [target], batchMs: 5 },
    { store, registry: new Registry(), logger: pino({ level: 'silent' }) },
  );
  open.push(() => running.stop());
  return running;
}

const fault = (content: unknown) => () => parseTargets(content, '.');

const headersOf = ({ records }: MemoryRecords) =>
  [...records.values()]
    .filter(({ record }) => record.ftl.point === 'block.header')
    .map(({ record }) => record.ftl.block?.number);
const headers = () => headersOf(store);

function copyOf(from: MemoryRecords): MemoryRecords {
  const copy = new MemoryRecords();
  for (const [id, one] of from.records) copy.records.set(id, one);
  for (const [key, value] of from.saved) copy.saved.set(key, value);
  return copy;
}

describe('the blocks of a peer', () => {
  it('become the records that block files give, as they come', async () => {
    const { chain, blocks, next } = ledger(4);
    const running = await collect(targetOf(await peer(chain)));
    await running.untilCaughtUp();
    expect(headers()).toEqual([0, 1, 2, 3]);
    chain.add(next(), next());
    await until(() => running.status().deliver[0]?.block === 5);
    await running.stop();
    const expected = blocks.flatMap((block) => decodeBlock(block)).map(({ id }) => id);
    expect([...store.records.keys()].toSorted()).toEqual([...new Set(expected)].toSorted());
    expect(headers()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are read on after the last one, and none twice', async () => {
    const { chain, next } = ledger(4);
    const server = await peer(chain);
    const first = await collect(targetOf(server));
    await first.untilCaughtUp();
    await first.stop();
    chain.add(next(), next());
    const batches = store.batches.length;
    const second = await collect(targetOf(server));
    await second.untilCaughtUp();
    await second.stop();
    expect(headers()).toEqual([0, 1, 2, 3, 4, 5]);
    // Two blocks, of each a header and a transaction, and what they say of who is who.
    const added = [...store.records.values()].slice(-4).map(({ record }) => record.ftl.block?.number);
    expect(new Set(added)).toEqual(new Set([4, 5]));
    expect(store.batches.slice(batches).reduce((sum, size) => sum + size, 0)).toBeLessThan(10);
  });

  it('are gone on with after a kill at whatever moment, none lost and none twice', async () => {
    const { chain, blocks } = ledger(7);
    const target = targetOf(await peer(chain));
    const moments: MemoryRecords[] = [];
    // A kill leaves what was appended until then, with the checkpoints of that step.
    store.before = () => {
      moments.push(copyOf(store));
    };
    const running = await startCollector(
      { logs: [], deliver: [target], batchMs: 0, batchRecords: 1 },
      { store, registry: new Registry(), logger: pino({ level: 'silent' }) },
    );
    await running.untilCaughtUp();
    await running.stop();
    expect(moments.length).toBeGreaterThan(3);
    for (const moment of moments) {
      const appended: unknown[] = [];
      moment.before = (records) => {
        appended.push(...records.filter(({ record }) => record.ftl.point === 'block.header').map(({ id }) => id));
      };
      const before = headersOf(moment).length;
      store = moment;
      const next = await collect(target);
      await next.untilCaughtUp();
      await next.stop();
      expect(headersOf(moment)).toEqual(blocks.map((_, number) => number));
      expect(appended).toHaveLength(blocks.length - before);
    }
  });

  it('are gone on with where the store could not take what was read', async () => {
    const { chain } = ledger(8);
    let failures = 3;
    store.before = () => {
      if (failures-- > 0) throw new Error('no room');
    };
    const running = await collect(targetOf(await peer(chain)));
    await running.untilCaughtUp();
    expect(headers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('are waited for when the peer is gone, and come when it is there again', async () => {
    const { chain, next } = ledger(3);
    const server = await peer(chain);
    const running = await collect(targetOf(server));
    await running.untilCaughtUp();
    await server.stop(0);
    await until(() => running.status().deliver[0]?.fault != null);
    expect(running.status().deliver[0]?.fault?.code).toMatch(/unreachable|no_answer/);
    chain.add(next());
    await peer(chain, `127.0.0.1:${server.port}`);
    await until(() => running.status().deliver[0]?.block === 3);
    expect(running.status().deliver[0]?.fault).toBeNull();
    await running.stop();
    expect(headers()).toEqual([0, 1, 2, 3]);
  });

  it('of another network at the same address are not mixed in', async () => {
    const one = ledger(3);
    const server = await peer(one.chain);
    const target = targetOf(server);
    const first = await collect(target);
    await first.untilCaughtUp();
    await first.stop();
    await server.stop(0);
    const size = store.records.size;
    await peer(ledger(5).chain, `127.0.0.1:${server.port}`);
    const second = await collect(target);
    await until(() => second.status().deliver[0]?.fault != null);
    expect(second.status().deliver[0]?.fault?.code).toBe('other_ledger');
    expect(store.records.size).toBe(size);
  });

  it('come from a peer that knows its clients by TLS certificate', async () => {
    const { chain } = ledger(2);
    const shown = issueTls(tlsAuthority, 'collector', ['collector'], new Date());
    const clientCertificate = {
      certificate: file('client.pem', shown.certificatePem),
      key: file('client.key', shown.keyPem),
    };
    const server = await peer(chain, undefined, true);
    expect(await probeTarget(targetOf(server, { clientCertificate }))).toEqual([
      { ok: true, text: expect.stringMatching(/0 to 1 are there/) },
    ]);
  });
});

describe('what is wrong is said so that it can be put right', () => {
  it.each<[string, (target: DeliverTarget) => Partial<DeliverTarget>, RegExp]>([
    [
      'no access',
      () => ({ msp: mspFolder('stranger', stranger) }),
      /does not let the identity in .*stranger .* read the blocks of channel mychannel/,
    ],
    ['an unknown channel', () => ({ channels: ['other'] }), /does not have channel other/],
    [
      'a wrong TLS root',
      () => ({ tlsRoots: file('wrong.pem', issueAuthority('tlsca', 'org2', new Date()).certificatePem) }),
      /do not trust each other's TLS certificates: `tlsRoots`/,
    ],
    ['another server name', () => ({ serverName: 'peer9' }), /for another name than peer9: set `serverName`/],
    ['nobody there', () => ({ address: '127.0.0.1:1' }), /cannot be reached/],
    ['an orderer', () => ({ service: 'orderer' }), /has no Deliver service of the kind `orderer`/],
    ['no identity', () => ({ msp: '/nowhere' }), /no certificate in/],
    ['no TLS root', () => ({ tlsRoots: '/nowhere.pem' }), /tlsRoots: \/nowhere\.pem cannot be read/],
    ['TLS material that is none', () => ({ tlsRoots: file('nothing.pem', 'nothing') }), /tls|TLS/],
  ])('%s', async (_, change, message) => {
    const target = targetOf(await peer(ledger(2).chain));
    const [probe] = await probeTarget({ ...target, ...change(target) });
    expect(probe).toEqual({ ok: false, text: expect.stringMatching(message) });
  });

  it('no TLS', async () => {
    const { tlsRoots: _root, ...plain } = targetOf(await peer(ledger(2).chain));
    const [probe] = await probeTarget(plain);
    expect(probe?.text).toMatch(/without TLS: a node with TLS needs `tlsRoots`/);
  });

  it('in the list', () => {
    const good = { address: 'peer0:7051', mspId: MSP, msp: 'user', channels: [CHANNEL], tlsRoots: 'ca.pem' };
    expect(parseTargets([good], '/etc/ftl')).toEqual([
      { ...good, service: 'peer', from: 0, msp: '/etc/ftl/user', tlsRoots: '/etc/ftl/ca.pem' },
    ]);
    expect(fault([{ ...good, address: 'peer0' }])).toThrow(/entry 1, address: must be host:port/);
    expect(fault([good, { ...good, colour: 'red' }])).toThrow(/entry 2.*colour/);
    expect(fault([good, good])).toThrow(/mychannel at peer0:7051 is there twice/);
  });
});
