import { policyReference } from '#node/commit/policyBook.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { TestChaincode } from '../../harness/inProcessChaincodes.ts';
import {
  BlockMaker,
  definitionWrites,
  type DefinitionParts,
  readWriteSet,
  signedTransaction,
} from '../../harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization } from '../../harness/signedChannel.ts';
import { type ProposalParts, signedProposal, type TestProposal } from '../../harness/signedProposal.ts';
import { ownOrganization } from '../../harness/testOrganization.ts';
import { TestPeer, type TestPeerChannel, type TestPeerOptions } from '../../harness/testPeer.ts';

export const CHANNEL = 'trade';
export const MAJORITY = policyReference('/Channel/Application/Endorsement');

/** Keys are made once for all tests of a file. */
export const org1 = ownOrganization('Org1MSP');
export const org2 = ownOrganization('Org2MSP');
/** Of no organisation that the channel knows. */
export const stranger = ownOrganization('StrangerMSP');
export const orderers = makeOrganization('OrdererMSP', 'orderer');

/** Peers of both organisations in one channel, on the same blocks. */
export class EndorserNetwork implements AsyncDisposable {
  readonly peers: readonly TestPeer[];
  readonly #makers = new Map<string, BlockMaker>();

  private constructor(peers: readonly TestPeer[]) {
    this.peers = peers;
  }

  static async start(
    definitions: readonly DefinitionParts[] = [{ name: 'basic', policy: MAJORITY }],
    options: Partial<TestPeerOptions> = {},
  ): Promise<EndorserNetwork> {
    const peers = [
      await TestPeer.open({ signer: org1.node, localMsp: org1.msp, ...options }),
      await TestPeer.open({ signer: org2.node, localMsp: org2.msp, ...options }),
    ];
    const network = new EndorserNetwork(peers);
    await network.addChannel(CHANNEL, definitions);
    return network;
  }

  get peer(): TestPeer {
    return this.peers[0] as TestPeer;
  }

  get channel(): TestPeerChannel {
    return this.peer.channel(CHANNEL) as TestPeerChannel;
  }

  async addChannel(channelId: string, definitions: readonly DefinitionParts[]): Promise<void> {
    const maker = new BlockMaker(orderers.node);
    this.#makers.set(channelId, maker);
    const genesis = BlockView.fromBytes(
      maker.next([genesisEnvelope(channelId, channelConfig([org1, org2], orderers))]),
    );
    for (const peer of this.peers) {
      await peer.join(genesis);
    }
    await this.define(definitions, channelId);
  }

  async define(definitions: readonly DefinitionParts[], channelId = CHANNEL): Promise<CommittedBlock> {
    const transactions = definitions.map((parts) =>
      signedTransaction({
        channelId,
        creator: org1.client,
        endorsers: [org1.node, org2.node],
        chaincode: '_lifecycle',
        version: 'syscc',
        results: readWriteSet([definitionWrites(parts)]),
      }),
    );
    return this.block(transactions, [], channelId);
  }

  /** Installs the same chaincode on all peers. */
  install(name: string, ...chaincodes: readonly TestChaincode[]): void {
    for (const [index, peer] of this.peers.entries()) {
      const packageId = `${name}:hash`;
      peer.definitions.packages.set(name, packageId);
      peer.chaincodes.byPackage.set(packageId, chaincodes[index % chaincodes.length] as TestChaincode);
    }
  }

  /** One block for all; what the first peer made of it. */
  async block(
    transactions: readonly Uint8Array[],
    privateData: readonly TxPrivateData[] = [],
    channelId = CHANNEL,
  ): Promise<CommittedBlock> {
    const bytes = (this.#makers.get(channelId) as BlockMaker).next(transactions);
    const committed: CommittedBlock[] = [];
    for (const peer of this.peers) {
      committed.push(await (peer.channel(channelId) as TestPeerChannel).commit(bytes, privateData));
    }
    return committed[0] as CommittedBlock;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.peers) {
      await peer[Symbol.asyncDispose]();
    }
  }
}

/** A proposal by a client of the first organisation, apart from what is said. */
export function proposal(parts: Partial<ProposalParts> = {}): TestProposal {
  return signedProposal({ channelId: CHANNEL, creator: org1.client, chaincode: 'basic', ...parts });
}

/** Reads, writes and tells: what most tests need. */
export const basic: TestChaincode = async ({ args, simulator, namespace, event }) => {
  const [called, key = 'key', value = 'value'] = args;
  if (called === 'get') {
    const found = await simulator.getState(namespace, key);
    return found === null ? '' : Buffer.from(found).toString();
  }
  await simulator.getState(namespace, key);
  await simulator.setState(namespace, key, new Uint8Array(Buffer.from(value)));
  event('put', key);
  return `put ${key}`;
};

export const codesOf = (block: CommittedBlock): readonly string[] => block.transactions.map(({ codeName }) => codeName);
