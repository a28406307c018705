import { createHash } from 'node:crypto';
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { computeUpdate } from '#node/channel/computeUpdate.ts';
import type { Config, ConfigGroup, ConfigValue } from '#node/channel/configGroup.ts';
import { encodeConfigUpdate } from '#node/channel/configUpdate.ts';
import { configUpdateEnvelope, signConfigUpdate } from '#node/channel/signUpdate.ts';
import type { Signer } from '#node/crypto/sign.ts';
import { authority, type Holder, type HolderOptions, issue } from '#node/msp/testAuthority.ts';
import { encodeBlock } from '#node/protos/blockEncoder.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { readWriteSet, signedTransaction } from '#test/harness/signedBlocks.ts';
import {
  channelConfig,
  genesisEnvelope,
  makeOrganization,
  type TestOrganization,
} from '#test/harness/signedChannel.ts';

export interface TestChannelOptions {
  readonly channelId?: string;
  readonly maxMessageCount?: number;
  readonly preferredMaxBytes?: number;
  readonly absoluteMaxBytes?: number;
  readonly batchTimeout?: string;
  readonly maintenance?: boolean;
  readonly consensusType?: string;
  readonly maxInflightBlocks?: number;
}

const NOTHING = new Uint8Array(0);

/** For tests: organisations, keys and TLS of a network, made on the spot; its channels have one etcdraft consenter. */
export class TestNetwork {
  readonly org1: TestOrganization;
  readonly ordererOrg: TestOrganization;
  readonly tlsAuthority: Holder = authority('tlsca.orderers');
  /** Of the orderer's TLS server. */
  readonly server: Holder;
  /** Of an administrator's TLS client. */
  readonly client: Holder;

  constructor(
    org1: TestOrganization = makeOrganization('Org1MSP', 'peer'),
    organization: TestOrganization = makeOrganization('OrdererMSP', 'orderer'),
  ) {
    this.org1 = org1;
    this.server = this.tlsHolder('orderer0.example.com');
    this.client = this.tlsHolder('admin.example.com');
    this.ordererOrg = { ...organization, config: withTlsRoot(organization.config, this.tlsAuthority.pem) };
  }

  /** The orderer's own. */
  get signer(): Signer {
    return this.ordererOrg.node;
  }

  tlsHolder(name: string, options: HolderOptions = {}): Holder {
    return issue(this.tlsAuthority, { name, ...options });
  }

  config(options: TestChannelOptions = {}, consenters: readonly Holder[] = [this.server]): Config {
    const config = channelConfig([this.org1], this.ordererOrg);
    return withOrdererValues(config, ordererValues(options, consenters));
  }

  genesis(options: TestChannelOptions = {}, consenters?: readonly Holder[]): BlockView {
    const { channelId = 'mychannel' } = options;
    return genesisBlock(genesisEnvelope(channelId, this.config(options, consenters)));
  }

  /** A transaction that a client of the organisation made, with its ID. */
  transaction(
    parts: { readonly channelId?: string; readonly creator?: Signer; readonly bytes?: number } = {},
  ): Uint8Array {
    const { channelId = 'mychannel', creator = this.org1.client, bytes = 10 } = parts;
    return signedTransaction({
      channelId,
      creator,
      endorsers: [],
      chaincode: 'basic',
      results: readWriteSet([{ namespace: 'basic', writes: [{ key: 'k', value: 'v'.repeat(bytes) }] }]),
    });
  }

  /** An update to another configuration of the ordering service, signed by its administrators unless said otherwise. */
  async update(
    bundle: ChannelBundle,
    options: TestChannelOptions,
    parts: {
      readonly signers?: readonly Signer[];
      readonly consenters?: readonly Holder[];
      readonly creator?: Signer;
    } = {},
  ): Promise<Uint8Array> {
    const { signers = [this.ordererOrg.client], consenters = [this.server], creator = this.org1.client } = parts;
    const next = withOrdererValues(bundle.config, ordererValues(options, consenters));
    const configUpdate = encodeConfigUpdate(computeUpdate(bundle.channelId, bundle.config, next));
    const signatures = await Promise.all(signers.map((signer) => signConfigUpdate(configUpdate, signer)));
    return configUpdateEnvelope(bundle.channelId, { configUpdate, signatures }, creator);
  }
}

