import { common, peer } from '@hyperledger/fabric-protos';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { computeUpdate } from '#node/channel/computeUpdate.ts';
import { decodeConfig, encodeConfig } from '#node/channel/configGroup.ts';
import { encodeConfigUpdate } from '#node/channel/configUpdate.ts';
import { decodeToJson, encodeFromJson } from '#node/channel/json/protolator.ts';
import { configUpdateEnvelope, signConfigUpdate } from '#node/channel/signUpdate.ts';
import { ClientError } from '#node/client/clientError.ts';
import { createProposal, signProposal } from '#node/client/proposal.ts';
import { propose } from '#node/client/endorse.ts';
import type { Signer } from '#node/crypto/sign.ts';
import { authority, issue, revocationList } from '#node/msp/testAuthority.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { CHANNEL, type Endorsed, type LiveNetwork, signerOf } from '#test/harness/liveNetwork.ts';

/** A transaction that was sent, and what its client was told. */
export interface Sent {
  readonly txId: string;
  /** TxValidationCode's name; else status and words of who refused it; empty where nobody was asked to order it. */
  readonly told: string;
}

const HOUR_MS = 60 * 60 * 1000;

/** The kinds of transactions that clients send, well or badly, by name. Each is sent once; those with an order among them in this one. */
export const SENDERS = {
  async 'a transaction as it should be'(network) {
    return ordered(network, await network.endorse(['put', 'good', 'value']));
  },
  async 'private data'(network) {
    return ordered(
      network,
      await network.endorse(['putPrivate', 'secret'], { transient: { value: Buffer.from('nobody else') } }),
    );
  },
  async 'a query'(network) {
    const { proposal } = await network.endorse(['get', 'good'], { endorsers: [network.peers[0]] });
    return { txId: proposal.txId, told: '' };
  },
  async 'endorsed and not sent'(network) {
    const { proposal } = await network.endorse(['put', 'kept', 'back']);
    return { txId: proposal.txId, told: '' };
  },
  async 'read what another changed in the meantime'(network) {
    await network.submit(['put', 'contended', '']);
    const first = await network.endorse(['append', 'contended', 'first']);
    const second = await network.endorse(['append', 'contended', 'second']);
    await ordered(network, first);
    return ordered(network, second);
  },
  async 'read what another changed in the same block'(network) {
    const both = [await network.endorse(['append', 'shared', '1']), await network.endorse(['append', 'shared', '2'])];
    const [one, other] = (await Promise.all(
      both.map((endorsed) => ordered(network, endorsed, network.connections.broadcaster)),
    )) as [Sent, Sent];
    // Which of the two comes first is open: the one that did is valid.
    return one.told === 'VALID' ? other : one;
  },
  async 'asked for a range to which another added'(network) {
    await network.submit(['put', 'row1', 'value']);
    const counted = await network.endorse(['count', 'row', 'row~', 'counted']);
    await network.submit(['put', 'row2', 'value']);
    return ordered(network, counted);
  },
  async 'asked for a range from which another took'(network) {
    const counted = await network.endorse(['count', 'row', 'row~', 'counted']);
    await network.submit(['remove', 'row1']);
    return ordered(network, counted);
  },
  async 'endorsed by one organisation'(network) {
    return ordered(network, await network.endorse(['put', 'one', 'value'], { endorsers: [network.peers[0]] }));
  },
  async 'endorsed twice by one organisation'(network) {
    const endorsed = await network.endorse(['put', 'one', 'value'], { endorsers: [network.peers[0]] });
    const [mine] = endorsed.endorsements as [peer.Endorsement];
    return ordered(network, { ...endorsed, endorsements: [mine, mine] });
  },
  async 'endorsed with different results'(network) {
    const { proposal, answers } = await network.propose(network.request(['differ', 'key']));
    const [one] = answers;
    const endorsements = answers.map(({ endorsement }) => endorsement as peer.Endorsement);
    return ordered(network, { ...(one as (typeof answers)[0]), proposal, endorsements });
  },
  async 'a forged endorsement'(network) {
    const endorsed = await network.endorse(['put', 'forged', 'value']);
    const [mine, other] = endorsed.endorsements as [peer.Endorsement, peer.Endorsement];
    const forged = other.clone();
    forged.setSignature(network.client.signSync(Buffer.from('something else')));
    return ordered(network, { ...endorsed, endorsements: [mine, forged] });
  },
  async 'an endorser that nobody knows'(network) {
    const endorsed = await network.endorse(['put', 'forged', 'value']);
    const [mine] = endorsed.endorsements as [peer.Endorsement];
    const stranger = strangerOf('Org2MSP', 'peer');
    const endorsement = new peer.Endorsement();
    endorsement.setEndorser(stranger.identity);
    endorsement.setSignature(stranger.signSync(Buffer.concat([endorsed.payload, stranger.identity])));
    return ordered(network, { ...endorsed, endorsements: [mine, endorsement] });
  },
  async 'a forged result'(network) {
    const endorsed = await network.endorse(['put', 'forged', 'value']);
    const payload = peer.ProposalResponsePayload.deserializeBinary(endorsed.payload);
    const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
    const results = Buffer.from(action.getResults_asU8());
    results.write('VALUE', results.indexOf('value'));
    action.setResults(results);
    payload.setExtension$(action.serializeBinary());
    return ordered(network, { ...endorsed, payload: payload.serializeBinary() });
  },
  async 'other arguments than were endorsed'(network) {
    const endorsed = await network.endorse(['put', 'forged', 'value']);
    const other = createProposal(network.request(['put', 'forged', 'other']), network.client);
    const proposal = { ...endorsed.proposal, ledgerPayload: other.ledgerPayload };
    return ordered(network, { ...endorsed, proposal });
  },
  async 'a transaction ID of its own choice'(network) {
    const endorsed = await network.endorse(['put', 'forged', 'value']);
    const header = common.ChannelHeader.deserializeBinary(endorsed.proposal.channelHeader);
    const txId = `${'ab'.repeat(28)}${endorsed.proposal.txId.slice(56)}`;
    header.setTxId(txId);
    const proposal = { ...endorsed.proposal, txId, channelHeader: header.serializeBinary() };
    return ordered(network, { ...endorsed, proposal });
  },
  async 'of a kind that peers do not know'(network) {
    const endorsed = await network.endorse(['put', 'forged', 'value']);
    const header = common.ChannelHeader.deserializeBinary(endorsed.proposal.channelHeader);
    header.setType(common.HeaderType.MESSAGE);
    const proposal = { ...endorsed.proposal, channelHeader: header.serializeBinary() };
    return ordered(network, { ...endorsed, proposal });
  },
  async 'sent twice'(network) {
    const endorsed = await network.endorse(['put', 'twice', 'value']);
    const sent = await ordered(network, endorsed);
    await network.order(await network.envelope(endorsed));
    return sent;
  },
  async 'sent three times at once'(network) {
    const endorsed = await network.endorse(['put', 'thrice', 'value']);
    const committed = network.committed(endorsed.proposal.txId);
    const envelope = await network.envelope(endorsed);
    await Promise.all([envelope, envelope, envelope].map((one) => network.connections.broadcaster.send(one)));
    return { txId: endorsed.proposal.txId, told: (await committed).codeName };
  },
  async 'proposed again when it was in the ledger'(network) {
    const endorsed = await network.endorse(['put', 'replayed', 'value']);
    await ordered(network, endorsed);
    const signed = await signProposal(endorsed.proposal, network.client);
    return refused(endorsed.proposal.txId, () => propose(network.peers[0], signed));
  },
  async 'refused by the chaincode'(network) {
    return refusedByAll(network, ['fail', 'no such asset']);
  },
  async 'refused by one of two'(network) {
    return refusedByAll(network, ['refuseAt', 'Org2MSP', 'key']);
  },
  async 'for a chaincode that is not there'(network) {
    const { proposal, answers } = await network.propose(network.request(['put'], { chaincode: 'nowhere' }));
    return { txId: proposal.txId, told: answers.map(({ response }) => response.message).join('; ') };
  },
  async 'whose chaincode dies'(network) {
    return refusedByAll(network, ['die']);
  },
  async 'whose chaincode hangs'(network) {
    return refusedByAll(network, ['hang']);
  },
  async "a proposal with somebody else's signature"(network) {
    const proposal = createProposal(network.request(['put', 'a', 'b']), network.client);
    const signed = await signProposal(proposal, network.connections.signer(network.org2, 'User1'));
    return refused(proposal.txId, () => propose(network.peers[0], signed));
  },
  async "a transaction with somebody else's signature"(network) {
    const endorsed = await network.endorse(['put', 'signed', 'value']);
    return ordered(network, endorsed, network, network.connections.signer(network.org2, 'User1'));
  },
  async 'a proposal of a stranger'(network) {
    return proposedBy(network, strangerOf('StrangerMSP', 'client'));
  },
  async 'a transaction of a stranger'(network) {
    return sentBy(network, strangerOf('Org1MSP', 'client'));
  },
  async 'a proposal of a client whose certificate has expired'(network) {
    return proposedBy(network, expired(network));
  },
  async 'a transaction of a client whose certificate has expired'(network) {
    return sentBy(network, expired(network));
  },
  async 'larger than the orderer takes'(network) {
    return ordered(network, await network.endorse(['put', 'large', 'x'.repeat(600_000)]));
  },
  async 'a proposal of a client who was revoked'(network) {
    const { lost } = await revocation(network);
    return proposedBy(network, lost);
  },
  async 'a transaction of a client who was revoked after its endorsement'(network) {
    const { lost, endorsed } = await revocation(network);
    return ordered(network, endorsed, network, lost);
  },
  async 'a change of the configuration'(network) {
    const { block } = await revocation(network);
    return { txId: `block:${block.number}:0`, told: 'VALID' };
  },
} satisfies Record<string, (network: LiveNetwork) => Promise<Sent>>;

