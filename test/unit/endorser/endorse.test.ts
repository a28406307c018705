import { createHash } from 'node:crypto';
import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifySignatureSync } from '#node/crypto/verify.ts';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { responseOf, type TestChaincode } from '../../harness/inProcessChaincodes.ts';
import { endorsedTransaction } from '../../harness/signedProposal.ts';
import { basic, CHANNEL, codesOf, EndorserNetwork, MAJORITY, org1, proposal } from './endorserNetwork.ts';

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

const sure = (name: string, channel: string): string =>
  `make sure the chaincode ${name} has been successfully defined on channel ${channel} and try again: `;

/** Answers with the status that it is told. */
const refuse: TestChaincode = async ({ args, simulator, namespace, event }) => {
  await simulator.setState(namespace, 'key', new Uint8Array([1]));
  event('never', 'seen');
  return responseOf(Number(args[0]), 'why', 'refused');
};

const writing =
  (...keys: readonly string[]): TestChaincode =>
  async ({ simulator, namespace }) => {
    for (const key of keys) {
      await simulator.setState(namespace, key, new Uint8Array([1]));
    }
    return 'done';
  };

function payloadOf(response: peer.ProposalResponse): {
  readonly hash: Uint8Array;
  readonly action: peer.ChaincodeAction;
} {
  const payload = peer.ProposalResponsePayload.deserializeBinary(response.getPayload_asU8());
  const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
  return { hash: payload.getProposalHash_asU8(), action };
}

describe('an endorsement', () => {
  let network: EndorserNetwork;
  beforeAll(async () => {
    network = await EndorserNetwork.start();
    network.install('basic', basic);
  });
  afterAll(() => network[Symbol.asyncDispose]());

  it('is signed by the peer over the payload and its identity; the payload ties it to the proposal', async () => {
    const sent = proposal({ args: ['put', 'a', '1'] });
    const response = await network.peer.propose(sent.bytes);

    expect(response.getVersion()).toBe(1);
    expect(response.getResponse()?.getStatus()).toBe(200);
    expect(textOf(response.getResponse()?.getPayload_asU8() ?? new Uint8Array())).toBe('put a');
    const endorsement = response.getEndorsement() as peer.Endorsement;
    const signed = Buffer.concat([response.getPayload_asU8(), org1.node.identity]);
    expect(Buffer.from(endorsement.getEndorser_asU8())).toEqual(Buffer.from(org1.node.identity));
    const { publicKey } = org1.node.certificate;
    expect(verifySignatureSync(publicKey, signed, endorsement.getSignature_asU8())).toBe(true);

    const { hash, action } = payloadOf(response);
    const expected = createHash('sha256').update(sent.channelHeader).update(sent.signatureHeader).update(sent.payload);
    expect(Buffer.from(hash)).toEqual(expected.digest());
    expect(action.getChaincodeId()?.getName()).toBe('basic');
    expect(action.getChaincodeId()?.getVersion()).toBe('1.0');
    const event = peer.ChaincodeEvent.deserializeBinary(action.getEvents_asU8());
    expect([event.getChaincodeId(), event.getTxId(), event.getEventName()]).toEqual(['basic', sent.txId, 'put']);
    const results = ReadWriteSetView.fromBytes(action.getResults_asU8());
    expect(results.namespace('basic')?.writes.map(({ key }) => key)).toEqual(['a']);
    // The transaction stands on the definition that it ran with.
    expect(results.namespace('_lifecycle')?.reads.map(({ key }) => key)).toContain('namespaces/fields/basic/Sequence');
  });

  it('of two peers makes a transaction that is committed', async () => {
    const sent = proposal({ args: ['put', 'both', 'yes'], transient: { secret: 'not in the ledger' } });
    const responses = await Promise.all(network.peers.map((one) => one.propose(sent.bytes)));
    expect(Buffer.from(responses[0]?.getPayload_asU8() ?? [])).toEqual(
      Buffer.from(responses[1]?.getPayload_asU8() ?? []),
    );

    const envelope = endorsedTransaction(sent, responses);
    expect(textOf(envelope)).not.toContain('not in the ledger');
    expect(codesOf(await network.block([envelope]))).toEqual(['VALID']);
    const read = await network.peer.propose(proposal({ args: ['get', 'both'] }).bytes);
    expect(textOf(read.getResponse()?.getPayload_asU8() ?? new Uint8Array())).toBe('yes');
  });

  it('of one peer is not enough where the policy wants a majority', async () => {
    const sent = proposal({ args: ['put', 'alone', 'no'] });
    const envelope = endorsedTransaction(sent, [await network.peer.propose(sent.bytes)]);
    expect(codesOf(await network.block([envelope]))).toEqual(['ENDORSEMENT_POLICY_FAILURE']);
  });

  it('says what the transaction touches, so that a client can plan whom to ask', async () => {
    const response = await network.peer.propose(proposal({ args: ['put', 'a', '1'] }).bytes);
    expect(response.getInterest()?.toObject().chaincodesList).toMatchObject([
      { name: 'basic', collectionNamesList: [], disregardNamespacePolicy: false },
    ]);
  });

  it('is not given where the chaincode refuses', async () => {
    const refusals = await EndorserNetwork.start();
    await using _ = refusals;
    refusals.install('basic', refuse);

    const below = await refusals.peer.propose(proposal({ args: ['399'] }).bytes);
    expect([below.getResponse()?.getStatus(), below.hasEndorsement()]).toEqual([399, true]);

    const client = await refusals.peer.propose(proposal({ args: ['404'] }).bytes);
    expect(client.getResponse()?.toObject()).toMatchObject({ status: 404, message: 'refused' });
    expect([client.hasEndorsement(), client.getPayload_asU8().length]).toEqual([false, 0]);

    // A failure comes with what was simulated, and nobody's signature.
    const failure = await refusals.peer.propose(proposal({ args: ['500'] }).bytes);
    expect([failure.getResponse()?.getStatus(), failure.hasEndorsement()]).toEqual([500, false]);
    expect(payloadOf(failure).action.getEvents_asU8()).toHaveLength(0);
    expect(payloadOf(failure).action.getResponse()?.getMessage()).toBe('refused');
  });

  it('of peers whose chaincode answers differently shows it: one transaction cannot hold both', async () => {
    await using different = await EndorserNetwork.start();
    different.install(
      'basic',
      async ({ simulator, namespace }) => {
        await simulator.setState(namespace, 'price', new Uint8Array([1]));
        return 'one';
      },
      async ({ simulator, namespace }) => {
        await simulator.setState(namespace, 'price', new Uint8Array([2]));
        return 'two';
      },
    );
    const sent = proposal();
    const responses = await Promise.all(different.peers.map((one) => one.propose(sent.bytes)));
    expect(Buffer.from(responses[0]?.getPayload_asU8() ?? [])).not.toEqual(
      Buffer.from(responses[1]?.getPayload_asU8() ?? []),
    );
    // A client that does not look finds out when it is too late.
    expect(codesOf(await different.block([endorsedTransaction(sent, responses)]))).toEqual([
      'ENDORSEMENT_POLICY_FAILURE',
    ]);
  });

  it('gives the same bytes whatever the order of writes', async () => {
    await using other = await EndorserNetwork.start();
    other.install('basic', writing('a', 'b', 'c'), writing('c', 'a', 'b'));
    const sent = proposal();
    const responses = await Promise.all(other.peers.map((one) => one.propose(sent.bytes)));
    expect(codesOf(await other.block([endorsedTransaction(sent, responses)]))).toEqual(['VALID']);
  });
});

