import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { readSigner } from '#node/msp/mspFolder.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { createNetwork } from './createNetwork.ts';
import { readLayout } from './layout.ts';
import { NetworkFolder } from './networkFolder.ts';
import { HOST } from './ports.ts';

const parent = mkdtempSync(join(tmpdir(), 'ftl-network-'));
let made = 0;
const newFolder = (): NetworkFolder => new NetworkFolder(join(parent, `network${made++}`));
afterAll(() => {
  rmSync(parent, { recursive: true, force: true });
});

describe('a layout', () => {
  it('is the default network where it says nothing', () => {
    const { organizations, channels, chaincodes } = readLayout('');
    expect(organizations.map(({ name, peers, orderers }) => [name, peers.length, orderers.length])).toEqual([
      ['Orderer', 0, 1],
      ['Org1', 2, 0],
      ['Org2', 2, 0],
    ]);
    expect(organizations[1]?.peers.map(({ host, port }) => [host, port.number])).toEqual([
      ['peer0.org1.example.com', 7051],
      ['peer1.org1.example.com', 8051],
    ]);
    expect(channels).toMatchObject([{ name: 'mychannel', organizations: ['Org1', 'Org2'] }]);
    expect(chaincodes).toMatchObject([{ name: 'assets', channels: ['mychannel'], run: 'service' }]);
    expect(chaincodes[0]?.collections).toBeNull();
    expect(readLayout('chaincodes: [{ name: assets }]').chaincodes).toEqual(chaincodes);
  });

  it.each([
    ['no YAML', 'organizations: [', /not YAML/],
    ['unknown keys', 'peers: 4', /Unrecognized key.*peers/],
    ['types', 'organizations: [{name: A, peers: many}, {name: B, orderers: 1}]', /organizations[.]0[.]peers/],
    [
      'peers and orderers in one',
      'organizations: [{name: A, peers: 1, orderers: 1}, {name: B, peers: 1}]',
      /either peers/,
    ],
    ['no orderers', 'organizations: [{name: A, peers: 1}, {name: B, peers: 1}]', /must have orderers/],
    ['no peers', 'organizations: [{name: A, orderers: 1}, {name: B, orderers: 1}]', /must have peers/],
    ['a name twice', 'organizations: [{name: A, peers: 1}, {name: a, domain: x.net, orderers: 1}]', /a is there twice/],
    [
      'a domain twice',
      'organizations: [{name: A, domain: x.net, peers: 1}, {name: B, domain: x.net, orderers: 1}]',
      /domain.*x.net is there twice/,
    ],
    ['a size beyond 32 bits', 'channels: [{name: c, batch: {preferredMaxBytes: 5000000000}}]', /preferredMaxBytes/],
    [
      'a port twice',
      'organizations: [{name: A, peers: [{port: 7000}]}, {name: B, orderers: [{port: 7000}]}]',
      /7000 is/,
    ],
    [
      'a port out of range',
      'organizations: [{name: A, peers: [{port: 70000}]}, {name: B, orderers: 1}]',
      /port.*65535/,
    ],
    ['a strange organisation', 'channels: [{name: c, organizations: [Org9]}]', /Org9 is no organisation with peers/],
    ['the orderers on a channel', 'channels: [{name: c, organizations: [Orderer]}]', /Orderer is no organisation/],
    ['a strange channel', 'chaincodes: [{name: cc, channels: [other]}]', /no channel other/],
    ['a chaincode name', 'chaincodes: [{name: "-cc"}]', /letters and digits/],
  ])('with %s is refused with the place', (_, text, message) => {
    expect(() => readLayout(text)).toThrow(message);
  });
});

