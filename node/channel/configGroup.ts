import { ProtoError } from '#node/protos/protoError.ts';
import { FieldSet, MessageWriter, WIRE } from './wire.ts';

/** Beyond Fabric's own six levels, and harmless. */
const MAX_DEPTH = 16;

/**
 * A channel's configuration with all that decides over its changes: versions and modification policies of every element.
 * Everything here is immutable; `unknown` holds fields of the wire that nobody here knows, kept as Go keeps them.
 */
export interface Config {
  readonly sequence: number;
  readonly channelGroup: ConfigGroup | null;
  readonly unknown: Uint8Array;
}

export interface ConfigGroup {
  readonly version: number;
  readonly groups: ReadonlyMap<string, ConfigGroup>;
  readonly values: ReadonlyMap<string, ConfigValue>;
  readonly policies: ReadonlyMap<string, ConfigPolicy>;
  readonly modPolicy: string;
  readonly unknown: Uint8Array;
}

export interface ConfigValue {
  readonly version: number;
  /** A serialised message whose type goes with the value's name. */
  readonly value: Uint8Array;
  readonly modPolicy: string;
  readonly unknown: Uint8Array;
}

export interface ConfigPolicy {
  readonly version: number;
  readonly policy: PolicyBytes | null;
  readonly modPolicy: string;
  readonly unknown: Uint8Array;
}

/** A `common.Policy`. */
export interface PolicyBytes {
  /** 1 signature, 3 implicit meta. */
  readonly type: number;
  readonly value: Uint8Array;
  readonly unknown: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export const EMPTY_GROUP: ConfigGroup = {
  version: 0,
  groups: new Map(),
  values: new Map(),
  policies: new Map(),
  modPolicy: '',
  unknown: NOTHING,
};

/** @throws ProtoError */
export function decodeConfig(bytes: Uint8Array): Config {
  const fields = new FieldSet(bytes, 'common.Config', { 1: WIRE.varint, 2: WIRE.bytes });
  const group = fields.message(2);
  return {
    sequence: fields.uint(1),
    channelGroup: group === null ? null : decodeConfigGroup(group),
    unknown: fields.unknown,
  };
}

/** As Go's deterministic marshaller writes it. */
export function encodeConfig(config: Config): Uint8Array {
  return new MessageWriter()
    .uint(1, config.sequence)
    .message(2, config.channelGroup === null ? null : encodeConfigGroup(config.channelGroup))
    .raw(config.unknown)
    .finish();
}

/** @throws ProtoError */
export function decodeConfigGroup(bytes: Uint8Array, depth = 0): ConfigGroup {
  const what = 'common.ConfigGroup';
  if (depth > MAX_DEPTH) {
    throw new ProtoError('too_deep', what, `more than ${MAX_DEPTH} groups in each other`);
  }
  const fields = new FieldSet(bytes, what, {
    1: WIRE.varint,
    2: WIRE.bytes,
    3: WIRE.bytes,
    4: WIRE.bytes,
    5: WIRE.bytes,
  });
  return {
    version: fields.uint(1),
    groups: fields.map(2, (group) => decodeConfigGroup(group, depth + 1)),
    values: fields.map(3, decodeValue),
    policies: fields.map(4, decodePolicy),
    modPolicy: fields.text(5),
    unknown: fields.unknown,
  };
}

export function encodeConfigGroup(group: ConfigGroup): Uint8Array {
  return new MessageWriter()
    .uint(1, group.version)
    .map(2, group.groups, encodeConfigGroup)
    .map(3, group.values, encodeValue)
    .map(4, group.policies, encodePolicy)
    .text(5, group.modPolicy)
    .raw(group.unknown)
    .finish();
}

/** Whether two groups say the same, whatever the order they were written in (Go, `proto.Equal`). */
export function sameGroup(a: ConfigGroup, b: ConfigGroup): boolean {
  return Buffer.compare(encodeConfigGroup(a), encodeConfigGroup(b)) === 0;
}

/** Whether two policies say the same; two that are not there do. */
export function samePolicy(a: PolicyBytes | null, b: PolicyBytes | null): boolean {
  if (a === null || b === null) {
    return a === b;
  }
  return a.type === b.type && sameBytes(a.value, b.value) && sameBytes(a.unknown, b.unknown);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function decodeValue(bytes: Uint8Array, key: string): ConfigValue {
  const fields = new FieldSet(bytes, `common.ConfigValue ${key}`, { 1: WIRE.varint, 2: WIRE.bytes, 3: WIRE.bytes });
  return { version: fields.uint(1), value: fields.bytes(2), modPolicy: fields.text(3), unknown: fields.unknown };
}

function encodeValue({ version, value, modPolicy, unknown }: ConfigValue): Uint8Array {
  return new MessageWriter().uint(1, version).bytes(2, value).text(3, modPolicy).raw(unknown).finish();
}

function decodePolicy(bytes: Uint8Array, key: string): ConfigPolicy {
  const what = `common.ConfigPolicy ${key}`;
  const fields = new FieldSet(bytes, what, { 1: WIRE.varint, 2: WIRE.bytes, 3: WIRE.bytes });
  const policy = fields.message(2);
  let content: PolicyBytes | null = null;
  if (policy !== null) {
    const inner = new FieldSet(policy, 'common.Policy', { 1: WIRE.varint, 2: WIRE.bytes });
    content = { type: inner.int32(1), value: inner.bytes(2), unknown: inner.unknown };
  }
  return { version: fields.uint(1), policy: content, modPolicy: fields.text(3), unknown: fields.unknown };
}

function encodePolicy({ version, policy, modPolicy, unknown }: ConfigPolicy): Uint8Array {
  const content =
    policy === null
      ? null
      : new MessageWriter().uint(1, policy.type).bytes(2, policy.value).raw(policy.unknown).finish();
  return new MessageWriter().uint(1, version).message(2, content).text(3, modPolicy).raw(unknown).finish();
}
