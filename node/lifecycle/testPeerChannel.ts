import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChaincodeInvocation, ChaincodeResult, SystemChaincode } from '#node/chaincode/chaincodeSupport.ts';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import type { TransientStore } from '#node/ledger/privateData/transientStore.ts';
import { type CollectionNames, QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import { type SimulationResults, TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import { collectionNames } from '#node/peer/collectionMembership.ts';
import type { PeerChannel } from '#node/peer/peerChannel.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';

/** For tests: a channel of a peer, its ledger in a folder that goes with it. */
export class TestPeerChannel implements PeerChannel, AsyncDisposable {
  readonly ledger: PeerLedger;
  readonly firstBlock = 0;
  readonly failure = null;
  readonly #pipeline: BlockPipeline;
  readonly #folder: string;
  readonly #listeners = new Set<(block: CommittedBlock) => void>();

  private constructor(ledger: PeerLedger, pipeline: BlockPipeline, folder: string) {
    this.ledger = ledger;
    this.#pipeline = pipeline;
    this.#folder = folder;
  }

  static async open(channelId: string): Promise<TestPeerChannel> {
    const folder = await mkdtemp(join(tmpdir(), 'ftl-lifecycle-'));
    const ledger = await PeerLedger.open({ folder, channelId, state: 'memory' });
    return new TestPeerChannel(ledger, await BlockPipeline.open({}, { ledger }), folder);
  }

  get channelId(): string {
    return this.ledger.channelId;
  }

  get height(): number {
    return this.ledger.height;
  }

  get bundle(): ChannelBundle {
    return this.#pipeline.bundle as ChannelBundle;
  }

  get transientStore(): TransientStore {
    throw new Error('none here');
  }

  get collectionNames(): CollectionNames {
    return collectionNames(() => this.bundle);
  }

  async simulator(txId: string): Promise<TxSimulator> {
    return new TxSimulator({ txId }, { state: this.ledger.state.snapshot(), collections: this.collectionNames });
  }

  async query(): Promise<QueryExecutor> {
    return new QueryExecutor({ txId: '' }, { state: this.ledger.state.snapshot(), collections: this.collectionNames });
  }

  async hasTransaction(): Promise<boolean> {
    return false;
  }

  async block(): Promise<BlockView | null> {
    return null;
  }

  async waitForBlock(): Promise<void> {}

  onCommit(listener: (block: CommittedBlock) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async commit(bytes: Uint8Array, privateData: readonly TxPrivateData[] = []): Promise<CommittedBlock> {
    const committed = await this.#pipeline.commit({ view: BlockView.fromBytes(bytes), privateData });
    this.#listeners.forEach((listener) => listener(committed));
    return committed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const NO_PROPOSAL: SignedProposalMessage = { proposalBytes: new Uint8Array(0), signature: new Uint8Array(0) };

/** For tests: a call as the endorser makes it. */
export interface TestCall {
  readonly args: readonly Uint8Array[];
  readonly channel: TestPeerChannel | null;
  readonly signedProposal?: SignedProposalMessage;
}

/** Runs a system chaincode. @returns its response, and what it read and wrote; null where it was refused, or outside a channel */
export async function call(
  chaincode: SystemChaincode,
  { args, channel, signedProposal = NO_PROPOSAL }: TestCall,
): Promise<{ readonly response: ChaincodeResult['response']; readonly results: SimulationResults | null }> {
  const simulator = (await channel?.simulator('tx')) ?? null;
  const invocation: ChaincodeInvocation = {
    channelId: channel?.channelId ?? '',
    txId: 'tx',
    name: chaincode.name,
    packageId: '',
    kind: 'invoke',
    input: { args, isInit: false },
    signedProposal,
    simulator,
    history: null,
    signal: new AbortController().signal,
  };
  try {
    const { response } = await chaincode.invoke(invocation);
    return { response, results: response.status === 200 && simulator !== null ? simulator.results() : null };
  } finally {
    await simulator?.done();
  }
}