export type Kind = keyof typeof SENDERS;

/** Hands it to the orderer and waits for its block. */
async function ordered(
  network: LiveNetwork,
  endorsed: Endorsed,
  to: { order(envelope: Uint8Array): Promise<void> } | { send(envelope: Uint8Array): Promise<void> } = network,
  signer?: Signer,
): Promise<Sent> {
  const { txId } = endorsed.proposal;
  const committed = network.committed(txId);
  committed.catch(() => {});
  const envelope = await network.envelope(endorsed, signer);
  try {
    await ('send' in to ? to.send(envelope) : to.order(envelope));
  } catch (error) {
    return { txId, told: textOf(error) };
  }
  return { txId, told: (await committed).codeName };
}

async function refused(txId: string, call: () => Promise<{ response: { message: string } }>): Promise<Sent> {
  try {
    const { response } = await call();
    return { txId, told: response.message };
  } catch (error) {
    return { txId, told: textOf(error) };
  }
}

async function refusedByAll(network: LiveNetwork, args: readonly string[]): Promise<Sent> {
  const { proposal, answers } = await network.propose(network.request(args));
  const refusals = answers.filter(({ response }) => response.status >= 400);
  return { txId: proposal.txId, told: refusals.map(({ response }) => response.message).join('; ') };
}