export function genesisBlock(envelope: Uint8Array): BlockView {
  return BlockView.fromBytes(
    encodeBlock({
      number: 0,
      previousHash: NOTHING,
      dataHash: createHash('sha256').update(envelope).digest(),
      data: [envelope],
      metadata: Array.from({ length: 5 }, () => NOTHING),
    }),
  );
}

export function bundleOf(genesis: BlockView): ChannelBundle {
  return ChannelBundle.fromBlock(genesis);
}

function withTlsRoot(config: Uint8Array, root: Uint8Array): Uint8Array {
  const outer = msp.MSPConfig.deserializeBinary(config);
  const fabric = msp.FabricMSPConfig.deserializeBinary(outer.getConfig_asU8());
  fabric.setTlsRootCertsList([root]);
  outer.setConfig(fabric.serializeBinary());
  return outer.serializeBinary();
}

function withOrdererValues(config: Config, values: ReadonlyMap<string, Uint8Array>): Config {
  const root = config.channelGroup as ConfigGroup;
  const section = root.groups.get('Orderer') as ConfigGroup;
  const merged = new Map(section.values);
  for (const [name, value] of values) {
    merged.set(name, { ...(section.values.get(name) as ConfigValue), value });
  }
  const groups = new Map(root.groups).set('Orderer', { ...section, values: merged });
  return { ...config, channelGroup: { ...root, groups } };
}

function ordererValues(options: TestChannelOptions, consenters: readonly Holder[]): ReadonlyMap<string, Uint8Array> {
  const size = new orderer.BatchSize();
  size.setMaxMessageCount(options.maxMessageCount ?? 10);
  size.setAbsoluteMaxBytes(options.absoluteMaxBytes ?? 1024 * 1024);
  size.setPreferredMaxBytes(options.preferredMaxBytes ?? 512 * 1024);
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(options.batchTimeout ?? '20ms');
  const { ConsensusType } = orderer;
  const consensus = new ConsensusType();
  consensus.setType(options.consensusType ?? 'etcdraft');
  consensus.setState(
    options.maintenance === true ? ConsensusType.State.STATE_MAINTENANCE : ConsensusType.State.STATE_NORMAL,
  );
  consensus.setMetadata(raftMetadata(consenters, options.maxInflightBlocks ?? 5));
  return new Map([
    ['BatchSize', size.serializeBinary()],
    ['BatchTimeout', timeout.serializeBinary()],
    ['ConsensusType', consensus.serializeBinary()],
  ]);
}

function raftMetadata(consenters: readonly Holder[], maxInflightBlocks: number): Uint8Array {
  const { etcdraft } = orderer;
  const options = new etcdraft.Options();
  options.setTickInterval('500ms');
  options.setElectionTick(10);
  options.setHeartbeatTick(1);
  options.setMaxInflightBlocks(maxInflightBlocks);
  options.setSnapshotIntervalSize(16 * 1024 * 1024);
  const metadata = new etcdraft.ConfigMetadata();
  metadata.setOptions(options);
  for (const [index, { pem }] of consenters.entries()) {
    const consenter = new etcdraft.Consenter();
    consenter.setHost(`orderer${index}.example.com`);
    consenter.setPort(7050);
    consenter.setClientTlsCert(pem);
    consenter.setServerTlsCert(pem);
    metadata.addConsenters(consenter);
  }
  return metadata.serializeBinary();
}

/** `common.Status` by name, of a broadcast response. */
export function answerOf(response: Uint8Array): { readonly status: string; readonly info: string } {
  const message = orderer.BroadcastResponse.deserializeBinary(response);
  const [status] = Object.entries(common.Status).find(([, number]) => number === message.getStatus()) ?? ['?'];
  return { status, info: message.getInfo() };
}
