import { common, msp, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessControl } from '#node/peer/accessControl.ts';
import { authority, setup } from '#node/msp/testAuthority.ts';
import { StateUpdates } from '#node/ledger/state/stateUpdates.ts';
import { parsePolicy, signedByAny } from '#node/policy/policyDsl.ts';
import { LifecycleChaincode } from './lifecycleChaincode.ts';
import {
  approval,
  CHANNEL,
  collection,
  commitment,
  type DefinitionInput,
  readiness,
  TestNetwork,
  type TestPeer,
} from './testNetwork.ts';
import { call } from './testPeerChannel.ts';

type Config = peer.StaticCollectionConfig;

const members = (config: Config, policy: ReturnType<typeof parsePolicy>): void => {
  const message = new peer.CollectionPolicyConfig();
  message.setSignaturePolicy(policy);
  config.setMemberOrgsPolicy(message);
};

/** A policy for one principal of a kind. */
const principalPolicy = (classification: 0 | 1 | 2 | 3 | 4, bytes: Uint8Array): ReturnType<typeof parsePolicy> => {
  const policy = signedByAny('member', ['Org1MSP']);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(classification);
  principal.setPrincipal(bytes);
  policy.setIdentitiesList([principal]);
  return policy;
};

const one = (change: (config: Config) => void): DefinitionInput => ({ collections: [collection('private', change)] });

