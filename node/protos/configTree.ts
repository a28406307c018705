import { common } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import { decodeMessage } from './strictReader.ts';
import { listField, messageField, numberField, textField, wireFields } from './wireFields.ts';

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
  const config = messageField(fields, 1, what);
  if (config === null) {
    throw new ProtoError('missing', what, 'no configuration');
  }
  const configFields = wireFields(config, 'common.Config');
  const group = messageField(configFields, 2, 'common.Config');
  if (group === null) {
    throw new ProtoError('missing', 'common.Config', 'no channel group');
  }
  return {
    sequence: numberField(configFields, 1),
    channelGroup: readConfigGroup(group),
    lastUpdate: messageField(fields, 2, what),
  };
}

/** @throws ProtoError */
export function readConfigGroup(bytes: Uint8Array, depth = 0): ConfigGroupNode {
  const what = 'common.ConfigGroup';
  if (depth > MAX_DEPTH) {
    throw new ProtoError('too_deep', what, `more than ${MAX_DEPTH} groups in each other`);
  }
  const fields = wireFields(bytes, what);
  const entries = (field: number) => listField(fields, field).map((entry) => readMapEntry(entry, what));
  return {
    version: numberField(fields, 1),
    groups: new Map(entries(2).map(({ key, value }) => [key, readConfigGroup(value, depth + 1)])),
    values: new Map(
      entries(3).map(({ key, value }) => [
        key,
        decodeMessage(common.ConfigValue, value, `common.ConfigValue ${key}`).getValue_asU8(),
      ]),
    ),
    policies: new Map(
      entries(4).map(({ key, value }) => [
        key,
        decodeMessage(common.ConfigPolicy, value, `common.ConfigPolicy ${key}`),
      ]),
    ),
    modPolicy: textField(fields, 5, what),
  };
}

/** The names that a `common.Capabilities` switches on. */
export function readCapabilities(bytes: Uint8Array): readonly string[] {
  const what = 'common.Capabilities';
  const entries = listField(wireFields(bytes, what), 1).map((entry) => readMapEntry(entry, what));
  for (const { value } of entries) {
    decodeMessage(common.Capability, value, 'common.Capability');
  }
  return [...new Set(entries.map(({ key }) => key))];
}

/** Both a message's, of which parts add up. */
function readMapEntry(bytes: Uint8Array, what: string): { readonly key: string; readonly value: Uint8Array } {
  const fields = wireFields(bytes, what);
  return { key: textField(fields, 1, what), value: messageField(fields, 2, what) ?? new Uint8Array(0) };
}
