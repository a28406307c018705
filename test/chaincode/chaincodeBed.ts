import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { common, peer } from '@hyperledger/fabric-protos';
import type { ConfigValue } from '#node/channel/configGroup.ts';
import type { ChaincodeRuntimeOptions } from '#node/chaincode/chaincodeOptions.ts';
import { ChaincodeRuntime } from '#node/chaincode/chaincodeRuntime.ts';
import type { ChaincodeMetrics } from '#node/chaincode/chaincodeMetrics.ts';
import { createPackage, type PackageSource } from '#node/chaincode/packages/createPackage.ts';
import { DiskPackageStore } from '#node/chaincode/packages/diskPackageStore.ts';
import { signaturePolicyAsApplicationPolicy } from '#node/commit/policyBook.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { ProposalChaincodeCaller } from '#node/endorser/chaincodeCaller.ts';
import { SystemChaincodes } from '#node/endorser/systemChaincodes.ts';
import { connectForStreams } from '#node/grpc/streamConnection.ts';
import { GrpcServer } from '#node/grpc/grpcServer.ts';
import { decodeTxPrivateData } from '#node/ledger/privateData/txPrivateRwset.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import { AccessControl } from '#node/peer/accessControl.ts';
import type { PeerChannels } from '#node/peer/peerChannel.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { wireFields } from '#node/protos/wireFields.ts';
import { NO_TRACER } from '#node/tracing/tracer.ts';
import { BlockMaker, definitionWrites, readWriteSet, signedTransaction } from '../harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization, signaturePolicyBytes } from '../harness/signedChannel.ts';
import {
  endorsedTransaction,
  type ProposalParts,
  signedProposal,
  type TestProposal,
} from '../harness/signedProposal.ts';
import { ownOrganization } from '../harness/testOrganization.ts';
import { TestDefinitions, TestPeer, type TestPeerChannel } from '../harness/testPeer.ts';

export const CHANNEL = 'trade';
export const CONTRACT = fileURLToPath(new URL('contract', import.meta.url));
export const org1 = ownOrganization('Org1MSP');
export const org2 = ownOrganization('Org2MSP');
const orderers = makeOrganization('OrdererMSP', 'orderer');
const POLICY = signaturePolicyAsApplicationPolicy(signaturePolicyBytes("OR('Org1MSP.peer')"));

/** What came back for a proposal. */
export interface Answer {
  readonly status: number;
  readonly message: string;
  readonly payload: string;
  readonly response: peer.ProposalResponse;
  readonly proposal: TestProposal;
}

export interface BedOptions {
  readonly runtime?: Partial<ChaincodeRuntimeOptions>;
  readonly initRequired?: boolean;
  readonly metrics?: ChaincodeMetrics;
}

/** A peer of Org1 whose chaincode really runs, with two channels and blocks made by hand. */
export class ChaincodeBed implements AsyncDisposable {
  readonly peer: TestPeer;
  readonly runtime: ChaincodeRuntime;
  readonly packages: DiskPackageStore;
  readonly folder: string;
  readonly lines: string[];
  readonly #definitions: TestDefinitions;
  readonly #server: GrpcServer;
  readonly #makers = new Map<string, BlockMaker>();

  private constructor(parts: {
    peer: TestPeer;
    runtime: ChaincodeRuntime;
    packages: DiskPackageStore;
    folder: string;
    definitions: TestDefinitions;
    server: GrpcServer;
    lines: string[];
  }) {
    this.peer = parts.peer;
    this.runtime = parts.runtime;
    this.packages = parts.packages;
    this.folder = parts.folder;
    this.lines = parts.lines;
    this.#definitions = parts.definitions;
    this.#server = parts.server;
  }

  static async start(options: BedOptions = {}): Promise<ChaincodeBed> {
    const folder = await mkdtemp(join(tmpdir(), 'ftl-chaincode-bed-'));
    await chmod(folder, 0o755);
    const packages = await DiskPackageStore.open({ folder: join(folder, 'lifecycle', 'chaincodes') });
    const definitions = new TestDefinitions();
    const access = new AccessControl({ localMsp: org1.msp });
    const lines: string[] = [];
    const told = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
    let address = '';
    // The runtime needs the peer's channels, and the peer the runtime.
    const channels: Pick<PeerChannels, 'channel'> = { channel: (id) => owner.peer?.channel(id) ?? null };
    const owner: { peer: TestPeer | null } = { peer: null };
    const runtime: ChaincodeRuntime = new ChaincodeRuntime(
      {
        buildsFolder: join(folder, 'builds'),
        peerAddress: () => address,
        mspId: 'Org1MSP',
        environment: process.env,
        ...options.runtime,
      },
      {
        packages,
        channels,
        connect: connectForStreams,
        ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
        log: { debug: told, info: told, warn: told, error: told },
        caller: new ProposalChaincodeCaller({
          channels: channels as PeerChannels,
          access,
          systemChaincodes: new SystemChaincodes([]),
          definitions,
          chaincodes: () => runtime,
          tracer: NO_TRACER,
        }),
      },
    );
    const tls = runtime.listenerTls(['127.0.0.1']);
    const server = await GrpcServer.listen({ address: '127.0.0.1:0', tls }, [runtime.listener]);
    address = server.address;
    const modules = { chaincodes: runtime, definitions };
    owner.peer = await TestPeer.open({ signer: org1.node, localMsp: org1.msp, modules });
    const bed = new ChaincodeBed({ peer: owner.peer, runtime, packages, folder, definitions, server, lines });
    for (const channelId of [CHANNEL, 'other']) {
      await bed.#addChannel(channelId, options.initRequired ?? false);
    }
    return bed;
  }

