import { ledger } from '@hyperledger/fabric-protos';
import type { MetadataEntryView } from '#node/protos/readWriteSetView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { WireWriter } from './wireWriter.ts';

/** Name of the entry that holds a key's endorsement policy. */
export const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

/** Metadata as a state database keeps it: a `kvrwset.KVMetadataWrite` with entries alone, in the order given. */
export function encodeMetadata(entries: readonly MetadataEntryView[]): Uint8Array {
  const writer = new WireWriter(256);
  for (const { name, value } of entries) {
    writer.message(2, (entry) => entry.string(1, name).bytes(2, value));
  }
  // A copy: world state in memory keeps it.
  return writer.finish().slice();
}

/**
 * Entries by name; empty for a key without metadata.
 * @throws ProtoError
 */
export function decodeMetadata(bytes: Uint8Array | null): Map<string, Uint8Array> {
  if (bytes === null) {
    return new Map();
  }
  const message = decodeMessage(ledger.rwset.kvrwset.KVMetadataWrite, bytes, 'kvrwset.KVMetadataWrite');
  return new Map(message.getEntriesList().map((entry) => [entry.getName(), entry.getValue_asU8()]));
}
