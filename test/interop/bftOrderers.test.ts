import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { common } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrdererLayout } from '#node/network/layout.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { chainInfo, deploy, joinOrderer, joinPeers, packageNode, query, reaches } from './channel.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL, ordererHosts } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';

const CONTRACT = fileURLToPath(new URL('../chaincode/contract', import.meta.url));
const [OURS, GO] = ['peer0.org1.example.com', 'peer1.org1.example.com'] as const;
const ORDERERS = ordererHosts(4);
/** Of four, of which one may lie. */
const QUORUM = 3;

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);
// Fabric has such orderers from 3.0 on.
const able = cases.filter(([release]) => !release.startsWith('2.'));

it.skipIf(able.length > 0)('needs a release from 3.0 on in FABRIC_BIN', () => {
  expect(cases.every(([release]) => release.startsWith('2.'))).toBe(true);
});

describe.each(able)("A peer behind four of Go's orderers, of which one may lie (%s)", (_, tools) => {
  let network: InteropNetwork;

  beforeAll(async () => {
    network = await InteropNetwork.start(tools, {
      material: 'ours',
      nodes: { [GO]: 'go', ...Object.fromEntries(ORDERERS.map((host) => [host, 'go'])) },
      organizations: { Org1: 2 },
      orderers: ORDERERS.length,
      bft: true,
    });
    await joinOrderer(network);
    await joinPeers(network, OURS, GO);
    await deploy(network, { ...(await packageNode(network, CONTRACT, 'every_1')), name: 'every', hosts: [OURS] });
  });
  afterAll(() => network?.[Symbol.asyncDispose]());

  it('takes blocks that a quorum has signed, as Go does', async () => {
    await put('colour', 'blue', network.orderer);
    expect(await query(network, OURS, 'every', ['get', 'colour'])).toBe('blue');
    await same();
    const file = network.file('last.block');
    await network.peerOf(OURS).run('channel', 'fetch', 'newest', file, '-c', CHANNEL);
    const [signatures] = BlockView.fromBytes(readFileSync(file)).metadata;
    const { signaturesList } = common.Metadata.deserializeBinary(signatures as Uint8Array).toObject();
    expect(signaturesList.length).toBeGreaterThanOrEqual(QUORUM);
  });

  it('goes on with another orderer when the one that it follows ends', async () => {
    const ended = ordererWhere((port) => port === subscribedTo());
    await network.stopNode(ended.host);
    // At once: how long the three that are left take to order again is their own affair.
    await expect.poll(subscribedTo, { timeout: 10_000 }).not.toBe(ended.port);
    await put(
      'colour',
      'red',
      ordererWhere((port) => port !== ended.port),
    );
    expect(await query(network, OURS, 'every', ['get', 'colour'])).toBe('red');
    await same();
  });

  /** Waited for at our peer. */
  async function put(key: string, value: string, orderer: OrdererLayout): Promise<void> {
    const to = network.flagsOf(orderer);
    const args = ['-C', CHANNEL, '-n', 'every', '-c', JSON.stringify({ Args: ['put', key, value] }), '--waitForEvent'];
    await network
      .peerOf(OURS)
      .run('chaincode', 'invoke', ...args, '--waitForEventTimeout', '50s', ...to, ...network.peerFlags(OURS));
  }

  function ordererWhere(is: (port: number, host: string) => boolean): OrdererLayout {
    return network.ordering.orderers.find(({ port, host }) => is(port, host)) as OrdererLayout;
  }

  /** Port of the orderer whose blocks our peer takes. */
  function subscribedTo(): number {
    const told = [...network.log(OURS).matchAll(/"kind":"subscribed","address":"127[.]0[.]0[.]1:(\d+)"/g)];
    return Number(told.at(-1)?.[1]);
  }

  async function same(): Promise<void> {
    const info = await chainInfo(network.peerOf(OURS));
    await reaches(network.peerOf(GO), info.height);
    expect(await chainInfo(network.peerOf(GO))).toEqual(info);
  }
});
