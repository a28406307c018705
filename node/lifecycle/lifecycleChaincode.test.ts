import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPackage } from '#node/chaincode/packages/createPackage.ts';
import { approval, commitment, readiness, type TestPeer, TestNetwork } from './testNetwork.ts';
import { call } from './testPeerChannel.ts';

const { lifecycle } = peer;

const packageOf = (label: string): Promise<Uint8Array> =>
  createPackage({ label, type: 'ccaas', connection: { address: '127.0.0.1:7052' } });

const install = async (at: TestPeer, bytes: Uint8Array) => {
  const args = new lifecycle.InstallChaincodeArgs();
  args.setChaincodeInstallPackage(bytes);
  return at.run('InstallChaincode', args, 'outside any channel');
};

const ready = async (at: TestPeer, args = readiness()) => {
  const { status, message, payload } = await at.run('CheckCommitReadiness', args);
  const result = lifecycle.CheckCommitReadinessResult.deserializeBinary(payload);
  return {
    status,
    message,
    approvals: Object.fromEntries(Array.from(result.getApprovalsMap().entries())),
    mismatches: Object.fromEntries(
      Array.from(result.getMismatchesMap().entries(), ([mspId, one]) => [mspId, one.getItemsList()]),
    ),
  };
};

const infoOf = async ({ channel, definitions }: TestPeer, name = 'basic') => {
  await using query = await channel.simulator('tx');
  return await definitions.endorsementInfo('own', name, query);
};