describe('a chaincode that cannot run', () => {
  it('is named in an answer with status 500, in the words of a Go peer', async () => {
    await using network = await EndorserNetwork.start([
      { name: 'basic', policy: MAJORITY },
      { name: 'missing', policy: MAJORITY },
    ]);
    network.install('basic', async () => {
      throw new Error('boom');
    });
    const messageFor = async (parts: Parameters<typeof proposal>[0]): Promise<string | undefined> => {
      const response = await network.peer.propose(proposal(parts).bytes);
      expect([response.getResponse()?.getStatus(), response.hasEndorsement()]).toEqual([500, false]);
      return response.getResponse()?.getMessage();
    };
    expect(await messageFor({ chaincode: 'nowhere' })).toBe(`${sure('nowhere', CHANNEL)}chaincode nowhere not found`);
    expect(await messageFor({ chaincode: 'missing' })).toBe(
      `${sure('missing', CHANNEL)}chaincode definition for 'missing' exists, but chaincode is not installed`,
    );
    expect(await messageFor({ channelId: '' })).toBe(`${sure('basic', '')}could not get channel config for channel ''`);
    expect(await messageFor({ channelId: 'elsewhere' })).toBe("channel 'elsewhere' not found");
    expect(await messageFor({})).toMatch(/^error in simulation: failed to execute transaction [0-9a-f]{64}: boom$/);
    expect(await messageFor({ isInit: true })).toContain(
      "invalid invocation: chaincode 'basic' does not require initialization but called as init",
    );
    // The lifecycle of 1.x ended: no peer of 3.x starts its chaincode.
    expect(await messageFor({ chaincode: 'lscc', args: ['getchaincodes'] })).toContain(
      'could not launch chaincode lscc.syscc',
    );
  });
});
