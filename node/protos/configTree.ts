import { common } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import { decodeMessage, textOf } from './strictReader.ts';
import { wireFields } from './wireFields.ts';

/** Groups in groups: Channel, Application or Orderer (or Consortiums), organisation. */
const MAX_DEPTH = 16;

/** A `common.ConfigGroup` with its maps. Values stay bytes until somebody wants them. */
export interface ConfigGroupNode {
  readonly version: number;
  readonly groups: ReadonlyMap<string, ConfigGroupNode>;
  /** Serialised contents of each `common.ConfigValue`. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly policies: ReadonlyMap<string, common.ConfigPolicy>;
  readonly modPolicy: string;
}

/** A `common.ConfigEnvelope`'s parts. */
export interface ConfigParts {
  readonly sequence: number;
  readonly channelGroup: ConfigGroupNode;
  /** Serialised envelope of the update that led here; null in a genesis block. */
  readonly lastUpdate: Uint8Array | null;
}

/** @throws ProtoError */
export function readConfigEnvelope(bytes: Uint8Array): ConfigParts {
  const what = 'common.ConfigEnvelope';
  const fields = wireFields(bytes, what);
  const config = once(fields, 1, what);
  if (config === null) {
    throw new ProtoError('missing', what, 'no configuration');
  }
  const configFields = wireFields(config, 'common.Config');
  const group = once(configFields, 2, 'common.Config');
  if (group === null) {
    throw new ProtoError('missing', 'common.Config', 'no channel group');
  }
  return {
    sequence: configFields.findLast(({ field }) => field === 1)?.value ?? 0,
    channelGroup: readConfigGroup(group),
    lastUpdate: once(fields, 2, what),
  };
}

/** @throws ProtoError */
export function readConfigGroup(bytes: Uint8Array, depth = 0): ConfigGroupNode {
  const what = 'common.ConfigGroup';
  if (depth > MAX_DEPTH) {
    throw new ProtoError('too_deep', what, `more than ${MAX_DEPTH} groups in each other`);
  }
  let version = 0;
  let modPolicy = '';
  const groups = new Map<string, ConfigGroupNode>();
  const values = new Map<string, Uint8Array>();
  const policies = new Map<string, common.ConfigPolicy>();
  for (const { field, bytes: content, value } of wireFields(bytes, what)) {
    if (field === 1) {
      version = value;
    } else if (field === 2) {
      const entry = readMapEntry(content, what);
      groups.set(entry.key, readConfigGroup(entry.value, depth + 1));
    } else if (field === 3) {
      const entry = readMapEntry(content, what);
      values.set(
        entry.key,
        decodeMessage(common.ConfigValue, entry.value, `common.ConfigValue ${entry.key}`).getValue_asU8(),
      );
    } else if (field === 4) {
      const entry = readMapEntry(content, what);
      policies.set(entry.key, decodeMessage(common.ConfigPolicy, entry.value, `common.ConfigPolicy ${entry.key}`));
    } else if (field === 5) {
      modPolicy = textOf(content, what);
    }
  }
  return { version, groups, values, policies, modPolicy };
}

/** The names that a `common.Capabilities` switches on. */
export function readCapabilities(bytes: Uint8Array): readonly string[] {
  return wireFields(bytes, 'common.Capabilities')
    .filter(({ field }) => field === 1)
    .map(({ bytes: entry }) => readMapEntry(entry, 'common.Capabilities').key);
}

function readMapEntry(bytes: Uint8Array, what: string): { readonly key: string; readonly value: Uint8Array } {
  const fields = wireFields(bytes, what);
  const key = fields.findLast(({ field }) => field === 1);
  return {
    key: key === undefined ? '' : textOf(key.bytes, what),
    value: fields.findLast(({ field }) => field === 2)?.bytes ?? new Uint8Array(0),
  };
}

function once(fields: ReturnType<typeof wireFields>, field: number, what: string): Uint8Array | null {
  const found = fields.filter((one) => one.field === field);
  if (found.length > 1) {
    throw new ProtoError('repeated_field', what, `field ${field} comes twice`);
  }
  return found[0]?.bytes ?? null;
}
