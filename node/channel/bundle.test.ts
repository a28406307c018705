import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { authority } from '#node/msp/testAuthority.ts';
import { VERSIONS } from '#node/protos/testBlocks.ts';
import { ChannelBundle } from './bundle.ts';
import { ChannelError, type ChannelErrorCode } from './channelError.ts';
import { encodeConfig } from './configGroup.ts';
import { decodeToJson, encodeFromJson } from './json/protolator.ts';
import { copy, OwnChannel, recordedBlock, recordedEnvelope, replaceRoot, thrownBy, type Tree } from './testChannel.ts';

describe('bundles of recorded channels', () => {
  it.each(VERSIONS)('hold what the genesis block of %s says', (version) => {
    const bundle = ChannelBundle.fromBlock(recordedBlock(version, 0));
    expect(bundle.channelId).toBe('mychannel');
    expect(bundle.sequence).toBe(0);
    expect(bundle.hashingAlgorithm).toBe('SHA256');
    expect(bundle.blockDataHashingWidth).toBe(0xffff_ffff);
    expect(bundle.orderer?.consensusType).toBe('etcdraft');
    expect(bundle.orderer?.maintenance).toBe(false);
    expect(bundle.orderer?.raftMetadata()?.getConsentersList().length).toBeGreaterThan(0);
    expect(bundle.orderer?.bftOptions()).toBeNull();
    expect(bundle.application?.organizations.map(({ mspId }) => mspId).toSorted()).toEqual(['Org1MSP', 'Org2MSP']);
    expect(bundle.mspManager.msps).toHaveLength(3);
    expect(bundle.policies.policy('/Channel/Orderer/BlockValidation')?.expression).toBe('ANY Writers');
    expect(bundle.isBft).toBe(version === 'v3.1.5');
    bundle.requireSupported('peer');
    bundle.requireSupported('orderer');
  });

  it('know batches, endpoints and anchor peers', () => {
    const bundle = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    expect(bundle.orderer?.batchSize).toEqual({
      maxMessageCount: 10,
      absoluteMaxBytes: 10 * 1024 * 1024,
      preferredMaxBytes: 2 * 1024 * 1024,
    });
    expect(bundle.orderer?.batchTimeoutMs).toBe(500);
    expect(bundle.orderer?.organizations).toEqual([
      {
        name: 'OrdererOrg',
        mspId: 'OrdererMSP',
        endpoints: ['localhost:7050', 'localhost:7150', 'localhost:7250'],
      },
    ]);
    expect(bundle.ordererAddresses).toEqual([]);
    const org1 = bundle.application?.organizations.find(({ name }) => name === 'Org1MSP');
    expect(org1?.anchorPeers).toEqual([{ host: 'localhost', port: 7051 }]);
    expect(bundle.capabilities.mspVersion).toBe('3.0');
    expect(bundle.application?.capabilities.purgePvtData).toBe(true);
    expect(bundle.orderer?.capabilities.expirationCheck).toBe(true);
  });

  it('follow block 67 to a new bundle, and stay as they were', async () => {
    const genesis = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    const before = encodeConfig(genesis.config);
    const next = await genesis.apply(recordedEnvelope('v3.1.5', 67));
    expect(next.sequence).toBe(1);
    expect(next.application?.organizations.map(({ mspId }) => mspId)).toContain('Org3MSP');
    expect(next.mspManager.msp('Org3MSP')).not.toBeNull();
    expect(genesis.mspManager.msp('Org3MSP')).toBeNull();
    expect(encodeConfig(genesis.config)).toEqual(before);
  });

  it('are made of configuration blocks only', () => {
    expect(thrownBy(() => ChannelBundle.fromBlock(recordedBlock('v3.1.5', 4)))).toMatchObject({ code: 'wrong_type' });
    expect(thrownBy(() => ChannelBundle.fromConfigEnvelope('mychannel', new Uint8Array(0)))).toMatchObject({
      code: 'missing',
    });
    expect(thrownBy(() => ChannelBundle.fromConfigBytes('mychannel', Uint8Array.of(8, 1)))).toMatchObject({
      code: 'missing',
    });
    expect(thrownBy(() => ChannelBundle.fromConfigBytes('mychannel', Uint8Array.of(0x12, 9)))).toMatchObject({
      code: 'malformed',
    });
    const { config } = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    for (const name of ['', 'My', '1a', 'a b', 'a'.repeat(250)]) {
      expect(thrownBy(() => ChannelBundle.fromConfig(name, config))).toMatchObject({ code: 'bad_name' });
    }
  });
});

