import { join } from 'node:path';
import { ProtoError } from '#node/protos/protoError.ts';
import { wireFields } from '#node/protos/wireFields.ts';
import { decodeHeight, encodeHeight } from '../state/height.ts';
import { hashedKey, hashedKeyBytes, isHashedNamespace } from '../state/namespaces.ts';
import type { VersionedEntry } from '../state/stateDatabase.ts';
import { StateError } from '../state/stateError.ts';
import { WireWriter } from '../state/wireWriter.ts';
import { SnapshotError } from './snapshotError.ts';
import { SnapshotFileReader, SnapshotFileWriter } from './snapshotFile.ts';

const MAX_NAMESPACES = 1_000_000;
const MAX_NAME_BYTES = 4096;
const EMPTY = new Uint8Array(0);

/** Writes entries (one message each) to a data file, and how many each namespace has to another (privacyenabledstate/snapshot.go). */
export class StateRecordWriter {
  readonly #folder: string;
  readonly #names: readonly [string, string];
  readonly #counts: { readonly namespace: string; count: number }[] = [];
  #data: SnapshotFileWriter | null = null;

  constructor(folder: string, names: readonly [string, string]) {
    this.#folder = folder;
    this.#names = names;
  }

  /** Entries of a namespace come in a row. */
  async add(entry: VersionedEntry): Promise<void> {
    this.#data ??= await SnapshotFileWriter.create(join(this.#folder, this.#names[0]));
    const last = this.#counts.at(-1);
    if (last?.namespace === entry.namespace) {
      last.count++;
    } else {
      this.#counts.push({ namespace: entry.namespace, count: 1 });
    }
    const key = isHashedNamespace(entry.namespace) ? hashedKeyBytes(entry.key) : Buffer.from(entry.key);
    const record = new WireWriter()
      .bytes(1, key)
      .bytes(2, entry.value)
      .bytes(3, entry.metadata ?? EMPTY)
      .bytes(4, encodeHeight(entry.version));
    await this.#data.bytes(record.finish());
  }

  /** @returns hashes by file name; none where nothing was added: then there are no files */
  async done(): Promise<Record<string, string>> {
    if (this.#data === null) {
      return {};
    }
    const counts = await SnapshotFileWriter.create(join(this.#folder, this.#names[1]));
    await counts.number(this.#counts.length);
    for (const { namespace, count } of this.#counts) {
      await counts.text(namespace);
      await counts.number(count);
    }
    return { [this.#names[0]]: await this.#data.done(), [this.#names[1]]: await counts.done() };
  }
}

/** Entries of a data file and its counts. @throws SnapshotError `malformed` */
export async function* readStateRecords(
  folder: string,
  names: readonly [string, string],
): AsyncGenerator<VersionedEntry> {
  const counts = await SnapshotFileReader.open(join(folder, names[1]));
  const namespaces: { readonly namespace: string; readonly count: number }[] = [];
  try {
    const rows = await counts.number();
    if (rows > MAX_NAMESPACES) {
      throw new SnapshotError('malformed', `${names[1]} names ${rows} namespaces`);
    }
    for (let row = 0; row < rows; row++) {
      namespaces.push({ namespace: await counts.text(MAX_NAME_BYTES), count: await counts.number() });
    }
  } finally {
    await counts.close();
  }
  const data = await SnapshotFileReader.open(join(folder, names[0]));
  try {
    for (const { namespace, count } of namespaces) {
      for (let index = 0; index < count; index++) {
        yield decodeRecord(namespace, await data.bytes());
      }
    }
  } finally {
    await data.close();
  }
}

function decodeRecord(namespace: string, bytes: Uint8Array): VersionedEntry {
  const parts: Uint8Array[] = [EMPTY, EMPTY, EMPTY, EMPTY, EMPTY];
  try {
    for (const { field, bytes: part } of wireFields(bytes, 'SnapshotRecord')) {
      parts[field < parts.length ? field : 0] = part;
    }
    const [, key, value, metadata, version] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    return {
      namespace,
      key: isHashedNamespace(namespace) ? hashedKey(key) : Buffer.from(key).toString(),
      value,
      metadata: metadata.length === 0 ? null : metadata,
      version: decodeHeight(version).height,
    };
  } catch (cause) {
    if (cause instanceof ProtoError || cause instanceof StateError) {
      throw new SnapshotError('malformed', `a record of namespace ${namespace} is not as Fabric writes it`, { cause });
    }
    throw cause;
  }
}
