import { common } from '@hyperledger/fabric-protos';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeDynamic, type DynamicMessage } from './dynamicMessage.ts';

/**
 * A message type, and where it stands: what a configuration value holds depends on its name and on the group that it is in, what a
 * group holds on its own place.
 */
export interface Shape {
  readonly type: string;
  readonly place?: Place;
}

type Place =
  | 'channel'
  | 'orderer'
  | 'orderer organisation'
  | 'application'
  | 'application organisation'
  | 'consortiums'
  | 'consortium'
  | 'consortium organisation'
  | { readonly value: string; readonly of: keyof typeof VALUES }
  | 'kv namespace';

/** A field that is shown as more than its own type says. */
export type Nested =
  | {
      /** Bytes that hold a message. */
      readonly kind: 'opaque';
      /** @throws ProtoError where nothing says which */
      readonly typeOf: (message: DynamicMessage, key: string) => string;
    }
  | { readonly kind: 'placed'; readonly shapeOf: (key: string) => Shape };

/** Types of the values in each kind of group, by name (Fabric, `protolator/protoext`). */
const VALUES = {
  channel: {
    HashingAlgorithm: 'common.HashingAlgorithm',
    BlockDataHashingStructure: 'common.BlockDataHashingStructure',
    OrdererAddresses: 'common.OrdererAddresses',
    Consortium: 'common.Consortium',
    Capabilities: 'common.Capabilities',
  },
  orderer: {
    ConsensusType: 'orderer.ConsensusType',
    BatchSize: 'orderer.BatchSize',
    BatchTimeout: 'orderer.BatchTimeout',
    KafkaBrokers: 'orderer.KafkaBrokers',
    ChannelRestrictions: 'orderer.ChannelRestrictions',
    Capabilities: 'common.Capabilities',
    Orderers: 'common.Orderers',
  },
  'orderer organisation': { MSP: 'msp.MSPConfig', Endpoints: 'common.OrdererAddresses' },
  application: { Capabilities: 'common.Capabilities', ACLs: 'protos.ACLs' },
  'application organisation': { MSP: 'msp.MSPConfig', AnchorPeers: 'protos.AnchorPeers' },
  consortiums: {},
  consortium: { ChannelCreationPolicy: 'common.Policy' },
  'consortium organisation': { MSP: 'msp.MSPConfig' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What the groups within each kind of group are. */
const GROUPS: Readonly<Record<keyof typeof VALUES, (name: string) => Place | null>> = {
  channel: (name) =>
    name === 'Orderer'
      ? 'orderer'
      : name === 'Application'
        ? 'application'
        : name === 'Consortiums'
          ? 'consortiums'
          : null,
  orderer: () => 'orderer organisation',
  'orderer organisation': () => null,
  application: () => 'application organisation',
  'application organisation': () => null,
  consortiums: () => 'consortium',
  consortium: () => 'consortium organisation',
  'consortium organisation': () => null,
};

const CHANNEL_GROUP: Nested = { kind: 'placed', shapeOf: () => ({ type: 'common.ConfigGroup', place: 'channel' }) };

/** Bytes that hold a message, by type and field. */
const OPAQUE: Readonly<Record<string, string | ((message: DynamicMessage, key: string) => string)>> = {
  'common.BlockData.data': 'common.Envelope',
  'common.Envelope.payload': 'common.Payload',
  'common.Payload.data': payloadType,
  'common.Header.channel_header': 'common.ChannelHeader',
  'common.Header.signature_header': 'common.SignatureHeader',
  'common.ChannelHeader.extension': (message) =>
    byNumber(message, 'type', { [common.HeaderType.ENDORSER_TRANSACTION]: 'protos.ChaincodeHeaderExtension' }),
  'common.SignatureHeader.creator': 'msp.SerializedIdentity',
  'common.ConfigSignature.signature_header': 'common.SignatureHeader',
  'common.ConfigUpdateEnvelope.config_update': 'common.ConfigUpdate',
  'common.ConfigUpdate.isolated_data': (_, key) => unknownName('common.ConfigUpdate', `isolated data ${key}`),
  'common.Policy.value': (message) =>
    byNumber(message, 'type', { 1: 'common.SignaturePolicyEnvelope', 3: 'common.ImplicitMetaPolicy' }),
  'common.MSPPrincipal.principal': (message) =>
    byNumber(message, 'principal_classification', {
      0: 'common.MSPRole',
      1: 'common.OrganizationUnit',
      2: 'msp.SerializedIdentity',
    }),
  'msp.MSPConfig.config': (message) =>
    byNumber(message, 'type', { 0: 'msp.FabricMSPConfig', 1: 'msp.IdemixMSPConfig' }),
  'orderer.ConsensusType.metadata': (message) => {
    const type = message.fields.get('type');
    return type === 'etcdraft'
      ? 'etcdraft.ConfigMetadata'
      : type === 'BFT'
        ? 'orderer.smartbft.Options'
        : 'google.protobuf.Empty';
  },
  'protos.TransactionAction.header': 'common.SignatureHeader',
  'protos.TransactionAction.payload': 'protos.ChaincodeActionPayload',
  'protos.ChaincodeActionPayload.chaincode_proposal_payload': 'protos.ChaincodeProposalPayload',
  'protos.ChaincodeEndorsedAction.proposal_response_payload': 'protos.ProposalResponsePayload',
  'protos.ChaincodeProposalPayload.input': 'protos.ChaincodeInvocationSpec',
  'protos.ProposalResponsePayload.extension': 'protos.ChaincodeAction',
  'protos.ChaincodeAction.results': 'rwset.TxReadWriteSet',
  'protos.ChaincodeAction.events': 'protos.ChaincodeEvent',
};

/** How a field of a message is shown; null for one that is just what its type says. */
export function nestedField(shape: Shape, field: string): Nested | null {
  const { type, place } = shape;
  const path = `${type}.${field}`;
  switch (path) {
    case 'common.Config.channel_group':
    case 'common.ConfigUpdate.read_set':
    case 'common.ConfigUpdate.write_set':
      return CHANNEL_GROUP;
    case 'common.ConfigGroup.groups':
      return typeof place === 'string' && place in GROUPS ? groupsIn(place as keyof typeof VALUES) : null;
    case 'common.ConfigGroup.values':
      return typeof place === 'string' && place in VALUES ? valuesIn(place as keyof typeof VALUES) : null;
    case 'common.ConfigValue.value':
      return typeof place === 'object' ? { kind: 'opaque', typeOf: () => valueType(place.of, place.value) } : null;
    // The one data model that there is, 0, is key and value.
    case 'rwset.TxReadWriteSet.ns_rwset':
      return { kind: 'placed', shapeOf: () => ({ type: 'rwset.NsReadWriteSet', place: 'kv namespace' }) };
    case 'rwset.NsReadWriteSet.rwset':
      return place === 'kv namespace' ? { kind: 'opaque', typeOf: () => 'kvrwset.KVRWSet' } : null;
    default: {
      const opaque = Object.hasOwn(OPAQUE, path) ? OPAQUE[path] : undefined;
      if (opaque === undefined) {
        return null;
      }
      return { kind: 'opaque', typeOf: typeof opaque === 'string' ? () => opaque : opaque };
    }
  }
}

function groupsIn(place: keyof typeof VALUES): Nested {
  return {
    kind: 'placed',
    shapeOf: (name) => ({
      type: 'common.ConfigGroup',
      place: GROUPS[place](name) ?? unknownName('common.ConfigGroup', `group ${name} of the ${place} group`),
    }),
  };
}

function valuesIn(place: keyof typeof VALUES): Nested {
  return {
    kind: 'placed',
    shapeOf: (name) => ({ type: 'common.ConfigValue', place: { value: name, of: place } }),
  };
}

function valueType(place: keyof typeof VALUES, name: string): string {
  const types: Readonly<Record<string, string>> = VALUES[place];
  return Object.hasOwn(types, name)
    ? (types[name] as string)
    : unknownName('common.ConfigValue', `value ${name} of the ${place} group`);
}

function payloadType(payload: DynamicMessage): string {
  const header = payload.fields.get('header') as DynamicMessage | undefined;
  if (header === undefined) {
    throw new ProtoError('missing', 'common.Payload', 'no header that tells what it holds');
  }
  const bytes = (header.fields.get('channel_header') as Uint8Array | undefined) ?? new Uint8Array(0);
  return byNumber(decodeDynamic('common.ChannelHeader', bytes), 'type', {
    [common.HeaderType.MESSAGE]: 'common.ConfigValue',
    [common.HeaderType.CONFIG]: 'common.ConfigEnvelope',
    [common.HeaderType.CONFIG_UPDATE]: 'common.ConfigUpdateEnvelope',
    [common.HeaderType.ENDORSER_TRANSACTION]: 'protos.Transaction',
    [common.HeaderType.ORDERER_TRANSACTION]: 'common.Envelope',
  });
}

function byNumber(message: DynamicMessage, field: string, types: Readonly<Record<number, string>>): string {
  const number = Number((message.fields.get(field) as bigint | undefined) ?? 0n);
  return types[number] ?? unknownName(message.schema.name, `content of ${field} ${number}`);
}

function unknownName(what: string, name: string): never {
  throw new ProtoError('wrong_type', what, `${name.slice(0, 256)} is not known`);
}
