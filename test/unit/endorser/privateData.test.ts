import { peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import type { EndorsedPrivateData } from '#node/endorser/privateData.ts';
import { decodeTxPrivateData } from '#node/ledger/privateData/txPrivateRwset.ts';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { wireFields } from '#node/protos/wireFields.ts';
import { responseOf, type TestChaincode } from '../../harness/inProcessChaincodes.ts';
import { endorsedTransaction } from '../../harness/signedProposal.ts';
import { CHANNEL, codesOf, EndorserNetwork, MAJORITY, proposal } from './endorserNetwork.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const DEFINITIONS = [{ name: 'basic', policy: MAJORITY, collections: [{ name: 'secrets' }, { name: 'unused' }] }];

const secret: TestChaincode = async ({ args: [called = '', value = ''], simulator, namespace }) => {
  if (called === 'get') {
    const found = await simulator.getPrivateData(namespace, 'secrets', 'price');
    return found === null ? '' : Buffer.from(found).toString();
  }
  await simulator.setPrivateData(namespace, 'secrets', 'price', bytes(value));
  await simulator.setPrivateData(namespace, '_implicit_org_Org1MSP', 'note', bytes('own'));
  return called === 'refuse' ? responseOf(500, '', 'no') : 'done';
};

function resultsOf(response: peer.ProposalResponse): ReadWriteSetView {
  const payload = peer.ProposalResponsePayload.deserializeBinary(response.getPayload_asU8());
  const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
  return ReadWriteSetView.fromBytes(action.getResults_asU8());
}

describe('private data', () => {
  it('is kept for the commit with the configurations of its collections; the endorsement holds hashes alone', async () => {
    await using network = await EndorserNetwork.start(DEFINITIONS);
    network.install('basic', secret);
    const sent = proposal({ args: ['put', '1200 EUR'] });
    const responses = await Promise.all(network.peers.map((one) => one.propose(sent.bytes)));
    const [response] = responses as [peer.ProposalResponse];
    expect(response.getResponse()?.getStatus()).toBe(200);
    expect(Buffer.from(response.getPayload_asU8()).toString('latin1')).not.toContain('1200 EUR');
    const collections = resultsOf(response).namespace('basic')?.collections ?? [];
    expect(collections.map(({ name }) => name)).toEqual(['_implicit_org_Org1MSP', 'secrets']);

    const kept = [];
    for await (const entry of network.channel.transientStore.ofTransaction(sent.txId)) {
      kept.push(entry);
    }
    expect(kept).toHaveLength(1);
    const [{ receivedAt, data }] = kept as [(typeof kept)[0]];
    const fields = wireFields(data, 'test');
    expect([receivedAt, fields.find(({ field }) => field === 1)?.value]).toEqual([2, 2]);
    const rwset = fields.find(({ field }) => field === 2)?.bytes as Uint8Array;
    const written = decodeTxPrivateData(0, rwset);
    expect(written.collections.map(({ collection }) => collection)).toEqual(['_implicit_org_Org1MSP', 'secrets']);
    // Of the collections that were written, not of all that are defined.
    const [namespace, configs] = wireFields(fields.find(({ field }) => field === 3)?.bytes as Uint8Array, 'test');
    expect(Buffer.from(namespace?.bytes ?? []).toString()).toBe('basic');
    const names = peer.CollectionConfigPackage.deserializeBinary(configs?.bytes as Uint8Array)
      .getConfigList()
      .map((one) => one.getStaticCollectionConfig()?.getName());
    expect(names).toEqual(['secrets', '_implicit_org_Org1MSP']);

    const committed = await network.block([endorsedTransaction(sent, responses)], [written]);
    expect(codesOf(committed)).toEqual(['VALID']);
    const read = await network.peer.propose(proposal({ args: ['get'] }).bytes);
    expect(Buffer.from(read.getResponse()?.getPayload_asU8() ?? []).toString()).toBe('1200 EUR');
    expect(read.getInterest()?.toObject().chaincodesList).toMatchObject([
      { name: 'basic', collectionNamesList: [] },
      { name: 'basic', collectionNamesList: ['secrets'], noPrivateReads: false },
    ]);
  });

  it('reaches the other peers first, and is not endorsed where too few take it', async () => {
    const given: EndorsedPrivateData[] = [];
    const distributor = {
      async distribute(data: EndorsedPrivateData) {
        given.push(data);
        if (given.length > 1) {
          throw new Error('required to disseminate to at least 1 peers, but know of only 0 eligible peers');
        }
      },
    };
    await using network = await EndorserNetwork.start(DEFINITIONS, { modules: { distributor } });
    network.install('basic', secret);
    expect((await network.peer.propose(proposal({ args: ['put', 'x'] }).bytes)).hasEndorsement()).toBe(true);
    expect(given[0]).toMatchObject({ channelId: CHANNEL, endorsedAt: 2 });
    expect(given[0]?.collections.map(({ config }) => config.getName())).toEqual(['secrets', '_implicit_org_Org1MSP']);
    // To the organisation's own collection its configuration says how many.
    expect(given[0]?.collections[1]?.config.getMaximumPeerCount()).toBe(1);

    const refused = proposal({ args: ['put', 'y'] });
    const response = await network.peer.propose(refused.bytes);
    expect(response.hasEndorsement()).toBe(false);
    expect(response.getResponse()?.getMessage()).toContain('required to disseminate to at least 1 peers');
    for await (const _ of network.channel.transientStore.ofTransaction(refused.txId)) {
      expect.unreachable('private data of a proposal that was not endorsed');
    }
  });

  it('of a chaincode that refuses is forgotten', async () => {
    await using network = await EndorserNetwork.start(DEFINITIONS);
    network.install('basic', secret);
    const sent = proposal({ args: ['refuse', 'x'] });
    expect((await network.peer.propose(sent.bytes)).getResponse()?.getStatus()).toBe(500);
    expect(await network.channel.transientStore.lowestHeight()).toBeNull();
  });
});
