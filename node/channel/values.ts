import { common, msp, orderer, peer } from '@hyperledger/fabric-protos';
import { readCapabilities } from '#node/protos/configTree.ts';
import { decodeMessage, type MessageType } from '#node/protos/strictReader.ts';
import { ChannelError } from './channelError.ts';
import type { ConfigGroup } from './configGroup.ts';
import { FieldSet, WIRE } from './wire.ts';

function message<T extends object>(type: MessageType<T>, name: string): (bytes: Uint8Array) => T {
  return (bytes) => decodeMessage(type, bytes, name);
}

/** Names and types of the values that each section may hold; a section with another value is refused, as in Fabric. */
export const CHANNEL_VALUES = {
  HashingAlgorithm: message(common.HashingAlgorithm, 'common.HashingAlgorithm'),
  BlockDataHashingStructure: message(common.BlockDataHashingStructure, 'common.BlockDataHashingStructure'),
  OrdererAddresses: message(common.OrdererAddresses, 'common.OrdererAddresses'),
  Orderers: message(common.Orderers, 'common.Orderers'),
  Consortium: message(common.Consortium, 'common.Consortium'),
  Capabilities: readCapabilities,
};

export const ORDERER_VALUES = {
  ConsensusType: message(orderer.ConsensusType, 'orderer.ConsensusType'),
  BatchSize: message(orderer.BatchSize, 'orderer.BatchSize'),
  BatchTimeout: message(orderer.BatchTimeout, 'orderer.BatchTimeout'),
  KafkaBrokers: message(orderer.KafkaBrokers, 'orderer.KafkaBrokers'),
  ChannelRestrictions: message(orderer.ChannelRestrictions, 'orderer.ChannelRestrictions'),
  Orderers: message(common.Orderers, 'common.Orderers'),
  Capabilities: readCapabilities,
};

export const APPLICATION_VALUES = {
  ACLs: readAcls,
  Capabilities: readCapabilities,
};

/** The bytes of an MSP's definition stay beside it: two organisations may share it only if it is the same. */
export const ORGANIZATION_VALUES = {
  MSP: message(msp.MSPConfig, 'msp.MSPConfig'),
};

export const APPLICATION_ORGANIZATION_VALUES = {
  ...ORGANIZATION_VALUES,
  AnchorPeers: message(peer.AnchorPeers, 'protos.AnchorPeers'),
};

export const ORDERER_ORGANIZATION_VALUES = {
  ...ORGANIZATION_VALUES,
  Endpoints: message(common.OrdererAddresses, 'common.OrdererAddresses'),
};

export const CONSORTIUM_VALUES = {
  ChannelCreationPolicy: message(common.Policy, 'common.Policy'),
};

type Readers = Readonly<Record<string, (bytes: Uint8Array) => unknown>>;

/** Values of a group, decoded; null where one is not there. */
export type Values<R extends Readers> = { readonly [K in keyof R]: ReturnType<R[K]> | null };

/**
 * Decodes the values of a group.
 * @throws ChannelError `unexpected_value`, `bad_value`
 */
export function readValues<R extends Readers>(group: ConfigGroup, path: string, readers: R): Values<R> {
  const found: Record<string, unknown> = Object.fromEntries(Object.keys(readers).map((key) => [key, null]));
  for (const [key, { value }] of group.values) {
    const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (read === undefined) {
      throw new ChannelError('unexpected_value', `[Value] ${path}/${key}`, 'no such value is known here');
    }
    try {
      found[key] = read(value);
    } catch (cause) {
      throw new ChannelError('bad_value', `[Value] ${path}/${key}`, (cause as Error).message, { cause });
    }
  }
  return found as Values<R>;
}

/** Resource to policy name, of a `protos.ACLs`. */
function readAcls(bytes: Uint8Array): ReadonlyMap<string, string> {
  return new FieldSet(bytes, 'protos.ACLs', { 1: WIRE.bytes }).map(1, (entry, key) =>
    new FieldSet(entry, `protos.APIResource ${key}`, { 1: WIRE.bytes }).text(1),
  );
}
