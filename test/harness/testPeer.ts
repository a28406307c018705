import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { ChaincodeDefinitionSource, EndorsementInfo } from '#node/chaincode/chaincodeSupport.ts';
import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import type { ValidationPlugins } from '#node/commit/validationPlugins.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { AccessChecks } from '#node/endorser/accessChecks.ts';
import { ProposalChaincodeCaller } from '#node/endorser/chaincodeCaller.ts';
import { Endorser, type EndorserModules, type EndorserOptions } from '#node/endorser/processProposal.ts';
import { SystemChaincodes } from '#node/endorser/systemChaincodes.ts';
import { Cscc } from '#node/endorser/system/cscc.ts';
import { Qscc } from '#node/endorser/system/qscc.ts';
import type { CallContext } from '#node/grpc/service.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { TransientStore } from '#node/ledger/privateData/transientStore.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { X509Msp } from '#node/msp/x509Msp.ts';
import { AccessControl } from '#node/peer/accessControl.ts';
import type { PeerChannel, PeerChannels } from '#node/peer/peerChannel.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { NO_TRACER, type Tracer } from '#node/tracing/tracer.ts';
import { InProcessChaincodes } from './inProcessChaincodes.ts';

/** For tests: a channel on a ledger of its own, fed with blocks by hand. */
export class TestPeerChannel implements PeerChannel {
  readonly channelId: string;
  readonly ledger: PeerLedger;
  readonly transientStore: TransientStore;
  readonly pipeline: BlockPipeline;
  failure: string | null = null;
  readonly #listeners = new Set<(block: CommittedBlock) => void>();

  private constructor(ledger: PeerLedger, transientStore: TransientStore, pipeline: BlockPipeline) {
    this.channelId = ledger.channelId;
    this.ledger = ledger;
    this.transientStore = transientStore;
    this.pipeline = pipeline;
  }

  static async open(
    folder: string,
    channelId: string,
    validationPlugins: ValidationPlugins = {},
  ): Promise<TestPeerChannel> {
    const ledger = await PeerLedger.open({ folder, channelId, state: 'memory' });
    const pipeline = await BlockPipeline.open({}, { ledger, validationPlugins });
    return new TestPeerChannel(ledger, await TransientStore.open(folder, channelId), pipeline);
  }

  get height(): number {
    return this.ledger.height;
  }

  get firstBlock(): number {
    return this.ledger.blocks.firstBlock;
  }

  get bundle(): ChannelBundle {
    return this.pipeline.bundle as ChannelBundle;
  }

  block(number: number): Promise<BlockView | null> {
    return this.ledger.blocks.byNumber(number);
  }

  async commit(bytes: Uint8Array, privateData: readonly TxPrivateData[] = []): Promise<CommittedBlock> {
    const committed = await this.pipeline.commit({ view: BlockView.fromBytes(bytes), privateData });
    for (const listener of this.#listeners) {
      listener(committed);
    }
    return committed;
  }

  async waitForBlock(number: number, signal: AbortSignal): Promise<void> {
    for await (const _ of this.ledger.blocks.iterate(number, { follow: true, signal })) {
      return;
    }
    signal.throwIfAborted();
  }

  simulator(txId: string): Promise<TxSimulator> {
    return Promise.resolve(new TxSimulator({ txId }, { state: this.ledger.state.snapshot(), collections: null }));
  }

  query(): Promise<QueryExecutor> {
    const state = this.ledger.state.snapshot();
    return Promise.resolve(new QueryExecutor({ txId: '' }, { state, collections: null }));
  }

  hasTransaction(txId: string): Promise<boolean> {
    return this.ledger.blocks.hasTxId(txId);
  }

  onCommit(listener: (block: CommittedBlock) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.transientStore.close();
    await this.ledger.close();
  }
}

/** Definitions as blocks committed them; which package runs one is told by hand. */
export class TestDefinitions implements ChaincodeDefinitionSource {
  readonly packages = new Map<string, string>();

