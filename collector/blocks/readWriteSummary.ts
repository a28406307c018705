import type {
  HashedCollectionView,
  NamespaceView,
  ReadWriteSetView,
  VersionView,
} from '#node/protos/readWriteSetView.ts';
import type { ReadWriteSummary } from '#trace/record.ts';
import { printable } from './printable.ts';

/** Entries kept of each list. */
export const MAX_KEYS = 100;

/** Where a value that was read had been written, as `block:transaction`; null where the key was not there. */
const versionText = (version: VersionView | null): string | null =>
  version === null ? null : `${version.block}:${version.tx}`;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

/**
 * What a transaction read and wrote, keys only, each list cut at 100 entries (`truncated`). Beyond the schema's lists a
 * namespace may carry `range_queries` [{start_key, end_key}], `metadata_writes` [{key}] and, for private data, `collections`
 * [{name, reads: [{key_hash, version}], writes: [{key_hash, is_delete?, is_purge?}], truncated?}].
 * @throws ProtoError
 */
export function readWriteSummary(set: ReadWriteSetView): ReadWriteSummary[] {
  return set.namespaces.slice(0, MAX_KEYS).map(namespaceSummary);
}

function namespaceSummary(namespace: NamespaceView): ReadWriteSummary {
  const { reads, writes, rangeQueries, metadataWrites, collections } = namespace;
  const summary: ReadWriteSummary = {
    namespace: printable(namespace.namespace),
    reads: reads.slice(0, MAX_KEYS).map(({ key, version }) => ({ key: printable(key), version: versionText(version) })),
    writes: writes
      .slice(0, MAX_KEYS)
      .map(({ key, isDelete }) => (isDelete ? { key: printable(key), is_delete: true } : { key: printable(key) })),
  };
  if (rangeQueries.length > 0) {
    summary['range_queries'] = rangeQueries
      .slice(0, MAX_KEYS)
      .map(({ startKey, endKey }) => ({ start_key: printable(startKey), end_key: printable(endKey) }));
  }
  if (metadataWrites.length > 0) {
    summary['metadata_writes'] = metadataWrites.slice(0, MAX_KEYS).map((key) => ({ key: printable(key) }));
  }
  if (collections.length > 0) {
    summary['collections'] = collections.slice(0, MAX_KEYS).map(collectionSummary);
  }
  if ([reads, writes, rangeQueries, metadataWrites, collections].some((list) => list.length > MAX_KEYS)) {
    summary.truncated = true;
  }
  return summary;
}

function collectionSummary({ name, reads, writes }: HashedCollectionView): object {
  const truncated = reads.length > MAX_KEYS || writes.length > MAX_KEYS;
  return {
    name: printable(name),
    reads: reads
      .slice(0, MAX_KEYS)
      .map(({ keyHash, version }) => ({ key_hash: hex(keyHash), version: versionText(version) })),
    writes: writes
      .slice(0, MAX_KEYS)
      .map(({ keyHash, isDelete, isPurge }) =>
        Object.assign({ key_hash: hex(keyHash) }, isDelete && { is_delete: true }, isPurge && { is_purge: true }),
      ),
    ...(truncated ? { truncated: true } : {}),
  };
}
