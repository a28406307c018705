import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chainInfo,
  definitionFlags,
  type Deployment,
  invoke,
  joinArguments,
  joinOrderer,
  joinPeers,
  packageNode,
  query,
  reaches,
} from './channel.ts';
import { batchSize, currentConfig, group, makeUpdate } from './configUpdate.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL, type Maker } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import { until } from './until.ts';

const CONTRACT = fileURLToPath(new URL('../chaincode/contract', import.meta.url));
const [PEER1, SPARE, PEER2, PEER3] = [
  'peer0.org1.example.com',
  'peer1.org1.example.com',
  'peer0.org2.example.com',
  'peer0.org3.example.com',
] as const;
const BOTH = [PEER1, PEER2] as const;

const cases = (await GoTools.all()).flatMap((tools) =>
  (['ours', 'go'] as const).map((material): [string, GoTools, Maker] => [
    `${tools.release}, identities and genesis block ${material === 'ours' ? 'by FTL' : 'by cryptogen and configtxgen'}`,
    tools,
    material,
  ]),
);

describe.each(cases)("Go's commands drive FTL's network (%s)", (_, tools, material) => {
  let network: InteropNetwork;
  let peer1: ReturnType<InteropNetwork['peerOf']>;
  let peer2: ReturnType<InteropNetwork['peerOf']>;
  let every: Deployment;

  beforeAll(async () => {
    network = await InteropNetwork.start(tools, {
      material,
      organizations: { Org1: 2, Org2: 1, Org3: 1 },
      members: ['Org1', 'Org2'],
    });
    peer1 = network.peerOf(PEER1);
    peer2 = network.peerOf(PEER2);
  });
  afterAll(() => network?.[Symbol.asyncDispose]());

  const lifecycle = (peer: typeof peer1, ...args: readonly string[]): Promise<string> =>
    peer.run('lifecycle', 'chaincode', ...args);

  it('osnadmin channel join, list', async () => {
    expect((await network.osnadmin(['list'])).answer).toEqual({ systemChannel: null, channels: null });
    await joinOrderer(network);
    expect((await network.osnadmin(['list'])).answer).toMatchObject({ channels: [{ name: CHANNEL }] });
    expect((await network.osnadmin(['list', '--channelID', CHANNEL])).answer).toMatchObject({
      name: CHANNEL,
      consensusRelation: 'consenter',
      status: 'active',
      height: 1,
    });
    const again = await network.osnadmin(joinArguments(network));
    expect(again.stdout).toContain('Status: 405');
    expect(again.answer).toEqual({ error: 'cannot join: channel already exists' });
    const stranger = await network.osnadmin(['list', '--channelID', 'stranger']);
    expect(stranger.stdout).toContain('Status: 404');
  });

  it('peer channel join, list, getinfo', async () => {
    await joinPeers(network, ...BOTH);
    expect(await peer1.run('channel', 'list')).toMatch(/^mychannel$/m);
    expect(await chainInfo(peer1)).toMatchObject({ height: 1 });
    expect(await peer1.fails('channel', 'join', '-b', network.folder.genesisBlock(CHANNEL))).toContain(
      'already exists with state [ACTIVE]',
    );
  });

  it('peer lifecycle chaincode package, install, queryinstalled, getinstalledpackage', async () => {
    const packaged = await packageNode(network, CONTRACT, 'every_1');
    every = { ...packaged, name: 'every', hosts: BOTH };
    await lifecycle(peer1, 'install', every.packageFile);
    expect(JSON.parse(await lifecycle(peer1, 'queryinstalled', '-O', 'json'))).toEqual({
      installed_chaincodes: [{ package_id: every.packageId, label: 'every_1' }],
    });
    const folder = network.file('installed');
    mkdirSync(folder);
    await lifecycle(peer1, 'getinstalledpackage', '--package-id', every.packageId, '--output-directory', folder);
    const [file] = readdirSync(folder) as [string];
    expect(readFileSync(join(folder, file))).toEqual(readFileSync(every.packageFile));
    const { stderr } = await peer1.attempt(['lifecycle', 'chaincode', 'install', every.packageFile]);
    expect(stderr).toContain(`chaincode already successfully installed (package ID '${every.packageId}')`);
    await lifecycle(peer2, 'install', every.packageFile);
  });

  it('peer lifecycle chaincode approveformyorg, checkcommitreadiness, queryapproved, commit, querycommitted', async () => {
    const collections = network.file('collections.json');
    writeFileSync(
      collections,
      JSON.stringify([
        {
          name: 'secrets',
          policy: "OR('Org1MSP.member', 'Org2MSP.member')",
          requiredPeerCount: 0,
          maxPeerCount: 1,
          blockToLive: 0,
          memberOnlyRead: true,
        },
      ]),
    );
    const flags = [...definitionFlags(every), '--collections-config', collections];
    const id = ['--package-id', every.packageId];
    await lifecycle(peer1, 'approveformyorg', ...flags, ...id, ...network.ordererFlags);
    expect(JSON.parse(await lifecycle(peer1, 'checkcommitreadiness', ...flags, '-O', 'json'))).toEqual({
      approvals: { Org1MSP: true, Org2MSP: false },
    });
    expect(
      JSON.parse(await lifecycle(peer1, 'queryapproved', '-C', CHANNEL, '--name', 'every', '-O', 'json')),
    ).toMatchObject({
      sequence: 1,
      version: '1.0',
      source: { Type: { LocalPackage: { package_id: every.packageId } } },
    });
    const commit = ['commit', ...flags, ...network.ordererFlags, ...network.peerFlags(...BOTH)];
    expect(await peer1.fails('lifecycle', 'chaincode', ...commit)).toMatch(
      /chaincode definition not agreed to by this org \(Org2MSP\)|ProposalResponsePayloads do not match/,
    );
    await lifecycle(peer2, 'approveformyorg', ...flags, ...id, ...network.ordererFlags);
    await until('both know of both approvals', async () => {
      const printed = await Promise.all(
        [peer1, peer2].map((peer) => lifecycle(peer, 'checkcommitreadiness', ...flags, '-O', 'json')),
      );
      return printed.every((text) => !text.includes('false'));
    });
    await lifecycle(peer1, ...commit);
    expect(
      JSON.parse(await lifecycle(peer1, 'querycommitted', '-C', CHANNEL, '--name', 'every', '-O', 'json')),
    ).toMatchObject({ sequence: 1, version: '1.0', approvals: { Org1MSP: true, Org2MSP: true } });
  });

  it('peer chaincode invoke, query', async () => {
    await invoke(network, BOTH, 'every', ['put', 'colour', 'blue']);
    await Promise.all(
      BOTH.map(async (host) => expect(await query(network, host, 'every', ['get', 'colour'])).toBe('blue')),
    );
    const transient = ['--transient', JSON.stringify({ value: Buffer.from('whispered').toString('base64') })];
    await invoke(network, BOTH, 'every', ['putPrivate', 'secrets', 'key'], transient);
    expect(await query(network, PEER2, 'every', ['getPrivate', 'secrets', 'key'])).toBe('whispered');
    const failed = ['-C', CHANNEL, '-n', 'every', '-c', '{"Args":["fail","no more paint"]}'];
    expect(await peer1.fails('chaincode', 'query', ...failed)).toContain('no more paint');
    const unknown = ['-C', CHANNEL, '-n', 'unknown', '-c', '{"Args":[]}'];
    expect(await peer1.fails('chaincode', 'query', ...unknown)).toContain('chaincode unknown not found');
  });

  it('peer channel fetch', async () => {
    const genesis = readFileSync(network.folder.genesisBlock(CHANNEL));
    for (const from of [network.ordererFlags, []]) {
      const fetch = async (which: string): Promise<Buffer> => {
        const file = network.file(`${which}.block`);
        await peer1.run('channel', 'fetch', which, file, '-c', CHANNEL, ...from);
        return readFileSync(file);
      };
      expect((await fetch('oldest')).includes(genesis.subarray(0, 64))).toBe(true);
      expect(await fetch('config')).toEqual(await fetch('0'));
      const { height } = await chainInfo(peer1);
      expect(await fetch('newest')).toEqual(await fetch(String(height - 1)));
    }
  });

  it('peer channel update: the batch size, by the ordering service alone', async () => {
    const bigger = await makeUpdate(network, peer1, (config) => {
      batchSize(config)['max_message_count'] = 7;
    });
    const update = ['channel', 'update', '-f', bigger, '-c', CHANNEL, ...network.ordererFlags];
    expect(await peer1.fails(...update)).toMatch(
      /BAD_REQUEST.*error applying config update to existing channel 'mychannel': error authorizing update/,
    );
    await network.ordererAdmin.run(...update);
    expect(batchSize(await currentConfig(network, peer1))['max_message_count']).toBe(7);
  });

  it('peer channel signconfigtx, update: an organisation more, whose peer joins and reads', async () => {
    const org3 = network.organization('Org3');
    const print = ['-configPath', network.folder.path, '-printOrg', org3.mspId];
    const { stdout } = await tools.run('configtxgen', print);
    const update = await makeUpdate(network, peer1, ({ channel_group: root }) => {
      group(root, 'Application').groups['Org3'] = JSON.parse(stdout);
    });
    const flags = ['-c', CHANNEL, ...network.ordererFlags];
    expect(await peer2.fails('channel', 'update', '-f', update, ...flags)).toMatch(/BAD_REQUEST/);
    await peer1.run('channel', 'signconfigtx', '-f', update);
    await peer2.run('channel', 'update', '-f', update, ...flags);
    // The orderer's answer says that the update is ordered, not that the peer has the block.
    await until('the peer has the configuration', async () => {
      const { channel_group: root } = await currentConfig(network, peer1);
      return Object.hasOwn(group(root, 'Application').groups, 'Org3');
    });

    await joinPeers(network, PEER3);
    const { height } = await chainInfo(peer1);
    const peer3 = network.peerOf(PEER3);
    await reaches(peer3, height);
    expect(await chainInfo(peer3)).toEqual(await chainInfo(peer1));
    await lifecycle(peer3, 'install', every.packageFile);
    const collections = ['--collections-config', network.file('collections.json')];
    const id = ['--package-id', every.packageId];
    await lifecycle(
      peer3,
      'approveformyorg',
      ...definitionFlags(every),
      ...collections,
      ...id,
      ...network.ordererFlags,
    );
    expect(await query(network, PEER3, 'every', ['get', 'colour'])).toBe('blue');
  });

  it('peer snapshot submitrequest, listpending, cancelrequest; peer channel joinbysnapshot', async () => {
    const snapshot = (...args: readonly string[]): Promise<string> =>
      peer1.run('snapshot', ...args, '-c', CHANNEL, ...network.peerFlag(PEER1));
    await snapshot('submitrequest', '-b', '1000');
    expect(await snapshot('listpending')).toContain('1000');
    await snapshot('cancelrequest', '-b', '1000');
    expect(await snapshot('listpending')).not.toContain('1000');
    const { height } = await chainInfo(peer1);
    await snapshot('submitrequest');
    const made = join(network.folder.node(PEER1).data, 'snapshots', 'completed', CHANNEL, String(height - 1));
    await until('the snapshot is there', () => readdirSync(made).length > 0);
    const spare = network.peerOf(SPARE);
    await spare.run('channel', 'joinbysnapshot', '--snapshotpath', made);
    await until('the spare has joined', async () => (await spare.run('channel', 'list')).includes(CHANNEL));
    expect(await spare.run('channel', 'joinbysnapshotstatus')).toMatch(/No joinbysnapshot operation is in progress/);
    await invoke(network, BOTH, 'every', ['put', 'colour', 'green']);
    await reaches(spare, height + 1);
    expect(await chainInfo(spare)).toMatchObject({
      height: height + 1,
      currentBlockHash: (await chainInfo(peer1)).currentBlockHash,
    });
  });

  // Release 2.5 does not have these two.
  it.each(tools.release.startsWith('2.') ? [] : ['fetch, update'])('osnadmin channel %s', async () => {
    const [fetched, wanted] = [network.file('fetched.block'), network.file('wanted.block')];
    for (const which of ['oldest', 'newest', 'config', '1']) {
      const flags = ['--channelID', CHANNEL, '--blockID', which, '--outputfile', fetched];
      expect((await network.osnadmin(['fetch', ...flags])).stdout).toContain('Status: 200');
      await peer1.run('channel', 'fetch', which, wanted, '-c', CHANNEL, ...network.ordererFlags);
      expect(readFileSync(fetched)).toEqual(readFileSync(wanted));
    }
    const update = await makeUpdate(network, peer1, (config) => {
      batchSize(config)['max_message_count'] = 8;
    });
    await network.ordererAdmin.run('channel', 'signconfigtx', '-f', update);
    const sent = await network.osnadmin(['update', '--channelID', CHANNEL, '--config-update-envelope', update]);
    expect(sent.stdout).toContain('Status: 201');
    await until('the batch size is another', async () => {
      return batchSize(await currentConfig(network, peer1))['max_message_count'] === 8;
    });
  });

  it('osnadmin channel remove', async () => {
    const { status, stdout } = await network.osnadmin(['remove', '--channelID', CHANNEL]);
    expect([status, stdout.trim()]).toEqual([0, 'Status: 204']);
    await until('it is gone', async () => {
      const { answer } = await network.osnadmin(['list']);
      return (answer as { readonly channels: unknown }).channels === null;
    });
    const file = network.file('none.block');
    expect(await peer1.fails('channel', 'fetch', 'newest', file, '-c', CHANNEL, ...network.ordererFlags)).toContain(
      'NOT_FOUND',
    );
  });
});
