import { hash } from 'node:crypto';
import { peer } from '@hyperledger/fabric-protos';
import { readStateData, type StateDataMessage } from '#node/protos/stateDataMessage.ts';
import { decodeMessage, type MessageType } from '#node/protos/strictReader.ts';
import { during, LifecycleError } from './lifecycleError.ts';
import type { OpaqueState, RangeableState, ReadableState, WritableState } from './lifecycleState.ts';

const { StateData, StateMetadata } = peer.lifecycle;
type StateMetadata = peer.lifecycle.StateMetadata;

const NOTHING = new Uint8Array(0);

/** One field of a structure, as it is kept. */
export type FieldValue = StateDataMessage;

/** What is kept under a name, one key a field: its type's name and its fields, in the order in which Go declares them. */
export interface Structure {
  readonly type: string;
  readonly fields: readonly (readonly [name: string, value: FieldValue])[];
}

/** Key of a structure's type and list of fields. */
export function metadataKey(namespace: string, name: string): string {
  return `${namespace}/metadata/${name}`;
}

export function fieldKey(namespace: string, name: string, field: string): string {
  return `${namespace}/fields/${name}/${field}`;
}

/** A field as it stands in state: a serialised `lifecycle.StateData`. */
export function fieldBytes(value: FieldValue): Uint8Array {
  const data = new StateData();
  if ('int64' in value) {
    data.setInt64(value.int64);
  } else if ('string' in value) {
    data.setString(value.string);
  } else {
    data.setBytes(value.bytes);
  }
  return data.serializeBinary();
}

function metadataBytes({ type, fields }: Structure): Uint8Array {
  const metadata = new StateMetadata();
  metadata.setDatatype(type);
  metadata.setFieldsList(fields.map(([name]) => name));
  return metadata.serializeBinary();
}

/**
 * Writes a structure, only the keys whose value changes, and deletes fields that it had and has no more (Fabric,
 * core/chaincode/lifecycle `Serializer`).
 * @throws LifecycleError
 */
export async function serialize(
  namespace: string,
  name: string,
  structure: Structure,
  state: WritableState,
): Promise<void> {
  const metadata = await during(`could not deserialize metadata for namespace ${namespace}/${name}`, () =>
    readMetadata(namespace, name, state),
  );
  const existing = new Map<string, Uint8Array | null>();
  for (const field of metadata?.getFieldsList() ?? []) {
    const key = fieldKey(namespace, name, field);
    existing.set(key, await during(`could not get value for key ${key}`, () => state.get(key)));
  }
  for (const [field, value] of structure.fields) {
    const key = fieldKey(namespace, name, field);
    const bytes = fieldBytes(value);
    if (!existing.has(key) || !sameBytes(existing.get(key) ?? NOTHING, bytes)) {
      await during('could not write key into state', () => state.put(key, bytes));
    }
    existing.delete(key);
  }
  const sameShape =
    metadata !== null &&
    metadata.getDatatype() === structure.type &&
    metadata.getFieldsList().length === structure.fields.length;
  if (existing.size > 0 || !sameShape) {
    await during(`could not store metadata for namespace ${namespace}/${name}`, () =>
      state.put(metadataKey(namespace, name), metadataBytes(structure)),
    );
  }
  for (const key of existing.keys()) {
    await during(`could not delete unneeded key ${key}`, () => state.delete(key));
  }
}

/**
 * What of a structure is not what an organisation keeps under this name, told by the hashes: the names of fields, or the type's where
 * not even that agrees; empty where all is the same. Every key is read, whatever the outcome, so that all endorsers of a transaction
 * read the same.
 * @throws LifecycleError
 */
export async function mismatches(
  namespace: string,
  name: string,
  structure: Structure,
  state: OpaqueState,
): Promise<readonly string[]> {
  const hashOf = (key: string): Promise<Uint8Array | null> =>
    during(`could not get value for key ${key}`, () => state.getHash(key));
  const metadataHash = await hashOf(metadataKey(namespace, name));
  const hashes: (Uint8Array | null)[] = [];
  for (const [field] of structure.fields) {
    hashes.push(await hashOf(fieldKey(namespace, name, field)));
  }
  if (!hashesTo(metadataHash, metadataBytes(structure))) {
    return [structure.type];
  }
  return structure.fields
    .filter(([, value], index) => !hashesTo(hashes[index] ?? null, fieldBytes(value)))
    .map(([field]) => field);
}

