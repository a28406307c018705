import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import type { TestChaincode } from '../../harness/inProcessChaincodes.ts';
import { endorsedTransaction } from '../../harness/signedProposal.ts';
import { basic, CHANNEL, codesOf, EndorserNetwork, MAJORITY, proposal } from './endorserNetwork.ts';

const textOf = (response: peer.Response | undefined): string =>
  Buffer.from(response?.getPayload_asU8() ?? []).toString();

/** Calls what it is told to, and says what came of it. */
const caller: TestChaincode = async ({ args: [target = '', ...args], simulator, namespace, call }) => {
  await simulator.setState(namespace, 'called', new Uint8Array(Buffer.from(target)));
  const { response } = await call(target, args);
  return `${response.status} ${response.message}${Buffer.from(response.payload).toString()}`;
};

function namespacesWritten(response: peer.ProposalResponse): readonly string[] {
  const payload = peer.ProposalResponsePayload.deserializeBinary(response.getPayload_asU8());
  const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
  return ReadWriteSetView.fromBytes(action.getResults_asU8())
    .namespaces.filter(({ writes }) => writes.length > 0)
    .map(({ namespace }) => namespace);
}

describe('a chaincode that calls another one', () => {
  let network: EndorserNetwork;
  beforeAll(async () => {
    const definitions = ['basic', 'caller', 'absent'].map((name) => ({ name, policy: MAJORITY }));
    network = await EndorserNetwork.start(definitions);
    await network.addChannel('other', [{ name: 'basic', policy: MAJORITY }]);
    network.install('basic', basic);
    network.install('caller', caller);
  });
  afterAll(() => network[Symbol.asyncDispose]());

  const ask = (...args: readonly string[]): Promise<peer.ProposalResponse> =>
    network.peer.propose(proposal({ chaincode: 'caller', args }).bytes);

  it('in its channel makes one transaction of both, whose events are its own', async () => {
    const sent = proposal({ chaincode: 'caller', args: ['basic', 'put', 'deep', '1'] });
    const responses = await Promise.all(network.peers.map((one) => one.propose(sent.bytes)));
    expect(textOf(responses[0]?.getResponse())).toBe('200 put deep');
    expect(namespacesWritten(responses[0] as peer.ProposalResponse)).toEqual(['basic', 'caller']);
    expect(
      responses[0]
        ?.getInterest()
        ?.getChaincodesList()
        .map((one) => one.getName()),
    ).toEqual(['basic', 'caller']);
    expect(codesOf(await network.block([endorsedTransaction(sent, responses)]))).toEqual(['VALID']);
  });

  it('may name a version, which plays no part', async () => {
    expect(textOf((await ask('basic:7.0', 'put', 'k', '1')).getResponse())).toBe('200 put k');
  });

  it('in another channel reads there and writes nothing there', async () => {
    const response = await ask('basic/other', 'put', 'far', '1');
    expect(textOf(response.getResponse())).toBe('200 put far');
    expect(namespacesWritten(response)).toEqual(['caller']);
  });

  it('is told why where the other cannot be called', async () => {
    const messageFor = async (...args: readonly string[]): Promise<string> =>
      (await ask(...args)).getResponse()?.getMessage() ?? '';
    expect(await messageFor('nobody', 'put')).toContain(
      `invalid invocation: [channel ${CHANNEL}] failed to get chaincode container info for nobody: chaincode nobody not found`,
    );
    expect(await messageFor('absent', 'put')).toContain(
      "definition for 'absent' exists, but chaincode is not installed",
    );
    expect(await messageFor('basic/nowhere', 'put')).not.toBe('');
    expect((await ask('basic/nowhere', 'put')).hasEndorsement()).toBe(false);
  });

  it('is turned away by system chaincodes that speak with clients alone', async () => {
    expect(textOf((await ask('qscc', 'GetChainInfo', CHANNEL)).getResponse())).toContain(
      "500 Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, original invocation for 'caller'",
    );
    expect(textOf((await ask('cscc', 'GetChannels')).getResponse())).toContain(
      "500 Rejecting invoke of CSCC from another chaincode, original invocation for 'caller'",
    );
  });
});

describe('the one initialisation that a definition may demand', () => {
  it('is asked for first, and once', async () => {
    await using network = await EndorserNetwork.start([{ name: 'basic', policy: MAJORITY, initRequired: true }]);
    const kinds: string[] = [];
    network.install('basic', async ({ invocation }) => {
      kinds.push(invocation.kind);
      return 'done';
    });
    const early = await network.peer.propose(proposal().bytes);
    expect(early.getResponse()?.getMessage()).toContain(
      "invalid invocation: chaincode 'basic' has not been initialized for this version, must call as init first",
    );
    const init = proposal({ isInit: true });
    const responses = await Promise.all(network.peers.map((one) => one.propose(init.bytes)));
    expect(codesOf(await network.block([endorsedTransaction(init, responses)]))).toEqual(['VALID']);
    expect((await network.peer.propose(proposal().bytes)).hasEndorsement()).toBe(true);
    const again = await network.peer.propose(proposal({ isInit: true }).bytes);
    expect(again.getResponse()?.getMessage()).toContain("chaincode 'basic' is already initialized but called as init");
    expect(kinds).toEqual(['init', 'init', 'invoke']);
  });
});
