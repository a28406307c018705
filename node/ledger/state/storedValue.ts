import { appendOrderedNumber, decodeHeight, type Height, readOrderedNumber } from './height.ts';
import type { VersionedValue } from './stateDatabase.ts';
import { StateError } from './stateError.ts';

/** A value as it lies in LevelDB: version, length of the metadata and one (0: none), metadata, value. */
export function encodeStoredValue(value: Uint8Array, metadata: Uint8Array | null, version: Height): Uint8Array {
  const head: number[] = [];
  appendOrderedNumber(head, version.block);
  appendOrderedNumber(head, version.tx);
  appendOrderedNumber(head, metadata === null ? 0 : metadata.length + 1);
  const bytes = new Uint8Array(head.length + (metadata?.length ?? 0) + value.length);
  bytes.set(head);
  if (metadata !== null) {
    bytes.set(metadata, head.length);
  }
  bytes.set(value, bytes.length - value.length);
  return bytes;
}

/** @throws StateError `corrupt` */
export function decodeStoredValue(bytes: Uint8Array): VersionedValue {
  const { height, next } = decodeHeight(bytes);
  const size = readOrderedNumber(bytes, next);
  if (size.value === 0) {
    return { value: view(bytes, size.next, bytes.length), metadata: null, version: height };
  }
  const end = size.next + size.value - 1;
  if (end > bytes.length) {
    throw new StateError('corrupt', 'stored metadata is cut short');
  }
  return { value: view(bytes, end, bytes.length), metadata: view(bytes, size.next, end), version: height };
}

/** A plain array over the same memory, whatever kind of buffer LevelDB gives. */
function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}
