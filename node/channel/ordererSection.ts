import { msp, orderer } from '@hyperledger/fabric-protos';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { OrdererCapabilities } from './capabilities.ts';
import type { ChannelCapabilities } from './capabilities.ts';
import { ChannelError } from './channelError.ts';
import type { ConfigGroup } from './configGroup.ts';
import { goDurationError, parseGoDuration, printGoDuration } from './goDuration.ts';
import { type MspCollector, type OrdererOrganization, readOrdererOrganization } from './organizations.ts';
import { ORDERER_VALUES, readValues } from './values.ts';

/** A node of a BFT ordering service. */
export interface Consenter {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly mspId: string;
  /** The certificate that signs blocks, PEM. */
  readonly identity: Uint8Array;
  readonly clientTlsCert: Uint8Array;
  readonly serverTlsCert: Uint8Array;
}

export interface BatchSize {
  readonly maxMessageCount: number;
  readonly absoluteMaxBytes: number;
  readonly preferredMaxBytes: number;
}

/** What Fabric's words for an impossible value begin with. */
const IN_SECTION = 'initializing channelconfig failed: could not create channel Orderer sub-group config';

/** The Orderer section of a channel's configuration. */
export class OrdererSection {
  /** `etcdraft`, `BFT`, in old channels `kafka` or `solo`. */
  readonly consensusType: string;
  readonly consensusMetadata: Uint8Array;
  /** Whether the ordering service only takes configuration updates. */
  readonly maintenance: boolean;
  readonly batchSize: BatchSize;
  readonly batchTimeoutNs: bigint;
  /** 0 for no limit. */
  readonly maxChannels: number;
  /** Of BFT, in the order of the configuration. */
  readonly consenters: readonly Consenter[];
  readonly organizations: readonly OrdererOrganization[];
  readonly capabilities: OrdererCapabilities;

  /** @throws ChannelError */
  constructor(group: ConfigGroup, path: string, msps: MspCollector, channel: ChannelCapabilities) {
    const values = readValues(group, path, ORDERER_VALUES);
    this.capabilities = new OrdererCapabilities(values.Capabilities ?? []);
    this.consensusType = values.ConsensusType?.getType() ?? '';
    this.consensusMetadata = values.ConsensusType?.getMetadata_asU8() ?? new Uint8Array(0);
    this.maintenance = values.ConsensusType?.getState() === orderer.ConsensusType.State.STATE_MAINTENANCE;
    this.batchSize = checkedBatchSize(values.BatchSize, path);
    this.batchTimeoutNs = checkedTimeout(values.BatchTimeout?.getTimeout() ?? '', path);
    this.maxChannels = values.ChannelRestrictions?.getMaxCount() ?? 0;
    this.consenters = (values.Orderers?.getConsenterMappingList() ?? []).map((one) => ({
      id: one.getId(),
      host: one.getHost(),
      port: one.getPort(),
      mspId: one.getMspId(),
      identity: one.getIdentity_asU8(),
      clientTlsCert: one.getClientTlsCert_asU8(),
      serverTlsCert: one.getServerTlsCert_asU8(),
    }));
    const options = { endpointsAllowed: channel.orgSpecificOrdererEndpoints };
    this.organizations = Array.from(group.groups, ([name, one]) =>
      readOrdererOrganization(name, one, `${path}/${name}`, msps, options),
    );
    if (channel.consensusTypeBft) {
      const missing = this.organizations.filter(({ endpoints }) => endpoints.length === 0);
      if (missing.length > 0) {
        const names = missing.map(({ name }) => name);
        throw new ChannelError('endpoints_missing', `[Group] ${path}`, `no endpoints of ${names.join(', ')}`, {
          words: `${IN_SECTION}: some orderer organizations endpoints are empty: [${names.join(' ')}]`,
        });
      }
    }
  }

  get batchTimeoutMs(): number {
    return Number(this.batchTimeoutNs) / 1e6;
  }

  /** @throws ProtoError; null for another consensus type. */
  raftMetadata(): orderer.etcdraft.ConfigMetadata | null {
    return this.consensusType === 'etcdraft'
      ? decodeMessage(orderer.etcdraft.ConfigMetadata, this.consensusMetadata, 'etcdraft.ConfigMetadata')
      : null;
  }

  /** @throws ProtoError; null for another consensus type. */
  bftOptions(): orderer.smartbft.Options | null {
    return this.consensusType === 'BFT'
      ? decodeMessage(orderer.smartbft.Options, this.consensusMetadata, 'smartbft.Options')
      : null;
  }

  /** Serialised `msp.SerializedIdentity` of the BFT consenter that a block's signature names by number; null where there is none. */
  consenterIdentity(id: number): Uint8Array | null {
    const consenter = this.consenters.find((one) => one.id === id);
    return consenter === undefined ? null : serializedIdentity(consenter);
  }
}

export function serializedIdentity({ mspId, identity }: Pick<Consenter, 'mspId' | 'identity'>): Uint8Array {
  const message = new msp.SerializedIdentity();
  message.setMspid(mspId);
  message.setIdBytes(identity);
  return message.serializeBinary();
}

function checkedBatchSize(size: orderer.BatchSize | null, path: string): BatchSize {
  const checked = {
    maxMessageCount: size?.getMaxMessageCount() ?? 0,
    absoluteMaxBytes: size?.getAbsoluteMaxBytes() ?? 0,
    preferredMaxBytes: size?.getPreferredMaxBytes() ?? 0,
  };
  const element = `[Value] ${path}/BatchSize`;
  for (const [key, number] of Object.entries(checked)) {
    if (number === 0) {
      const name = key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      throw new ChannelError('bad_value', element, `${key} is 0`, {
        words: `${IN_SECTION}: Attempted to set the batch size ${name} to an invalid value: 0`,
      });
    }
  }
  if (checked.preferredMaxBytes > checked.absoluteMaxBytes) {
    const { preferredMaxBytes, absoluteMaxBytes } = checked;
    throw new ChannelError(
      'bad_value',
      element,
      `preferredMaxBytes (${preferredMaxBytes}) is greater than absoluteMaxBytes (${absoluteMaxBytes})`,
      {
        words: `${IN_SECTION}: Attempted to set the batch size preferred max bytes (${preferredMaxBytes}) greater than the absolute max bytes (${absoluteMaxBytes}).`,
      },
    );
  }
  return checked;
}

function checkedTimeout(text: string, path: string): bigint {
  const timeout = parseGoDuration(text);
  if (timeout === null || timeout <= 0n) {
    const reason =
      timeout === null
        ? `a invalid value: ${goDurationError(text)}`
        : `a non-positive value: ${printGoDuration(timeout)}`;
    throw new ChannelError('bad_value', `[Value] ${path}/BatchTimeout`, `'${text}' is no positive duration`, {
      words: `${IN_SECTION}: Attempted to set the batch timeout to ${reason}`,
    });
  }
  return timeout;
}