describe('creating a network', () => {
  it('makes all that its nodes and clients need', async () => {
    const folder = newFolder();
    const layout = await createNetwork(folder.path, '');
    expect(readdirSync(folder.path).toSorted()).toEqual([
      'channels',
      'connections',
      'crypto-config',
      'deliver.yaml',
      'network.yaml',
      'nodes',
      'nodes.yaml',
    ]);
    const { nodes } = parse(readFileSync(folder.nodes, 'utf8'));
    expect(nodes).toHaveLength(5);
    expect(nodes[0]).toMatchObject({ name: 'orderer.example.com', msp: 'OrdererMSP', kind: 'orderer' });
    expect(folder.read()).toEqual(layout);
    const { deliver } = parse(readFileSync(folder.deliver, 'utf8'));
    expect(deliver).toEqual([
      {
        address: `${HOST}:${layout.organizations[1]?.peers[0]?.port}`,
        serverName: 'peer0.org1.example.com',
        tlsRoots: expect.stringMatching(/^crypto-config.*pem$/),
        mspId: 'Org1MSP',
        msp: expect.stringContaining('User1@org1.example.com'),
        channels: ['mychannel'],
      },
    ]);

    const bundle = ChannelBundle.fromBlock(BlockView.fromBytes(readFileSync(folder.genesisBlock('mychannel'))));
    const [ordering, org1] = layout.organizations;
    const orderer = ordering?.orderers[0];
    const peer = org1?.peers[0];
    expect(bundle.orderer?.organizations[0]?.endpoints).toEqual([`${HOST}:${orderer?.port}`]);
    expect(bundle.application?.organizations).toHaveLength(2);

    const core = parse(readFileSync(join(folder.node('peer0.org1.example.com').folder, 'core.yaml'), 'utf8'));
    const from = (path: string): string => resolve(folder.node('peer0.org1.example.com').folder, path);
    expect(core.peer.BCCSP).toEqual({ Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } });
    expect(core.peer.listenAddress).toBe(`${HOST}:${peer?.port}`);
    expect(readSigner(from(core.peer.mspConfigPath), core.peer.localMspId).mspId).toBe('Org1MSP');
    expect(readFileSync(from(core.peer.tls.key.file), 'utf8')).toMatch(/PRIVATE KEY/);

    const ordererText = readFileSync(join(folder.node('orderer.example.com').folder, 'orderer.yaml'), 'utf8');
    expect(ordererText).not.toContain('partial');
    expect(parse(ordererText)).toMatchObject({ General: { ListenPort: orderer?.port, LocalMSPID: 'OrdererMSP' } });

    const profile = JSON.parse(readFileSync(`${folder.connectionProfile('Org1')}.json`, 'utf8'));
    expect(profile.peers['peer0.org1.example.com'].url).toBe(`grpcs://${HOST}:${peer?.port}`);
    expect(parse(readFileSync(`${folder.connectionProfile('Org1')}.yaml`, 'utf8'))).toEqual(profile);
  });

  it('makes a configuration for Tape, with paths from its folder on', async () => {
    const folder = newFolder();
    const { organizations } = await createNetwork(folder.path, '');
    const [ordering, org1, org2] = organizations;
    const { config, policy } = folder.tape('mychannel');
    const tape = parse(readFileSync(config, 'utf8'));
    const peers = [
      { addr: `${HOST}:${org1?.peers[0]?.port}`, ssl_target_name_override: 'peer0.org1.example.com', org: 'Org1' },
      { addr: `${HOST}:${org2?.peers[0]?.port}`, ssl_target_name_override: 'peer0.org2.example.com', org: 'Org2' },
    ];
    expect(tape).toMatchObject({
      endorsers: peers,
      committers: peers,
      commitThreshold: 2,
      orderer: { addr: `${HOST}:${ordering?.orderers[0]?.port}`, ssl_target_name_override: 'orderer.example.com' },
      channel: 'mychannel',
      chaincode: 'assets',
      args: ['CreateAsset', 'uuid', 'tape', 'randomNumber1_1000'],
      mspid: 'Org1MSP',
    });
    const text = (path: string): string => readFileSync(resolve(folder.path, path), 'utf8');
    const { certificate } = readSigner(resolve(folder.path, tape.sign_cert, '../..'), tape.mspid);
    expect(text(tape.sign_cert).trim()).toBe(certificate.pem.trim());
    expect(text(tape.private_key)).toMatch(/PRIVATE KEY/);
    for (const { tls_ca_cert } of [...tape.endorsers, tape.orderer]) {
      expect(text(tls_ca_cert)).toMatch(/CERTIFICATE/);
    }
    expect(resolve(folder.path, tape.policyFile)).toBe(policy);
    expect(text(tape.policyFile)).toMatch(/allow [{]\n {2}input\[_\] == "Org1"\n {2}input\[_\] == "Org2"\n[}]/);
  });

  it('takes the layout that it kept for the same network', async () => {
    const folder = newFolder();
    const layout = await createNetwork(
      folder.path,
      `
organizations:
  - { name: Ordering, domain: order.net, orderers: [{ name: o1, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Bank, mspId: BankMSP, domain: bank.net, users: 3, peers: [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
channels:
  - { name: loans, capabilities: { channel: V3_0 }, batch: { timeout: 1s }, acls: { peer/Propose: /Channel/Application/Admins } }
  - { name: cards }
chaincodes:
  - { name: loan-book, version: '2', channels: [loans], run: peer, policy: "OR('BankMSP.peer')", initRequired: true }
`,
    );
    expect(folder.read()).toEqual(layout);
    expect(readdirSync(join(folder.path, 'channels')).toSorted()).toEqual(['cards.block', 'loans.block']);
    // A channel without a chaincode has nothing to be loaded with.
    expect(readdirSync(join(folder.path, 'connections')).filter((file) => file.startsWith('tape'))).toEqual([
      'tape-loans.rego',
      'tape-loans.yaml',
    ]);
    expect(readdirSync(join(folder.path, 'crypto-config/peerOrganizations/bank.net/users'))).toHaveLength(4);
  });

  it('says which port is taken where the layout names it, and else takes another', async () => {
    const server = createServer().listen(0, HOST);
    await once(server, 'listening');
    const address = server.address();
    const taken = typeof address === 'object' ? address?.port : 0;
    const text = `organizations: [{name: A, peers: [{port: ${taken}}]}, {name: B, orderers: 1}]`;
    const folder = newFolder();
    await expect(createNetwork(folder.path, text)).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringMatching(`port ${taken} of peer0.a.example.com`),
    });
    expect(folder.exists).toBe(false);
    server.close();
  });

  const TWO = 'organizations: [{name: Ord, orderers: [{port: 0}]}, {name: A, peers: 1}, {name: B, peers: 1}]';
  it.each([
    ['a channel name', `channels: [{name: My Channel}]`, /channel My Channel cannot be configured so/],
    ['a batch timeout', `channels: [{name: c, batch: {timeout: soon}}]`, /channel c cannot be configured so.*soon/],
    [
      'a larger preferred size than allowed',
      'channels: [{name: c, batch: {preferredMaxBytes: 99999999}}]',
      /channel c cannot be/,
    ],
    [
      'access by a policy that is not there',
      'channels: [{name: c, acls: {peer/Propose: Nope}}]',
      /acls: peer.Propose: there is no policy .Channel.Application.Nope/,
    ],
    ['a policy of a channel', `channels: [{name: c, policies: {Endorsement: "OR("}}]`, /channel c cannot be/],
    [
      'a version',
      `chaincodes: [{name: cc, version: 1 0}]`,
      /chaincodes \(cc\): version: invalid chaincode version '1 0'/,
    ],
    ['a first sequence', `chaincodes: [{name: cc, sequence: 2}]`, /chaincodes \(cc\): sequence: 2: the first/],
    ['a missing folder', `chaincodes: [{name: cc, path: no/such}]`, /chaincodes \(cc\): path: there is no .*no.such/],
    ['a folder without a chaincode', `chaincodes: [{name: cc, path: .}]`, /path: .* has no package.json/],
    ['a policy that is none', `chaincodes: [{name: cc, policy: "AND('AMSP.peer'"}]`, /chaincodes \(cc\): policy: /],
    [
      'a policy about strangers',
      `chaincodes: [{name: cc, policy: "OR('CMSP.peer')"}]`,
      /policy: channel mychannel has no .*CMSP/,
    ],
    [
      'a policy that the channel lacks',
      `chaincodes: [{name: cc, policy: /Channel/None}]`,
      /has no policy .Channel.None/,
    ],
    [
      'a collection of strangers',
      `chaincodes: [{name: cc, collections: [{name: x, policy: "OR('CMSP.peer')"}]}]`,
      /collections: .*CMSP/,
    ],
    [
      'peer counts of a collection',
      `chaincodes: [{name: cc, collections: [{name: x, policy: "OR('AMSP.peer')", requiredPeerCount: 3}]}]`,
      /collections: .*maximum peer count/,
    ],
  ])('refuses %s before anything is made', async (_, text, message) => {
    const folder = newFolder();
    await expect(createNetwork(folder.path, `${TWO}\n${text}`, { base: parent })).rejects.toMatchObject({
      code: 'bad_layout',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(parent).filter((name) => name.startsWith(basename(folder.path)))).toEqual([]);
  });

  it("puts a channel's policies where the application's are", async () => {
    const folder = newFolder();
    const rule = "OR('Org1MSP.peer','Org2MSP.peer')";
    await createNetwork(folder.path, `channels: [{ name: c, policies: { Endorsement: "${rule}" } }]`);
    const bundle = ChannelBundle.fromBlock(BlockView.fromBytes(readFileSync(folder.genesisBlock('c'))));
    expect(bundle.policies.policy('/Channel/Application/Endorsement')?.expression).toBe(rule);
    expect(bundle.policies.policy('/Channel/Endorsement')).toBeNull();
  });

  it('writes absolute paths whole, however long and odd the folder is called', async () => {
    const folder = new NetworkFolder(
      join(parent, `${'a long name with "quotes" and: a colon '.repeat(3)}x`, 'network'),
    );
    await createNetwork(folder.path, '');
    const { Consensus } = parse(readFileSync(join(folder.node('orderer.example.com').folder, 'orderer.yaml'), 'utf8'));
    expect(Consensus.WALDir).toBe(join(folder.node('orderer.example.com').data, 'etcdraft', 'wal'));
  });

  it('gives no port twice', async () => {
    const layout = await createNetwork(newFolder().path, '');
    const peers = layout.organizations.flatMap((one) => one.peers);
    const orderers = layout.organizations.flatMap((one) => one.orderers);
    const ports = [
      ...peers.flatMap((one) => [one.port, one.chaincodePort, one.operationsPort]),
      ...orderers.flatMap((one) => [one.port, one.adminPort, one.operationsPort]),
    ];
    expect(new Set(ports).size).toBe(15);
  });

  it('leaves a network that is there alone', async () => {
    const folder = newFolder();
    const layout = await createNetwork(folder.path, '');
    const deliver = readFileSync(folder.deliver, 'utf8');
    await expect(createNetwork(folder.path, '')).rejects.toMatchObject({ code: 'exists' });
    expect(folder.read()).toEqual(layout);
    expect(readFileSync(folder.deliver, 'utf8')).toBe(deliver);
    expect(() => newFolder().read()).toThrow(/ftl network create/);
  });
});