  async endorsementInfo(_channelId: string, name: string, query: QueryExecutor): Promise<EndorsementInfo | null> {
    const sequence = await query.getState('_lifecycle', `namespaces/fields/${name}/Sequence`);
    const field = await query.getState('_lifecycle', `namespaces/fields/${name}/EndorsementInfo`);
    if (sequence === null || field === null) {
      return null;
    }
    const data = decodeMessage(peer.lifecycle.StateData, field, 'lifecycle.StateData').getBytes_asU8();
    const info = decodeMessage(peer.lifecycle.ChaincodeEndorsementInfo, data, 'lifecycle.ChaincodeEndorsementInfo');
    return {
      version: info.getVersion(),
      enforceInit: info.getInitRequired(),
      packageId: this.packages.get(name) ?? null,
      endorsementPlugin: info.getEndorsementPlugin(),
    };
  }
}

export interface TestPeerOptions extends Partial<EndorserOptions> {
  readonly signer: Signer;
  readonly localMsp: X509Msp;
  readonly tracer?: Tracer;
  readonly validationPlugins?: ValidationPlugins;
  /** Instead of the real one. */
  readonly access?: AccessChecks;
  readonly modules?: Partial<EndorserModules>;
}

/** For tests: an endorser with channels, in a folder that goes with it. */
export class TestPeer implements PeerChannels, AsyncDisposable {
  readonly joiningFromSnapshot = null;
  readonly chaincodes = new InProcessChaincodes();
  readonly definitions = new TestDefinitions();
  readonly endorser: Endorser;
  readonly #folder: string;
  readonly #validationPlugins: ValidationPlugins;
  readonly #channels = new Map<string, TestPeerChannel>();

  private constructor(folder: string, options: TestPeerOptions) {
    this.#folder = folder;
    this.#validationPlugins = options.validationPlugins ?? {};
    const access: AccessChecks = options.access ?? new AccessControl({ localMsp: options.localMsp });
    const { chaincodes, definitions } = this;
    const systemChaincodes = new SystemChaincodes([
      new Cscc({ channels: this, access }),
      new Qscc({ channels: this, access }),
    ]);
    const tracer = options.tracer ?? NO_TRACER;
    const modules: EndorserModules = {
      channels: this,
      localMsp: options.localMsp,
      access,
      signer: options.signer,
      systemChaincodes,
      definitions,
      chaincodes,
      tracer,
      ...options.modules,
    };
    chaincodes.caller = new ProposalChaincodeCaller({ ...modules, chaincodes: () => chaincodes });
    const implicitCollections = { mspId: options.signer.mspId };
    this.endorser = new Endorser({ implicitCollections, ...options }, modules);
  }

  static async open(options: TestPeerOptions): Promise<TestPeer> {
    return new TestPeer(await mkdtemp(join(tmpdir(), 'ftl-endorser-')), options);
  }

  channel(channelId: string): TestPeerChannel | null {
    return this.#channels.get(channelId) ?? null;
  }

  list(): readonly string[] {
    return [...this.#channels.keys()].toSorted();
  }

  async join(genesis: BlockView): Promise<TestPeerChannel> {
    const channelId = genesis.channel as string;
    if (this.#channels.has(channelId)) {
      throw new Error(
        `cannot create ledger from genesis block: ledger [${channelId}] already exists with state [ACTIVE]`,
      );
    }
    const channel = await TestPeerChannel.open(this.#folder, channelId, this.#validationPlugins);
    this.#channels.set(channelId, channel);
    await channel.commit(genesis.bytes);
    return channel;
  }

  joinBySnapshot(folder: string): Promise<void> {
    return Promise.reject(new Error(`cannot create ledger from snapshot ${folder}: no such folder`));
  }

  /** What a client gets over gRPC. */
  async propose(bytes: Uint8Array, more: Partial<CallContext> = {}): Promise<peer.ProposalResponse> {
    const context: CallContext = {
      address: '127.0.0.1:50000',
      certificate: null,
      traceparent: null,
      signal: new AbortController().signal,
      ...more,
    };
    return peer.ProposalResponse.deserializeBinary(await this.endorser.processProposal(bytes, context));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels.values()) {
      await channel.close();
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