  get address(): string {
    return this.#server.address;
  }

  channel(channelId = CHANNEL): TestPeerChannel {
    return this.peer.channel(channelId) as TestPeerChannel;
  }

  /** Installs a package and lets a chaincode of this name run by it. */
  async install(source: PackageSource, name = 'every'): Promise<string> {
    const { packageId } = await this.packages.save(await createPackage(source));
    this.#definitions.packages.set(name, packageId);
    return packageId;
  }

  runBy(name: string, packageId: string): void {
    this.#definitions.packages.set(name, packageId);
  }

  async invoke(name: string, args: readonly string[], parts: Partial<ProposalParts> = {}): Promise<Answer> {
    const proposal = signedProposal({
      channelId: CHANNEL,
      creator: org1.client,
      chaincode: 'every',
      ...parts,
      args: [name, ...args],
    });
    const response = await this.peer.propose(proposal.bytes);
    const answer = response.getResponse();
    return {
      status: answer?.getStatus() ?? 0,
      message: answer?.getMessage() ?? '',
      payload: Buffer.from(answer?.getPayload_asU8() ?? '').toString(),
      response,
      proposal,
    };
  }

  /** Invokes and commits. */
  async submit(name: string, args: readonly string[], parts: Partial<ProposalParts> = {}): Promise<Answer> {
    const answer = await this.invoke(name, args, parts);
    if (answer.status !== 200) {
      throw new Error(`${name} failed: ${answer.message}`);
    }
    const codes = await this.commit([answer]);
    if (codes[0] !== 'VALID') {
      throw new Error(`${name} was committed as ${codes[0]}`);
    }
    return answer;
  }

  /** @returns codes */
  async commit(answers: readonly Answer[]): Promise<readonly string[]> {
    const privateData: TxPrivateData[] = [];
    for (const [tx, { proposal }] of answers.entries()) {
      for await (const { data } of this.channel().transientStore.ofTransaction(proposal.txId)) {
        const set = wireFields(data, 'TxPvtReadWriteSetWithConfigInfo').find(({ field }) => field === 2);
        privateData.push(decodeTxPrivateData(tx, set?.bytes ?? new Uint8Array(0)));
      }
    }
    const committed = await this.block(
      answers.map(({ proposal, response }) => endorsedTransaction(proposal, [response])),
      CHANNEL,
      privateData,
    );
    return committed.transactions.map(({ codeName }) => codeName);
  }

  async block(
    transactions: readonly Uint8Array[],
    channelId = CHANNEL,
    privateData: readonly TxPrivateData[] = [],
  ): Promise<CommittedBlock> {
    const bytes = (this.#makers.get(channelId) as BlockMaker).next(transactions);
    return this.channel(channelId).commit(bytes, privateData);
  }

  async #addChannel(channelId: string, initRequired: boolean): Promise<void> {
    const maker = new BlockMaker(orderers.node);
    this.#makers.set(channelId, maker);
    const config = channelConfig([org1, org2], orderers);
    const capability = new common.Capabilities();
    capability.getCapabilitiesMap().set('V2_5', new common.Capability());
    const values = config.channelGroup?.groups.get('Application')?.values as Map<string, ConfigValue>;
    const before = values.get('Capabilities') as ConfigValue;
    values.set('Capabilities', { ...before, value: capability.serializeBinary() });
    await this.peer.join(BlockView.fromBytes(maker.next([genesisEnvelope(channelId, config)])));
    const definitions = ['every', 'second'].map((name) => {
      const { namespace, writes = [] } = definitionWrites({ name, policy: POLICY, initRequired });
      return {
        namespace,
        writes: writes.map(({ key, value }) => ({ key, value: key.endsWith('/Collections') ? collections() : value })),
      };
    });
    await this.block(
      definitions.map((writes) =>
        signedTransaction({
          channelId,
          creator: org1.client,
          endorsers: [org1.node, org2.node],
          chaincode: '_lifecycle',
          version: 'syscc',
          results: readWriteSet([writes]),
        }),
      ),
      channelId,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
    await this.#server.stop();
    await this.peer[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `secrets` is open to all; `members` to clients of Org1 alone. */
function collections(): Uint8Array {
  const list = new peer.CollectionConfigPackage();
  for (const name of ['secrets', 'members']) {
    const config = new peer.StaticCollectionConfig();
    config.setName(name);
    const policy = new peer.CollectionPolicyConfig();
    policy.setSignaturePolicy(
      parsePolicy(name === 'members' ? "OR('Org1MSP.member')" : "OR('Org1MSP.member','Org2MSP.member')"),
    );
    config.setMemberOrgsPolicy(policy);
    config.setMemberOnlyRead(name === 'members');
    config.setMemberOnlyWrite(name === 'members');
    const one = new peer.CollectionConfig();
    one.setStaticCollectionConfig(config);
    list.addConfig(one);
  }
  const data = new peer.lifecycle.StateData();
  data.setBytes(list.serializeBinary());
  return data.serializeBinary();
}