describe('a definition that is none', () => {
  let network: TestNetwork;
  beforeAll(async () => {
    network = await TestNetwork.start();
  });
  afterAll(() => network[Symbol.asyncDispose]());

  it.each<[string, DefinitionInput, string]>([
    [
      'name',
      { name: 'a/b' },
      "invalid chaincode name 'a/b'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics",
    ],
    [
      'no name',
      { name: '' },
      "invalid chaincode name ''. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics",
    ],
    [
      'name with a line break',
      { name: 'a\n' },
      "invalid chaincode name 'a\n'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics",
    ],
    ['name of a system chaincode', { name: 'qscc' }, "chaincode name 'qscc' is the name of a system chaincode"],
    [
      'version',
      { version: '1 0' },
      "invalid chaincode version '1 0'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'",
    ],
    [
      'collection name',
      { collections: [collection('_private')] },
      "invalid collection name '_private'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'",
    ],
    [
      'collection twice',
      { collections: [collection('private'), collection('private')] },
      'collection-name: private -- found duplicate in collection configuration',
    ],
    ['collection of no kind', one(() => {}), 'collection config contains unexpected payload type: <nil>'],
    [
      'peer counts',
      one((config) => config.setRequiredPeerCount(2)),
      'collection-name: private -- maximum peer count (1) cannot be less than the required peer count (2)',
    ],
    [
      'negative peer count',
      one((config) => config.setRequiredPeerCount(-1)),
      'collection-name: private -- requiredPeerCount (-1) cannot be less than zero',
    ],
    [
      'no member policy',
      one((config) => config.clearMemberOrgsPolicy()),
      "collection member policy is not set for collection 'private'",
    ],
    [
      'empty member policy',
      one((config) => config.setMemberOrgsPolicy(new peer.CollectionPolicyConfig())),
      "collection member org policy is empty for collection 'private'",
    ],
    [
      'member policy without a rule',
      one((config) => {
        const policy = parsePolicy("OR('Org1MSP.member')");
        policy.clearRule();
        members(config, policy);
      }),
      "invalid member org policy for collection 'private': Empty policy element",
    ],
    [
      'member policy with a principal that is not listed',
      one((config) => {
        const policy = parsePolicy("OR('Org1MSP.member')");
        policy.setIdentitiesList([]);
        members(config, policy);
      }),
      "invalid member org policy for collection 'private': identity index out of range, requested 0, but identities length is 0",
    ],
    [
      'member policy that asks for two',
      one((config) => members(config, parsePolicy("OR('Org1MSP.member', AND('Org1MSP.member', 'Org2MSP.member'))"))),
      'collection-name: private -- error in member org policy: signature policy is not an OR concatenation, NOutOf 2',
    ],
    [
      'member of another channel',
      one((config) => members(config, parsePolicy("OR('Org9MSP.member')"))),
      "collection-name: private -- collection member 'Org9MSP' is not part of the channel",
    ],
    [
      'unit of an organisation of another channel',
      one((config) => {
        const unit = new msp.OrganizationUnit();
        unit.setMspIdentifier('Org9MSP');
        members(config, principalPolicy(1, unit.serializeBinary()));
      }),
      "collection-name: private -- collection member 'Org9MSP' is not part of the channel",
    ],
    [
      'stranger as a member',
      one((config) => members(config, principalPolicy(2, Buffer.from('nobody')))),
      'collection-name: private -- contains an identity that is not part of the channel',
    ],
    [
      'anonymous members',
      one((config) => members(config, principalPolicy(3, new Uint8Array(0)))),
      'collection-name: private -- principal type ANONYMITY is not supported',
    ],
  ])('%s', async (what, input, message) => {
    for (const [name, args] of [
      ['ApproveChaincodeDefinitionForMyOrg', approval(input)],
      ['CommitChaincodeDefinition', commitment(input)],
    ] as const) {
      if (what === 'collection of no kind') {
        args.getCollections()?.setConfigList([new peer.CollectionConfig()]);
      }
      expect(await network.org1.run(name, args)).toMatchObject({
        status: 500,
        message: `failed to invoke backing implementation of '${name}': error validating chaincode definition: ${message}`,
        results: null,
      });
    }
  });

  it('sequences that are not next', async () => {
    const { org1 } = network;
    const approve = await org1.run('ApproveChaincodeDefinitionForMyOrg', approval({ sequence: 0 }));
    expect(approve.message).toMatch(/: requested sequence is 0, but first definable sequence number is 1$/);
    const negative = await org1.run('ApproveChaincodeDefinitionForMyOrg', approval({ sequence: -1 }));
    expect(negative.message).toMatch(/: currently defined sequence 0 is larger than requested sequence -1$/);
    const early = await org1.run('ApproveChaincodeDefinitionForMyOrg', approval({ sequence: 2 }));
    expect(early.message).toMatch(/: requested sequence 2 is larger than the next available sequence number 1$/);
    for (const [name, args] of [
      ['CheckCommitReadiness', readiness({ sequence: 2 })],
      ['CommitChaincodeDefinition', commitment({ sequence: 2 })],
    ] as const) {
      expect(await org1.run(name, args)).toMatchObject({
        status: 500,
        message: `failed to invoke backing implementation of '${name}': requested sequence is 2, but new definition must be sequence 1`,
      });
    }
  });

  it('queries for what is not there', async () => {
    const { org1 } = network;
    const { lifecycle } = peer;
    const definition = new lifecycle.QueryChaincodeDefinitionArgs();
    definition.setName('nothing');
    expect(await org1.run('QueryChaincodeDefinition', definition)).toMatchObject({
      status: 404,
      message: 'namespace nothing is not defined',
    });
    const approved = new lifecycle.QueryApprovedChaincodeDefinitionArgs();
    approved.setName('nothing');
    expect(await org1.run('QueryApprovedChaincodeDefinition', approved)).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'QueryApprovedChaincodeDefinition': could not fetch approved chaincode definition (name: 'nothing', sequence: '0') on channel 'own'",
    });
    const installed = new lifecycle.QueryInstalledChaincodeArgs();
    installed.setPackageId('nothing:1');
    expect(await org1.run('QueryInstalledChaincode', installed, 'outside any channel')).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'QueryInstalledChaincode': could not find chaincode with package id 'nothing:1'",
    });
    const bytes = new lifecycle.GetInstalledChaincodePackageArgs();
    bytes.setPackageId('nothing:1');
    expect(await org1.run('GetInstalledChaincodePackage', bytes, 'outside any channel')).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'GetInstalledChaincodePackage': could not load cc install package: chaincode install package 'nothing:1' not found",
    });
  });

  it('functions of a channel, outside any', async () => {
    const outside = 'outside any channel';
    expect(await network.org1.run('ApproveChaincodeDefinitionForMyOrg', approval(), outside)).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': error validating chaincode definition: could not get channelconfig for channel ''",
    });
  });

  it('callers that may not', async () => {
    const { org1 } = network;
    const localMsp = setup([authority('somebody else')], { mspId: 'Org1MSP' });
    const channels = { channel: () => org1.channel };
    const { packages, definitions } = org1;
    const access = new AccessControl({ localMsp });
    const chaincode = new LifecycleChaincode({ mspId: 'Org1MSP' }, { channels, access, packages, definitions });
    const header = (creator: Uint8Array): peer.SignedProposal => signedProposal(org1, creator);
    for (const [name, creator, message] of [
      ['InstallChaincode', org1.organization.client.identity, /^Failed to authorize .* ACL check: Failed /],
      [
        'CommitChaincodeDefinition',
        Buffer.from('nobody'),
        /^Failed to authorize .* ACL check: Failed evaluating policy/,
      ],
      ['Unknown', org1.organization.client.identity, /^Failed to authorize .* ACL check: Unmapped policy/],
    ] as const) {
      const args = [Buffer.from(name), Buffer.from('')];
      const { response } = await call(chaincode, { args, channel: org1.channel, signedProposal: header(creator) });
      expect(response.getStatus()).toBe(500);
      expect(response.getMessage()).toMatch(message);
    }
    const { response } = await call(chaincode, { args: [Buffer.from('x'), Buffer.from('')], channel: null });
    expect(response.getMessage()).toMatch(/^Failed to authorize invocation due to failed ACL check: /);
  });
});