describe('a configuration that makes no sense', () => {
  const tree: Tree = decodeToJson(
    'common.Config',
    encodeConfig(ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0)).config),
  );

  it.each<[string, ChannelErrorCode, string | null, (root: Tree) => void]>([
    [
      'a hash that is not known',
      'bad_value',
      'HashingAlgorithm',
      (r) => (r.values.HashingAlgorithm.value.name = 'MD5'),
    ],
    [
      'a tree of hashes',
      'bad_value',
      'BlockDataHashingStructure',
      (r) => (r.values.BlockDataHashingStructure.value.width = 2),
    ],
    ['orderers of the whole channel', 'bad_value', 'OrdererAddresses', (r) => addAddresses(r, ['a:1'])],
    [
      'no orderers at all',
      'bad_value',
      'OrdererAddresses',
      (r) => (r.values.Capabilities.value.capabilities = { V1_1: {} }),
    ],
    [
      'endpoints before their time',
      'capability_order',
      'Orderer/OrdererOrg/Endpoints',
      (r) => {
        r.values.Capabilities.value.capabilities = { V1_1: {} };
        addAddresses(r, ['a:1']);
      },
    ],
    [
      'no endpoints',
      'endpoints_missing',
      'Orderer',
      (r) => (r.groups.Orderer.groups.OrdererOrg.values.Endpoints.value.addresses = []),
    ],
    ['empty batches', 'bad_value', 'Orderer/BatchSize', (r) => (r.groups.Orderer.values.BatchSize.value = {})],
    [
      'batches that prefer too much',
      'bad_value',
      'Orderer/BatchSize',
      (r) => (r.groups.Orderer.values.BatchSize.value.preferred_max_bytes = 0x7fff_ffff),
    ],
    [
      'a timeout that is none',
      'bad_value',
      'Orderer/BatchTimeout',
      (r) => (r.groups.Orderer.values.BatchTimeout.value.timeout = '0s'),
    ],
    [
      'capabilities without those of the orderers',
      'capability_order',
      'Capabilities',
      (r) => delete r.groups.Orderer.values.Capabilities,
    ],
    [
      'access control before its time',
      'capability_order',
      'Application/ACLs',
      (r) => {
        r.groups.Application.values.Capabilities.value.capabilities = { V1_1: {} };
        r.groups.Application.values.ACLs = { mod_policy: 'Admins', version: '0', value: { acls: {} } };
      },
    ],
    [
      'an organisation without MSP',
      'bad_msp',
      'Application/Org1MSP/MSP',
      (r) => delete r.groups.Application.groups.Org1MSP.values.MSP,
    ],
    [
      'an MSP without roots',
      'bad_msp',
      'Application/Org1MSP/MSP',
      (r) => (r.groups.Application.groups.Org1MSP.values.MSP.value.config.root_certs = []),
    ],
    [
      'two definitions of one MSP',
      'bad_msp',
      'Application/Other/MSP',
      (r) => {
        const other = copy(r.groups.Application.groups.Org1MSP);
        replaceRoot(other.values.MSP.value.config, authority('another root'));
        r.groups.Application.groups.Other = other;
      },
    ],
    ['a policy without content', 'bad_policy', null, (r) => (r.groups.Application.policies.Readers.policy = null)],
  ])('is refused: %s', (_, code, path, edit) => {
    const edited = copy(tree);
    edit(edited.channel_group);
    const bytes = encodeFromJson('common.Config', edited);
    const error = thrownBy(() => ChannelBundle.fromConfigBytes('mychannel', bytes)) as ChannelError;
    expect(error).toBeInstanceOf(ChannelError);
    expect(error.code).toBe(code);
    expect(error.path === null ? null : error.path.replace(/^\[\w+\] \/Channel\//u, '')).toBe(path);
  });

  it('is refused with values and sections that nobody knows', () => {
    const { config } = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    const root = config.channelGroup as NonNullable<typeof config.channelGroup>;
    const value = { version: 0, value: new Uint8Array(0), modPolicy: 'Admins', unknown: new Uint8Array(0) };
    const values = new Map([...root.values, ['Colour', value]]);
    expect(
      thrownBy(() => ChannelBundle.fromConfig('mychannel', { ...config, channelGroup: { ...root, values } })),
    ).toMatchObject({ code: 'unexpected_value', path: '[Value] /Channel/Colour' });
    const groups = new Map([...root.groups, ['Other', root]]);
    expect(
      thrownBy(() => ChannelBundle.fromConfig('mychannel', { ...config, channelGroup: { ...root, groups } })),
    ).toMatchObject({ code: 'disallowed_group', path: '[Group] /Channel/Other' });
    const application = root.groups.get('Application') as typeof root;
    const inside = new Map([...root.groups, ['Application', { ...application, groups: new Map([['Org', root]]) }]]);
    expect(
      thrownBy(() => ChannelBundle.fromConfig('mychannel', { ...config, channelGroup: { ...root, groups: inside } })),
    ).toMatchObject({ code: 'disallowed_group', path: '[Group] /Channel/Application/Org' });
  });
});