async function proposedBy(network: LiveNetwork, signer: Signer): Promise<Sent> {
  const proposal = createProposal(network.request(['put', 'a', 'b']), signer);
  const signed = await signProposal(proposal, signer);
  return refused(proposal.txId, () => propose(network.peers[0], signed));
}

/** Peers do not endorse for such a client, so that it sends what others got endorsed, under its own name. */
async function sentBy(network: LiveNetwork, signer: Signer): Promise<Sent> {
  const endorsed = await network.endorse(['put', 'a', 'b']);
  const proposal = createProposal(network.request(['put', 'a', 'b']), signer);
  return ordered(network, { ...endorsed, proposal }, network, signer);
}

function textOf(error: unknown): string {
  if (error instanceof ClientError) {
    return error.message.replace(/^[^ ]+: /, '');
  }
  throw error;
}

/** Somebody whose certificate comes from an authority that says that it is the organisation's. */
function strangerOf(mspId: string, unit: string): Signer {
  return signerOf(mspId, issue(authority('ca.nowhere'), { name: 'stranger', units: [unit] }));
}

function expired(network: LiveNetwork): Signer {
  const now = Date.now();
  const validity = { notBefore: new Date(now - 2 * HOUR_MS), notAfter: new Date(now - HOUR_MS) };
  return network.member(network.org1, 'late', validity);
}

interface Revocation {
  readonly lost: Signer;
  /** What the client had endorsed before. */
  readonly endorsed: Endorsed;
  /** With the configuration. */
  readonly block: BlockView;
}

const revocations = new WeakMap<LiveNetwork, Promise<Revocation>>();

/** Once for a network: a client is put on its organisation's revocation list, by an update of the configuration. */
function revocation(network: LiveNetwork): Promise<Revocation> {
  const there = revocations.get(network) ?? revoke(network);
  revocations.set(network, there);
  return there;
}

async function revoke(network: LiveNetwork): Promise<Revocation> {
  const { org1 } = network;
  const ca = network.authority(org1);
  const holder = issue(ca, { name: 'lost', units: ['client'], notBefore: new Date(Date.now() - HOUR_MS) });
  const lost = signerOf(org1.mspId, holder);
  const endorsed = await network.endorse(['put', 'late', 'value'], { signer: lost });

  const [genesis] = await network.blocks();
  const { config } = ChannelBundle.fromBlock(genesis as BlockView);
  // oxlint-disable-next-line typescript/no-explicit-any
  const tree: any = decodeToJson('common.Config', encodeConfig(config));
  const msp = tree.channel_group.groups.Application.groups[org1.mspId].values.MSP.value;
  msp.config.revocation_list = [Buffer.from(revocationList(ca, [holder])).toString('base64')];
  const next = decodeConfig(encodeFromJson('common.Config', tree));
  const configUpdate = encodeConfigUpdate(computeUpdate(CHANNEL, config, next));
  const admin = network.connections.signer(org1, 'Admin');
  const signatures = [await signConfigUpdate(configUpdate, admin)];
  await network.order(await configUpdateEnvelope(CHANNEL, { configUpdate, signatures }, admin));
  // It is a block of its own; what comes after it in the same stream of blocks is decided by it.
  await network.submit(['put', 'after', 'revocation']);
  const blocks = await network.blocks();
  const block = blocks.findLast(({ envelopes }) => envelopes[0]?.channelHeader.type === common.HeaderType.CONFIG);
  return { lost, endorsed, block: block as BlockView };
}