describe('a definition on its way', () => {
  let network: TestNetwork;
  let packageId: string;
  beforeAll(async () => {
    network = await TestNetwork.start();
  });
  afterAll(() => network[Symbol.asyncDispose]());

  it('is installed, approved by each organisation, committed and then found by endorsers', async () => {
    const { org1, org2 } = network;
    const bytes = await packageOf('basic_1.0');
    const installed = await install(org1, bytes);
    expect(installed).toMatchObject({ status: 200, message: '' });
    packageId = lifecycle.InstallChaincodeResult.deserializeBinary(installed.payload).getPackageId();
    expect(packageId).toMatch(/^basic_1\.0:[0-9a-f]{64}$/);
    await install(org2, bytes);

    expect(await ready(org1)).toMatchObject({
      approvals: { Org1MSP: false, Org2MSP: false },
      mismatches: { Org1MSP: ['ChaincodeParameters'], Org2MSP: ['ChaincodeParameters'] },
    });
    expect(await network.submit(org1, 'ApproveChaincodeDefinitionForMyOrg', approval({ packageId }))).toBe('VALID');
    // Every peer sees in the hashes what was approved, whoever has the data.
    for (const one of network.peers) {
      expect(await ready(one)).toMatchObject({
        approvals: { Org1MSP: true, Org2MSP: false },
        mismatches: { Org2MSP: ['ChaincodeParameters'] },
      });
    }
    expect(await ready(org2, readiness({ version: '1.1', validationPlugin: 'other' }))).toMatchObject({
      approvals: { Org1MSP: false, Org2MSP: false },
      mismatches: { Org1MSP: ['EndorsementInfo', 'ValidationInfo'], Org2MSP: ['ChaincodeParameters'] },
    });
    expect(await org2.run('CommitChaincodeDefinition', commitment())).toMatchObject({
      status: 500,
      message:
        "failed to invoke backing implementation of 'CommitChaincodeDefinition': chaincode definition not agreed to by this org (Org2MSP)",
    });
    expect(await infoOf(org1)).toBeNull();

    expect(await network.submit(org2, 'ApproveChaincodeDefinitionForMyOrg', approval())).toBe('VALID');
    expect(await network.submit(org1, 'CommitChaincodeDefinition', commitment())).toBe('VALID');
    expect(await infoOf(org1)).toEqual({
      version: '1.0',
      enforceInit: false,
      packageId,
      endorsementPlugin: 'escc',
    });
    // Approved without a package: nothing to run, though the same package lies there.
    expect(await infoOf(org2)).toMatchObject({ packageId: null });
  });

  it('names a package in a later approval of the same', async () => {
    const { org2 } = network;
    expect(await network.submit(org2, 'ApproveChaincodeDefinitionForMyOrg', approval({ packageId }))).toBe('VALID');
    expect(await infoOf(org2)).toMatchObject({ packageId });
  });

  it('is told of by the queries', async () => {
    const { org1 } = network;
    const definitionArgs = new lifecycle.QueryChaincodeDefinitionArgs();
    definitionArgs.setName('basic');
    const one = await org1.run('QueryChaincodeDefinition', definitionArgs);
    const definition = lifecycle.QueryChaincodeDefinitionResult.deserializeBinary(one.payload);
    expect(definition.toObject()).toMatchObject({
      sequence: 1,
      version: '1.0',
      endorsementPlugin: 'escc',
      validationPlugin: 'vscc',
      initRequired: false,
      collections: { configList: [] },
      approvalsMap: [
        ['Org1MSP', true],
        ['Org2MSP', true],
      ],
    });
    const policy = peer.ApplicationPolicy.deserializeBinary(definition.getValidationParameter_asU8());
    expect(policy.getChannelConfigPolicyReference()).toBe('/Channel/Application/Endorsement');

    const all = await org1.run('QueryChaincodeDefinitions', new lifecycle.QueryChaincodeDefinitionsArgs());
    const definitions = lifecycle.QueryChaincodeDefinitionsResult.deserializeBinary(all.payload);
    expect(definitions.getChaincodeDefinitionsList().map((each) => [each.getName(), each.getSequence()])).toEqual([
      ['basic', 1],
    ]);

    const approvedArgs = new lifecycle.QueryApprovedChaincodeDefinitionArgs();
    approvedArgs.setName('basic');
    const mine = await org1.run('QueryApprovedChaincodeDefinition', approvedArgs);
    const approved = lifecycle.QueryApprovedChaincodeDefinitionResult.deserializeBinary(mine.payload);
    expect(approved.getSequence()).toBe(1);
    expect(approved.getSource()?.getLocalPackage()?.getPackageId()).toBe(packageId);

    const allMine = await org1.run(
      'QueryApprovedChaincodeDefinitions',
      new lifecycle.QueryApprovedChaincodeDefinitionsArgs(),
    );
    const list = lifecycle.QueryApprovedChaincodeDefinitionsResult.deserializeBinary(allMine.payload);
    expect(list.getApprovedChaincodeDefinitionsList().map((each) => [each.getName(), each.getSequence()])).toEqual([
      ['basic', 1],
    ]);
  });

  it('shows at the packages that it refers to', async () => {
    const { org1 } = network;
    await install(org1, await packageOf('unused'));
    const all = await org1.run(
      'QueryInstalledChaincodes',
      new lifecycle.QueryInstalledChaincodesArgs(),
      'outside any channel',
    );
    const list = lifecycle.QueryInstalledChaincodesResult.deserializeBinary(all.payload).getInstalledChaincodesList();
    expect(list.map((one) => [one.getLabel(), one.getReferencesMap().getLength()])).toEqual([
      ['basic_1.0', 1],
      ['unused', 0],
    ]);
    const args = new lifecycle.QueryInstalledChaincodeArgs();
    args.setPackageId(packageId);
    const one = await org1.run('QueryInstalledChaincode', args, 'outside any channel');
    const result = lifecycle.QueryInstalledChaincodeResult.deserializeBinary(one.payload);
    expect(result.getReferencesMap().get('own')?.toObject()).toEqual({
      chaincodesList: [{ name: 'basic', version: '1.0' }],
    });
    const packageArgs = new lifecycle.GetInstalledChaincodePackageArgs();
    packageArgs.setPackageId(packageId);
    const { payload } = await org1.run('GetInstalledChaincodePackage', packageArgs, 'outside any channel');
    const bytes = lifecycle.GetInstalledChaincodePackageResult.deserializeBinary(payload);
    expect(bytes.getChaincodeInstallPackage_asU8()).toEqual(new Uint8Array(await packageOf('basic_1.0')));
  });

  it('changes, one sequence after the other, and endorsers follow', async () => {
    const { org1, org2 } = network;
    const next = { sequence: 2, version: '2.0', initRequired: true };
    const changes: string[] = [];
    const stop = org1.definitions.onChange((channelId) => changes.push(channelId));
    await network.submit(org1, 'ApproveChaincodeDefinitionForMyOrg', approval({ ...next, packageId }));
    await network.submit(org2, 'ApproveChaincodeDefinitionForMyOrg', approval(next));
    const running = await org1.channel.simulator('before');
    expect(await network.submit(org2, 'CommitChaincodeDefinition', commitment(next))).toBe('VALID');
    stop();
    expect(changes).toEqual(['own', 'own', 'own']);
    expect(await infoOf(org1)).toMatchObject({ version: '2.0', enforceInit: true, packageId });
    // Who began before the change is told so.
    await expect(org1.definitions.endorsementInfo('own', 'basic', running)).rejects.toThrow(
      "chaincode cache at sequence 2 but current sequence is 1, chaincode definition for 'basic' changed during invoke",
    );
    await running.done();
    expect(await infoOf(org2)).toMatchObject({ version: '2.0', packageId: null });
  });

  it('committed without this organisation is not endorsed by it', async () => {
    const { org1, org2 } = network;
    await network.submit(org1, 'ApproveChaincodeDefinitionForMyOrg', approval({ name: 'alone', packageId }));
    await network.submit(org1, 'CommitChaincodeDefinition', commitment({ name: 'alone' }));
    expect(await infoOf(org1, 'alone')).toMatchObject({ packageId });
    await expect(infoOf(org2, 'alone')).rejects.toThrow(
      "chaincode definition for 'alone' at sequence 1 on channel 'own' has not yet been approved by this org",
    );
    const { definitions } = org2;
    expect((await definitions.definitions('own')).map(({ name, approved }) => [name, approved])).toEqual([
      ['alone', false],
      ['basic', true],
    ]);
  });
});

describe('calls that are none', () => {
  it('are refused in the words of a Go peer', async () => {
    await using network = await TestNetwork.start();
    const { lifecycle: chaincode, channel } = network.org1;
    const messageOf = async (...args: string[]) => {
      const { response } = await call(chaincode, { args: args.map((one) => Buffer.from(one)), channel });
      expect(response.status).toBe(500);
      return response.message;
    };
    expect(await messageOf()).toBe('lifecycle scc must be invoked with arguments');
    expect(await messageOf('InstallChaincode')).toBe(
      'lifecycle scc operations require exactly two arguments but received 1',
    );
    expect(await messageOf('InstallChaincode', '', '')).toBe(
      'lifecycle scc operations require exactly two arguments but received 3',
    );
    expect(await messageOf('constructor', '')).toBe(
      "failed to invoke backing implementation of 'constructor': receiver *lifecycle.Invocation.constructor does not exist",
    );
    expect(await messageOf('QueryChaincodeDefinition', 'no message')).toMatch(
      /^failed to invoke backing implementation of 'QueryChaincodeDefinition': could not decode input arg for \*lifecycle\.Invocation\.QueryChaincodeDefinition: /,
    );
  });
});