const kept = collection('kept', (config) => config.setBlockToLive(7));

describe('a definition after another', () => {
  let network: TestNetwork;
  beforeAll(async () => {
    network = await TestNetwork.start();
    const { org1, org2 } = network;
    const first = { collections: [kept] };
    await network.submit(org1, 'ApproveChaincodeDefinitionForMyOrg', approval(first));
    await network.submit(org2, 'ApproveChaincodeDefinitionForMyOrg', approval(first));
    await network.submit(org1, 'CommitChaincodeDefinition', commitment(first));
  });
  afterAll(() => network[Symbol.asyncDispose]());

  it.each<[string, DefinitionInput, string]>([
    [
      'leaves collections out',
      { sequence: 2 },
      'error validating chaincode definition: the proposed collection config does not contain previously defined collections',
    ],
    [
      'leaves one out',
      { sequence: 2, collections: [collection('other')] },
      'error validating chaincode definition: existing collection [kept] missing in the proposed collection configuration',
    ],
    [
      'lets data live longer',
      { sequence: 2, collections: [collection('kept')] },
      'error validating chaincode definition: the BlockToLive in an existing collection [kept] modified. Existing value [7]',
    ],
    [
      'goes back',
      { sequence: 0, collections: [kept] },
      'currently defined sequence 1 is larger than requested sequence 0',
    ],
    [
      'is the committed one, with another version',
      { version: '2.0', collections: [kept] },
      "attempted to redefine the current committed sequence (1) for namespace basic with different parameters: expected Version '1.0' does not match passed Version '2.0'",
    ],
    [
      'is the committed one, with initialisation',
      { initRequired: true, collections: [kept] },
      "attempted to redefine the current committed sequence (1) for namespace basic with different parameters: expected InitRequired 'false' does not match passed InitRequired 'true'",
    ],
    [
      'is the committed one, with another collection',
      { collections: [kept, collection('other')] },
      'attempted to redefine the current committed sequence (1) for namespace basic with different parameters: Collections do not match',
    ],
    [
      'is approved already',
      { collections: [kept] },
      'attempted to redefine the current committed sequence (1) for namespace basic',
    ],
  ])('%s', async (_, input, message) => {
    expect(await network.org1.run('ApproveChaincodeDefinitionForMyOrg', approval(input))).toMatchObject({
      status: 500,
      message: `failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': ${message}`,
    });
  });

  it('may be approved again with other content, not with the same, until it is committed', async () => {
    const { org1 } = network;
    const next = { sequence: 2, version: '2.0', collections: [kept] };
    await network.submit(org1, 'ApproveChaincodeDefinitionForMyOrg', approval(next));
    expect((await org1.run('ApproveChaincodeDefinitionForMyOrg', approval(next))).message).toMatch(
      /: attempted to redefine uncommitted sequence \(2\) for namespace basic with unchanged content$/,
    );
    const other = approval({ ...next, packageId: 'basic:1' });
    expect(await network.submit(org1, 'ApproveChaincodeDefinitionForMyOrg', other)).toBe('VALID');
    const args = new peer.lifecycle.QueryApprovedChaincodeDefinitionArgs();
    args.setName('basic');
    const answer = await org1.run('QueryApprovedChaincodeDefinition', args);
    const latest = peer.lifecycle.QueryApprovedChaincodeDefinitionResult.deserializeBinary(answer.payload);
    expect([latest.getSequence(), latest.getSource()?.getLocalPackage()?.getPackageId()]).toEqual([2, 'basic:1']);
  });

  it('has the collections of its definition and of every organisation', async () => {
    const { channel } = network.org1;
    const state = channel.ledger.state;
    expect(await channel.collections.names('basic', state)).toEqual(
      new Set(['kept', '_implicit_org_Org1MSP', '_implicit_org_Org2MSP']),
    );
    expect(await channel.collections.names('_lifecycle', state)).toEqual(
      new Set(['_implicit_org_Org1MSP', '_implicit_org_Org2MSP']),
    );
    expect(await channel.collections.names('nothing', state)).toBeNull();
    expect((await channel.collections.config('basic', 'kept', state))?.getBlockToLive()).toBe(7);
    expect(await channel.collections.config('basic', 'other', state)).toBeNull();
    const all = await channel.collections.configs('basic', state);
    expect(all?.getConfigList().map((config) => config.getStaticCollectionConfig()?.getName())).toEqual([
      'kept',
      '_implicit_org_Org1MSP',
      '_implicit_org_Org2MSP',
    ]);
  });
});

