import { common, peer } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Signer } from '#node/crypto/sign.ts';
import type { ConfigPolicy } from '#node/channel/configGroup.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { authority, issue } from '#node/msp/testAuthority.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { BlockMaker } from '../../harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, signaturePolicyBytes } from '../../harness/signedChannel.ts';
import { endorsedTransaction, type ProposalParts, signProposal } from '../../harness/signedProposal.ts';
import {
  basic,
  CHANNEL,
  EndorserNetwork,
  MAJORITY,
  orderers,
  org1,
  org2,
  proposal,
  stranger,
} from './endorserNetwork.ts';

let network: EndorserNetwork;
let runs = 0;
beforeAll(async () => {
  network = await EndorserNetwork.start([{ name: 'basic', policy: MAJORITY }]);
  network.install('basic', (stub) => {
    runs++;
    return basic(stub);
  });
});
afterAll(() => network[Symbol.asyncDispose]());

async function refused(bytes: Uint8Array, status = 'UNKNOWN'): Promise<string> {
  const before = runs;
  const error = await network.peer.propose(bytes).then(
    (response) => {
      throw new Error(`was answered: ${response.getResponse()?.getMessage()}`);
    },
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(RpcError);
  expect((error as RpcError).status).toBe(status);
  expect(runs).toBe(before);
  return (error as RpcError).message;
}

const refusedFor = (parts: Partial<ProposalParts>): Promise<string> => refused(proposal(parts).bytes);
const denied = (mspId: string) =>
  `error validating proposal: access denied: channel [${CHANNEL}] creator org [${mspId}]`;
const YEAR_MS = 365 * 24 * 3600 * 1000;

describe('a proposal is turned down, and no chaincode runs', () => {
  it("with a signature that is not the creator's, or none", async () => {
    expect(await refusedFor({ signature: org2.client.signSync(Buffer.from('something else')) })).toBe(
      denied('Org1MSP'),
    );
    expect(await refusedFor({ signature: new Uint8Array(70).fill(0x30) })).toBe(denied('Org1MSP'));
    expect(await refusedFor({ signature: new Uint8Array(0) })).toBe('error validating proposal: empty signature bytes');
  });

  it('from an organisation that the channel does not know, or a name that is not its own', async () => {
    const unknown = `error validating proposal: access denied: channel [${CHANNEL}] creator org unknown, creator is malformed`;
    expect(await refusedFor({ creator: stranger.client })).toBe(unknown);
    expect(await refusedFor({ identity: Buffer.from('nobody') })).toBe(unknown);
    // A certificate of another organisation's authority under a name that is known.
    const holder = issue(authority('ca of nobody'), { units: ['client'] });
    const keyPem = holder.privateKey.export({ format: 'pem', type: 'pkcs8' });
    const pretender = new Signer({ mspId: 'Org1MSP', keyPem, certificatePem: holder.pem });
    expect(await refusedFor({ creator: pretender })).toMatch(/^error validating proposal: access denied: channel/);
  });

  it('from an identity that was revoked, or whose certificate has expired', async () => {
    expect(await refusedFor({ creator: org1.revoked })).toBe(denied('Org1MSP'));
    const notAfter = new Date(Date.now() - 1000);
    const expired = org1.member('late', 'client', { notAfter });
    expect(await refusedFor({ creator: expired })).toBe('proposal client identity expired');
  });

  it('from an identity without a unit that its organisation knows', async () => {
    expect(await refusedFor({ creator: org1.member('odd', 'gardener') })).toBe(denied('Org1MSP'));
  });

  it('whose transaction ID is not the one that nonce and creator make', async () => {
    const message = await refusedFor({ txId: 'f'.repeat(64) });
    expect(message).toMatch(
      /^error validating proposal: incorrectly computed txid 'f{64}' -- expected '[0-9a-f]{64}'$/,
    );
    expect(await refusedFor({ nonce: new Uint8Array(0) })).toBe('error validating proposal: nonce is empty');
    expect(await refusedFor({ identity: new Uint8Array(0) })).toBe('error validating proposal: creator is empty');
  });

  it('of another type, of another epoch, for no chaincode', async () => {
    const { MESSAGE } = common.HeaderType;
    expect(await refusedFor({ type: MESSAGE })).toBe('error validating proposal: invalid header type MESSAGE');
    expect(await refusedFor({ epoch: 1 })).toBe('error validating proposal: epoch is non-zero');
    expect(await refusedFor({ headerChaincode: null })).toBe('ChaincodeHeaderExtension.ChaincodeId is nil');
    expect(await refusedFor({ headerChaincode: '' })).toBe('ChaincodeHeaderExtension.ChaincodeId.Name is empty');
  });

  it('from a clock that is off by more than the time window, either way', async () => {
    const window =
      /^request unauthorized due to incorrect timestamp \S+Z, peer time \S+Z, peer.authentication.timewindow 15m0s$/;
    expect(await refusedFor({ time: new Date(Date.now() - 16 * 60_000) })).toMatch(window);
    expect(await refusedFor({ time: new Date(Date.now() + 16 * 60_000) })).toMatch(window);
    expect(await refusedFor({ time: null })).toContain('incorrect timestamp 1970-01-01T00:00:00Z');
    const almost = await network.peer.propose(proposal({ time: new Date(Date.now() - 14 * 60_000) }).bytes);
    expect(almost.getResponse()?.getStatus()).toBe(200);
  });

  it('that is in the ledger already, whatever became of it there', async () => {
    const valid = proposal({ args: ['put', 'once', '1'] });
    const responses = await Promise.all(network.peers.map((one) => one.propose(valid.bytes)));
    const invalid = proposal({ args: ['put', 'never', '1'] });
    const alone = await network.peer.propose(invalid.bytes);
    await network.block([endorsedTransaction(valid, responses), endorsedTransaction(invalid, [alone])]);
    const creator = Buffer.from(org1.client.identity).toString('hex');
    for (const { bytes, txId } of [valid, invalid]) {
      expect(await refused(bytes)).toBe(`duplicate transaction found [${txId}]. Creator [${creator}]`);
    }
  });
});

describe('the channel', () => {
  it('says who may propose; system chaincodes decide by themselves', async () => {
    const config = channelConfig([org1, org2], orderers);
    const application = config.channelGroup?.groups.get('Application');
    const policies = application?.groups.get('Org1MSP')?.policies as Map<string, ConfigPolicy>;
    const value = signaturePolicyBytes("OR('Org1MSP.admin')");
    const { policy, ...rest } = policies.get('Writers') as ConfigPolicy;
    policies.set('Writers', { ...rest, policy: { ...(policy as NonNullable<typeof policy>), value } });
    const genesis = new BlockMaker(orderers.node).next([genesisEnvelope('strict', config)]);
    await network.peer.join(BlockView.fromBytes(genesis));

    expect(await refusedFor({ channelId: 'strict' })).toMatch(
      /^Failed evaluating policy on signed data during check policy on channel \[strict\] with policy \[\/Channel\/Application\/Writers\]/,
    );
    const admin = await network.peer.propose(proposal({ channelId: 'strict', creator: org1.admin }).bytes);
    expect(admin.getResponse()?.getMessage()).toContain('chaincode basic not found');
    const info = proposal({ channelId: 'strict', chaincode: 'qscc', args: ['GetChainInfo', 'strict'] });
    expect((await network.peer.propose(info.bytes)).hasEndorsement()).toBe(true);
  });
});

describe('a channel that takes no more blocks', () => {
  it('endorses nothing from a state that stays behind, and still tells of its ledger', async () => {
    const { channel } = network;
    channel.failure = 'ENOSPC: no space left on device, write';
    const message = `channel '${CHANNEL}' takes no more blocks: ENOSPC: no space left on device, write`;
    expect(await refused(proposal().bytes, 'UNAVAILABLE')).toBe(message);
    const defined = proposal({ chaincode: '_lifecycle', args: ['QueryChaincodeDefinitions'] });
    expect(await refused(defined.bytes, 'UNAVAILABLE')).toBe(message);
    // Who may not propose is told that alone.
    expect(await refusedFor({ creator: org1.revoked })).toBe(denied('Org1MSP'));
    const info = proposal({ chaincode: 'qscc', args: ['GetChainInfo', CHANNEL] });
    expect((await network.peer.propose(info.bytes)).hasEndorsement()).toBe(true);
    channel.failure = null;
    expect((await network.peer.propose(proposal().bytes)).hasEndorsement()).toBe(true);
  });
});

describe('filters', () => {
  it('can be switched off, and then a late or expired client is heard', async () => {
    const expired = org1.member('late', 'client', { notAfter: new Date(Date.now() - YEAR_MS) });
    await using open = await EndorserNetwork.start(undefined, {
      authFilters: { expirationCheck: false, timeWindowMs: null },
    });
    open.install('basic', basic);
    const sent = proposal({ creator: expired, time: new Date(Date.now() - YEAR_MS) });
    expect((await open.peer.propose(sent.bytes)).getResponse()?.getStatus()).toBe(200);
  });
});

describe('hostile bytes', () => {
  it('that are no proposal are named as such', async () => {
    expect(await refused(Buffer.from('garbage'), 'INTERNAL')).toContain('grpc: error unmarshalling request: ');
    expect(await refused(signProposal(Buffer.from('garbage'), org1.client))).toContain('failed parsing proposal: ');
    // Nothing at all decodes, and says nothing.
    expect(await refused(new Uint8Array(0))).toContain('incorrect timestamp 1970-01-01T00:00:00Z');
  });

  it('in the part that only the chaincode will read are found before it runs', async () => {
    const good = peer.SignedProposal.deserializeBinary(proposal().bytes);
    const sent = peer.Proposal.deserializeBinary(good.getProposalBytes_asU8());
    // An entry of the transient map whose key is said to be longer than the entry.
    sent.setPayload(Buffer.concat([sent.getPayload_asU8(), Uint8Array.of(0x12, 0x02, 0x0a, 0x7f)]));
    const message = await refused(signProposal(sent.serializeBinary(), org1.client));
    expect(message).toContain('error unmarshalling ChaincodeProposalPayload');
  });

  it('end in an answer or a typed error, and the next proposal is endorsed', async () => {
    const whole = proposal().bytes;
    const inner = peer.SignedProposal.deserializeBinary(whole).getProposalBytes_asU8();
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.integer({ min: 0, max: 255 }),
      cut: fc.boolean(),
      signed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, byte, cut, signed }) => {
        const bytes = Uint8Array.from(signed ? inner : whole);
        const position = Math.floor(at * bytes.length);
        bytes[position] = byte;
        const changed = cut ? bytes.subarray(0, position) : bytes;
        const sent = signed ? signProposal(changed, org1.client) : changed;
        const outcome = await network.peer.propose(sent).catch((error: unknown) => error);
        expect(outcome instanceof peer.ProposalResponse || outcome instanceof RpcError).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect((await network.peer.propose(proposal().bytes)).hasEndorsement()).toBe(true);
  });
});
