import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChaincodeDefinitions } from '#node/commit/chaincodeDefinitions.ts';
import { StateUpdates } from '#node/ledger/state/stateUpdates.ts';
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
    expect(await channel.collectionNames('basic', state)).toEqual(
      new Set(['kept', '_implicit_org_Org1MSP', '_implicit_org_Org2MSP']),
    );
    expect(await channel.collectionNames('_lifecycle', state)).toEqual(
      new Set(['_implicit_org_Org1MSP', '_implicit_org_Org2MSP']),
    );
    expect(await channel.collectionNames('nothing', state)).toBeNull();
    const definition = await new ChaincodeDefinitions(state).find('basic');
    expect([...(definition?.collections.keys() ?? [])]).toEqual(['kept']);
    expect(definition?.collections.get('kept')?.getBlockToLive()).toBe(7);
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
    expect(await org1.channel.collectionNames('old', org1.channel.ledger.state)).toBeNull();
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
