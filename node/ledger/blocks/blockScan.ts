import { type BlockFiles, blockFileName } from './blockFiles.ts';
import { MAX_LENGTH_BYTES, MAX_RECORD_BYTES, recordLength } from './blockRecord.ts';
import { BlockStoreError } from './blockStoreError.ts';

/** Where a record lies. */
export interface RecordPlace {
  readonly file: number;
  /** Of its length prefix. */
  readonly offset: number;
  /** Bytes of the length prefix. */
  readonly prefix: number;
  /** Bytes of the record after it. */
  readonly length: number;
}

/** How a walk through a file ended: at its end, or at bytes that are no whole record. */
export interface ScanEnd {
  readonly offset: number;
  readonly torn: string | null;
}

/** Enough for a length, number and both hashes. */
const HEAD_BYTES = 128;
const WINDOW_BYTES = 256 * 1024;

/** The first byte after a record. */
export function endOf(place: RecordPlace): number {
  return place.offset + place.prefix + place.length;
}

/**
 * Walks through the records of one file, from `offset` to the end that the file had at the start, giving each one's place and
 * the first bytes of its body. Bodies are passed over. Returns how it ended; nothing is thrown for bytes that are no record.
 */
export async function* scanFile(
  files: BlockFiles,
  file: number,
  from: number,
): AsyncGenerator<{ readonly place: RecordPlace; readonly head: Uint8Array }, ScanEnd> {
  const size = await files.size(file);
  let offset = from;
  let window: Uint8Array = new Uint8Array(0);
  let windowAt = 0;
  while (offset < size) {
    if (offset + Math.min(HEAD_BYTES, size - offset) > windowAt + window.length || offset < windowAt) {
      window = await files.readUpTo(file, offset, Math.min(WINDOW_BYTES, size - offset));
      windowAt = offset;
    }
    const at = offset - windowAt;
    const found = lengthAt(window.subarray(at, at + MAX_LENGTH_BYTES));
    if (typeof found === 'string') {
      return { offset, torn: found };
    }
    const place: RecordPlace = { file, offset, prefix: found.size, length: found.length };
    if (endOf(place) > size) {
      return { offset, torn: `a record of ${found.length} bytes ends after the file` };
    }
    const body = at + found.size;
    yield { place, head: window.subarray(body, body + Math.min(HEAD_BYTES - found.size, found.length)) };
    offset = endOf(place);
  }
  return { offset, torn: null };
}

function lengthAt(head: Uint8Array): { readonly length: number; readonly size: number } | string {
  try {
    const found = recordLength(head);
    if (found === null) {
      return 'the length of a record ends too early';
    }
    return found.length === 0 || found.length > MAX_RECORD_BYTES ? `no record has ${found.length} bytes` : found;
  } catch (error) {
    if (error instanceof BlockStoreError) {
      return error.message;
    }
    throw error;
  }
}

/** A place as errors and recovery name it. */
export function nameOf(file: number, offset: number): string {
  return `${blockFileName(file)} at byte ${offset}`;
}
