import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peer } from '@hyperledger/fabric-protos';
import type { PackageBuilder } from '#node/chaincode/chaincodeSupport.ts';
import { DiskPackageStore } from '#node/chaincode/packages/diskPackageStore.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import { decodeTxPrivateData } from '#node/ledger/privateData/txPrivateRwset.ts';
import type { SimulationResults } from '#node/ledger/simulator/txSimulator.ts';
import { signedByAny } from '#node/policy/policyDsl.ts';
import { BlockMaker, signedTransaction } from '../../test/harness/signedBlocks.ts';
import {
  channelConfig,
  genesisEnvelope,
  makeOrganization,
  type TestOrganization,
} from '../../test/harness/signedChannel.ts';
import { ChaincodeDefinitionCache } from './chaincodeDefinitionCache.ts';
import { InstalledPackages } from './installedPackages.ts';
import { LifecycleChaincode } from './lifecycleChaincode.ts';
import type { LifecycleFunction } from './lifecycleArguments.ts';
import { call, TestPeerChannel } from './testPeerChannel.ts';

export const CHANNEL = 'own';
const [org1, org2] = [makeOrganization('Org1MSP', 'peer'), makeOrganization('Org2MSP', 'peer')];
const orderers = makeOrganization('OrdererMSP', 'orderer');

/** For tests: one organisation's peer, with a disk and a ledger of its own. */
export interface TestPeer {
  readonly organization: TestOrganization;
  readonly channel: TestPeerChannel;
  readonly packages: InstalledPackages;
  readonly definitions: ChaincodeDefinitionCache;
  readonly lifecycle: LifecycleChaincode;
  /** @returns status, message and payload of the answer, and what it would write */
  run(
    name: LifecycleFunction,
    args: { serializeBinary(): Uint8Array } | Uint8Array,
    outside?: 'outside any channel',
  ): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly message: string;
  readonly payload: Uint8Array;
  readonly results: SimulationResults | null;
}

/** For tests: two organisations with a peer each, that hand private data to nobody. */
export class TestNetwork implements AsyncDisposable {
  readonly org1: TestPeer;
  readonly org2: TestPeer;
  readonly #maker = new BlockMaker(orderers.node);
  readonly #folder: string;

  private constructor(folder: string, peers: readonly [TestPeer, TestPeer]) {
    this.#folder = folder;
    [this.org1, this.org2] = peers;
  }

  static async start(builder: PackageBuilder | null = null): Promise<TestNetwork> {
    const folder = await mkdtemp(join(tmpdir(), 'ftl-lifecycle-'));
    const [first, second] = [await startPeer(org1, folder, builder), await startPeer(org2, folder, builder)];
    const network = new TestNetwork(folder, [first, second]);
    await network.commit([genesisEnvelope(CHANNEL, channelConfig([org1, org2], orderers))]);
    return network;
  }

  get peers(): readonly TestPeer[] {
    return [this.org1, this.org2];
  }

  /** A block of these transactions on both peers; private data go to the peer named. */
  async commit(
    transactions: readonly Uint8Array[],
    to?: { readonly peer: TestPeer; readonly privateData: readonly TxPrivateData[] },
  ): Promise<CommittedBlock> {
    const bytes = this.#maker.next(transactions);
    let committed: CommittedBlock | null = null;
    for (const one of this.peers) {
      committed = await one.channel.commit(bytes, one === to?.peer ? to.privateData : []);
    }
    return committed as CommittedBlock;
  }

