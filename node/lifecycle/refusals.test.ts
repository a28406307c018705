import { common, msp, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessControl } from '#node/peer/accessControl.ts';
import { authority, setup } from '#node/msp/testAuthority.ts';
import { parsePolicy, signedByAny } from '#node/policy/policyDsl.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import { LifecycleChaincode } from './lifecycleChaincode.ts';
import {
  approval,
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
    const header = (creator: Uint8Array): SignedProposalMessage => signedProposal(org1, creator);
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
      expect(response.status).toBe(500);
      expect(response.message).toMatch(message);
    }
    const { response } = await call(chaincode, { args: [Buffer.from('x'), Buffer.from('')], channel: null });
    expect(response.message).toMatch(/^Failed to authorize invocation due to failed ACL check: /);
  });
});

function signedProposal({ organization }: TestPeer, creator: Uint8Array): SignedProposalMessage {
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  const header = new common.Header();
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  const proposalBytes = proposal.serializeBinary();
  return { proposalBytes, signature: organization.client.signSync(proposalBytes) };
}
