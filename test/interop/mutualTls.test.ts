import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainInfo, deploy, invoke, joinOrderer, joinPeers, packageNode, query, reaches } from './channel.ts';
import { GoTools } from './goTools.ts';
import { InteropNetwork } from './interopNetwork.ts';

const CONTRACT = fileURLToPath(new URL('../chaincode/contract', import.meta.url));
const [OURS, GO] = ['peer0.org1.example.com', 'peer1.org1.example.com'] as const;

const cases = (await GoTools.all()).flatMap((tools) =>
  (['ours', 'go'] as const).map((orderer) => [tools.release, orderer, tools] as const),
);

describe.each(cases)('Where every node asks for a TLS certificate (%s, orderer: %s)', (_, orderer, tools) => {
  let network: InteropNetwork;

  beforeAll(async () => {
    network = await InteropNetwork.start(tools, {
      material: 'ours',
      nodes: { [GO]: 'go', 'orderer.example.com': orderer },
      organizations: { Org1: 2 },
      mutualTls: true,
    });
    await joinOrderer(network);
    await joinPeers(network, OURS, GO);
  });
  afterAll(() => network?.[Symbol.asyncDispose]());

  it('commands with one deploy, invoke and query; peers of both makers follow', async () => {
    await deploy(network, { ...(await packageNode(network, CONTRACT, 'every_1')), name: 'every', hosts: [OURS] });
    await invoke(network, [OURS], 'every', ['put', 'colour', 'blue']);
    expect(await query(network, OURS, 'every', ['get', 'colour'])).toBe('blue');
    const info = await chainInfo(network.peerOf(OURS));
    await reaches(network.peerOf(GO), info.height);
    expect(await chainInfo(network.peerOf(GO))).toEqual(info);
  });

  it('commands without one get nothing', async () => {
    const { status } = await network.peerOf(OURS).attempt(['channel', 'list'], {
      CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'false',
    });
    expect(status).toBe(1);
    const args = ['channel', 'fetch', 'newest', network.file('none.block'), '-c', 'mychannel'];
    const fetched = await network.peerOf(OURS).attempt([...args, ...network.ordererFlags.slice(0, 5)]);
    expect(fetched.status).toBe(1);
  });
});