  /** Runs a function at one peer, has it endorsed by that one (or by all), and commits what it wrote. @returns the validation code */
  async submit(
    at: TestPeer,
    name: 'ApproveChaincodeDefinitionForMyOrg' | 'CommitChaincodeDefinition',
    args: { serializeBinary(): Uint8Array },
  ): Promise<string> {
    const { status, message, results } = await at.run(name, args);
    if (status !== 200 || results === null) {
      throw new Error(message);
    }
    const endorsers = name === 'CommitChaincodeDefinition' ? this.peers : [at];
    const transaction = signedTransaction({
      channelId: CHANNEL,
      creator: at.organization.client,
      endorsers: endorsers.map(({ organization }) => organization.node),
      chaincode: '_lifecycle',
      version: 'syscc',
      results: results.publicBytes,
    });
    const privateData = results.privateBytes === null ? [] : [decodeTxPrivateData(0, results.privateBytes)];
    const committed = await this.commit([transaction], { peer: at, privateData });
    return committed.transactions[0]?.codeName ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.peers) {
      await one.channel[Symbol.asyncDispose]();
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function startPeer(
  organization: TestOrganization,
  folder: string,
  builder: PackageBuilder | null,
): Promise<TestPeer> {
  const { mspId } = organization;
  const channel = await TestPeerChannel.open(CHANNEL);
  const store = await DiskPackageStore.open({ folder: join(folder, mspId) });
  const packages = await InstalledPackages.open({ store, builder });
  const channels = { channel: (id: string) => (id === CHANNEL ? channel : null), list: () => [CHANNEL] };
  const definitions = new ChaincodeDefinitionCache({ mspId }, { channels, packages });
  const access = { check: () => Promise.resolve() };
  const lifecycle = new LifecycleChaincode({ mspId }, { channels, access, packages, definitions });
  return {
    organization,
    channel,
    packages,
    definitions,
    lifecycle,
    async run(name, args, outside) {
      const bytes = args instanceof Uint8Array ? args : args.serializeBinary();
      const where = outside === undefined ? channel : null;
      const { response, results } = await call(lifecycle, { args: [Buffer.from(name), bytes], channel: where });
      return { ...response, results };
    },
  };
}

export interface DefinitionInput {
  readonly name?: string;
  readonly version?: string;
  readonly sequence?: number;
  readonly initRequired?: boolean;
  readonly endorsementPlugin?: string;
  readonly validationPlugin?: string;
  readonly policy?: Uint8Array;
  readonly collections?: readonly peer.StaticCollectionConfig[];
  readonly packageId?: string;
}

export function approval(input: DefinitionInput = {}): peer.lifecycle.ApproveChaincodeDefinitionForMyOrgArgs {
  const args = filled(new peer.lifecycle.ApproveChaincodeDefinitionForMyOrgArgs(), input);
  const source = new peer.lifecycle.ChaincodeSource();
  if (input.packageId === undefined) {
    source.setUnavailable(new peer.lifecycle.ChaincodeSource.Unavailable());
  } else {
    const local = new peer.lifecycle.ChaincodeSource.Local();
    local.setPackageId(input.packageId);
    source.setLocalPackage(local);
  }
  args.setSource(source);
  return args;
}

export function readiness(input: DefinitionInput = {}): peer.lifecycle.CheckCommitReadinessArgs {
  return filled(new peer.lifecycle.CheckCommitReadinessArgs(), input);
}

export function commitment(input: DefinitionInput = {}): peer.lifecycle.CommitChaincodeDefinitionArgs {
  return filled(new peer.lifecycle.CommitChaincodeDefinitionArgs(), input);
}

function filled<
  A extends
    | peer.lifecycle.ApproveChaincodeDefinitionForMyOrgArgs
    | peer.lifecycle.CheckCommitReadinessArgs
    | peer.lifecycle.CommitChaincodeDefinitionArgs,
>(args: A, input: DefinitionInput): A {
  args.setName(input.name ?? 'basic');
  args.setVersion(input.version ?? '1.0');
  args.setSequence(input.sequence ?? 1);
  args.setInitRequired(input.initRequired ?? false);
  args.setEndorsementPlugin(input.endorsementPlugin ?? '');
  args.setValidationPlugin(input.validationPlugin ?? '');
  args.setValidationParameter(input.policy ?? new Uint8Array(0));
  if (input.collections !== undefined) {
    const collections = new peer.CollectionConfigPackage();
    for (const config of input.collections) {
      const one = new peer.CollectionConfig();
      one.setStaticCollectionConfig(config);
      collections.addConfig(one);
    }
    args.setCollections(collections);
  }
  return args;
}

/** A collection of both organisations. */
export function collection(name: string, change: (config: peer.StaticCollectionConfig) => void = () => {}) {
  const config = new peer.StaticCollectionConfig();
  config.setName(name);
  config.setMaximumPeerCount(1);
  const members = new peer.CollectionPolicyConfig();
  members.setSignaturePolicy(signedByAny('member', ['Org1MSP', 'Org2MSP']));
  config.setMemberOrgsPolicy(members);
  change(config);
  return config;
}