describe('what no signature can change', () => {
  let channel: OwnChannel;
  beforeAll(() => {
    channel = new OwnChannel();
  });

  it.each<[string, ChannelErrorCode, (root: Tree) => void]>([
    ['dropping the orderers', 'section_removed', (r) => delete r.groups.Orderer],
    ['dropping the application', 'section_removed', (r) => delete r.groups.Application],
    [
      'becoming a channel of consortiums',
      'section_added',
      (r) => (r.groups.Consortiums = { mod_policy: 'Admins', version: '0' }),
    ],
    [
      'another MSP ID',
      'msp_id_changed',
      (r) => (r.groups.Application.groups.Org1MSP.values.MSP.value.config.name = 'Other'),
    ],
    [
      'another MSP ID of orderers',
      'msp_id_changed',
      (r) => (r.groups.Orderer.groups.OrdererOrg.values.MSP.value.config.name = 'Other'),
    ],
    [
      'a capability that is not known',
      'unsupported_capability',
      (r) => (r.groups.Application.values.Capabilities.value.capabilities.V9_9 = {}),
    ],
    [
      'a capability of the channel that is not known',
      'unsupported_capability',
      (r) => (r.values.Capabilities.value.capabilities.V9_9 = {}),
    ],
  ])('%s', async (_, code, edit) => {
    await expect(channel.change(edit)).rejects.toMatchObject({ code });
  });

  it('the consensus type, unless the capability is there', async () => {
    const next = await channel.change(toBft);
    expect(next.orderer?.consensusType).toBe('BFT');
    const old = new OwnChannel((config) => {
      config.channel_group.values.Capabilities.value.capabilities = { V1_3: {} };
      addAddresses(config.channel_group, ['a:1']);
      delete config.channel_group.groups.Orderer.groups.OrdererOrg.values.Endpoints;
    });
    const bft = copy(old.tree);
    toBft(bft.channel_group);
    const after = ChannelBundle.fromConfigBytes('mychannel', encodeFromJson('common.Config', bft));
    expect(thrownBy(() => old.bundle.checkSuccession(after))).toMatchObject({ code: 'consensus_type_changed' });
  });

  it('lets an organisation go and another come', async () => {
    const next = await channel.change((root) => {
      const { groups } = root.groups.Application;
      groups.Renamed = groups.Org2MSP;
      delete groups.Org2MSP;
    });
    expect(next.application?.organizations.map(({ name }) => name).toSorted()).toEqual(['Org1MSP', 'Renamed']);
  });
});

describe('hostile bytes', () => {
  it('end in a typed error, and leave the bundle as it was', async () => {
    const genesis = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
    const before = encodeConfig(genesis.config);
    const recorded = recordedEnvelope('v3.1.5', 67);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 255 }), fc.nat(), async (at, to, length) => {
        const bytes = Uint8Array.from(recorded);
        bytes[at % bytes.length] = to;
        const cut = length % 10 === 0 ? bytes.subarray(0, length % bytes.length) : bytes;
        const error: unknown = await genesis.apply(cut).then(
          () => null,
          (cause: unknown) => cause,
        );
        expect(error).toSatisfy((one) => one === null || one instanceof ChannelError);
        const made = thrownBy(() => ChannelBundle.fromConfigEnvelope('mychannel', cut));
        expect(made).toSatisfy((one) => one === null || one instanceof ChannelError);
      }),
      { numRuns: 150 },
    );
    expect(encodeConfig(genesis.config)).toEqual(before);
  });
});

function toBft(root: Tree): void {
  root.groups.Orderer.values.ConsensusType.value = { type: 'BFT', metadata: {} };
}

function addAddresses(root: Tree, addresses: readonly string[]): void {
  root.values.OrdererAddresses = { mod_policy: '/Channel/Orderer/Admins', version: '0', value: { addresses } };
}