describe('what the ledger holds', () => {
  it('from before the lifecycle of 2.0 is not gone on from', async () => {
    await using network = await TestNetwork.start();
    const { org1 } = network;
    await write(org1, 'lscc', 'old', Buffer.from([0x0a, 0x03, 0x6f, 0x6c, 0x64]));
    expect(await org1.run('ApproveChaincodeDefinitionForMyOrg', approval({ name: 'old' }))).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': error validating chaincode definition: chaincode 'old' was defined by the lifecycle of Fabric 1.x: to go on from such a definition is not supported",
    });
    await using query = await org1.channel.query();
    await expect(org1.definitions.endorsementInfo(CHANNEL, 'old', query)).rejects.toMatchObject({ code: 'legacy' });
    expect(await org1.channel.collections.names('old', org1.channel.ledger.state)).toBeNull();
  });

  it('that no lifecycle chaincode wrote is told of', async () => {
    await using network = await TestNetwork.start();
    const { org1 } = network;
    await write(org1, '_lifecycle', 'namespaces/fields/basic/Sequence', Buffer.from([0x12, 0x00]));
    expect(await org1.run('CheckCommitReadiness', readiness())).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'CheckCommitReadiness': could not get current sequence: expected key namespaces/fields/basic/Sequence to encode a value of type Int64, but was []byte",
    });
    await using query = await org1.channel.query();
    await expect(org1.definitions.endorsementInfo(CHANNEL, 'basic', query)).rejects.toMatchObject({ code: 'state' });
    await write(org1, '_lifecycle', 'namespaces/metadata/odd', Buffer.from('no message'));
    expect((await org1.run('QueryChaincodeDefinitions', new Uint8Array(0))).message).toMatch(
      /could not query namespace metadata: error unmarshalling metadata for key namespaces\/metadata\/odd: /,
    );
  });
});

/** Behind the back of the ledger. */
async function write({ channel }: TestPeer, namespace: string, key: string, value: Uint8Array): Promise<void> {
  const updates = new StateUpdates();
  updates.putPublic(namespace, key, { value, metadata: null, version: { block: 0, tx: 0 } });
  await channel.ledger.state.apply(updates, null);
}

function signedProposal({ organization }: TestPeer, creator: Uint8Array): peer.SignedProposal {
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  const header = new common.Header();
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  const bytes = proposal.serializeBinary();
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(bytes);
  signed.setSignature(organization.client.signSync(bytes));
  return signed;
}