/** Whether an organisation keeps something of this type under this name. @throws LifecycleError */
export async function isMetadataSerialized(
  namespace: string,
  name: string,
  structure: Structure,
  state: OpaqueState,
): Promise<boolean> {
  const key = metadataKey(namespace, name);
  const found = await during(`could not get state hash for metadata key ${key}`, () => state.getHash(key));
  return hashesTo(found, metadataBytes(structure));
}

/** Null where nothing is kept under this name. @throws LifecycleError */
export async function readMetadata(
  namespace: string,
  name: string,
  state: ReadableState,
): Promise<StateMetadata | null> {
  const bytes = await during(`could not query metadata for namespace ${namespace}/${name}`, () =>
    state.get(metadataKey(namespace, name)),
  );
  if (bytes === null) {
    return null;
  }
  return during(`could not unmarshal metadata for namespace ${namespace}/${name}`, () =>
    decodeMessage(StateMetadata, bytes, 'lifecycle.StateMetadata'),
  );
}

/** By name. @throws LifecycleError */
export async function readAllMetadata(
  namespace: string,
  state: RangeableState,
): Promise<ReadonlyMap<string, StateMetadata>> {
  const prefix = `${namespace}/metadata/`;
  const found = await during(`could not get state range for namespace ${namespace}`, () => state.range(prefix));
  const all = new Map<string, StateMetadata>();
  for (const [key, bytes] of found) {
    const metadata = await during(`error unmarshalling metadata for key ${key}`, () =>
      decodeMessage(StateMetadata, bytes, 'lifecycle.StateMetadata'),
    );
    all.set(key.slice(prefix.length), metadata);
  }
  return all;
}

/** What is kept must be of the type that it is read as. @throws LifecycleError */
export function requireType(type: string, metadata: StateMetadata): void {
  if (metadata.getDatatype() !== type) {
    throw new LifecycleError('state', `type name mismatch '${type}' != '${metadata.getDatatype()}'`);
  }
}

/** 0 where there is none. @throws LifecycleError */
export async function readInt64(namespace: string, name: string, field: string, state: ReadableState): Promise<number> {
  const data = await readField(namespace, name, field, state);
  return data === null ? 0 : 'int64' in data ? data.int64 : wrongType(fieldKey(namespace, name, field), 'Int64', data);
}

/** Empty where there is none. @throws LifecycleError */
export async function readString(
  namespace: string,
  name: string,
  field: string,
  state: ReadableState,
): Promise<string> {
  const data = await readField(namespace, name, field, state);
  return data === null
    ? ''
    : 'string' in data
      ? data.string
      : wrongType(fieldKey(namespace, name, field), 'String', data);
}

/** An empty message where there is none. @throws LifecycleError */
export async function readMessage<T extends object>(
  type: MessageType<T>,
  namespace: string,
  name: string,
  field: string,
  state: ReadableState,
): Promise<T> {
  const data = await readField(namespace, name, field, state);
  const key = fieldKey(namespace, name, field);
  const bytes = data === null ? NOTHING : 'bytes' in data ? data.bytes : wrongType(key, '[]byte', data);
  return during(`could not unmarshal key ${key}`, () => decodeMessage(type, bytes, 'lifecycle.StateData'));
}

async function readField(
  namespace: string,
  name: string,
  field: string,
  state: ReadableState,
): Promise<StateDataMessage | null> {
  const key = fieldKey(namespace, name, field);
  const bytes = (await during(`could not get state for key ${key}`, () => state.get(key))) ?? NOTHING;
  return during(`could not unmarshal state for key ${key}`, () => readStateData(bytes));
}

function wrongType(key: string, type: string, data: StateDataMessage): never {
  const was = 'int64' in data ? 'Int64' : 'string' in data ? 'String' : '[]byte';
  throw new LifecycleError('state', `expected key ${key} to encode a value of type ${type}, but was ${was}`);
}

function hashesTo(found: Uint8Array | null, bytes: Uint8Array): boolean {
  return found !== null && Buffer.compare(found, hash('sha256', bytes, 'buffer')) === 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
