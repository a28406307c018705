import { bytesSize, varintSize, writeBytes, writeVarint } from '#node/protos/blockEncoder.ts';
import { type BlockParts, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS } from '#node/protos/blockView.ts';
import { BlockStoreError } from './blockStoreError.ts';

/** Where an envelope lies in its record, without its length prefix. */
export interface EnvelopePlace {
  /** From the record's first byte. */
  readonly offset: number;
  readonly length: number;
}

/** Beyond this no record is read or written: a block's own limit, and room for lengths. */
export const MAX_RECORD_BYTES = MAX_BLOCK_BYTES + 1024 * 1024;
/** Fabric has five kinds of metadata. */
const MAX_METADATA = 100;
/** Of a record's length, as Go reads it back. */
export const MAX_LENGTH_BYTES = 8;

/**
 * A block as Fabric's block files hold it (common/ledger/blkstorage, block_serialization.go), length prefix included:
 * varint length, then varint number, data hash, previous hash, varint count and envelopes, varint count and metadata, where
 * bytes are preceded by their varint length.
 * @throws BlockStoreError `too_large`
 */
export function encodeRecord(block: BlockParts): { readonly record: Uint8Array; readonly envelopes: EnvelopePlace[] } {
  let size = varintSize(block.number) + bytesSize(block.dataHash) + bytesSize(block.previousHash);
  size += varintSize(block.data.length) + varintSize(block.metadata.length);
  for (const bytes of block.data) {
    size += bytesSize(bytes);
  }
  for (const bytes of block.metadata) {
    size += bytesSize(bytes);
  }
  if (size > MAX_RECORD_BYTES || block.metadata.length > MAX_METADATA) {
    throw new BlockStoreError('too_large', `block ${block.number} takes ${size} bytes, at most ${MAX_RECORD_BYTES} do`);
  }
  const record = new Uint8Array(varintSize(size) + size);
  const envelopes: EnvelopePlace[] = [];
  let at = writeVarint(record, 0, size);
  at = writeVarint(record, at, block.number);
  at = writeBytes(record, at, block.dataHash);
  at = writeBytes(record, at, block.previousHash);
  at = writeVarint(record, at, block.data.length);
  for (const bytes of block.data) {
    at = writeBytes(record, at, bytes);
    envelopes.push({ offset: at - bytes.length, length: bytes.length });
  }
  at = writeVarint(record, at, block.metadata.length);
  for (const bytes of block.metadata) {
    at = writeBytes(record, at, bytes);
  }
  return { record, envelopes };
}

/** Number and hashes: what a record begins with. */
export interface RecordHeader {
  readonly number: number;
  readonly dataHash: Uint8Array;
  readonly previousHash: Uint8Array;
}

/** Of bytes that may go on, or end, after the header. @throws BlockStoreError `malformed` */
export function decodeRecordHeader(body: Uint8Array): RecordHeader {
  return readHeader(new RecordReader(body));
}

/**
 * A record without its length prefix; parts are views into it.
 * @param base where the body starts in the record, for the places
 * @throws BlockStoreError `malformed`
 */
export function decodeRecord(
  body: Uint8Array,
  base = 0,
): { readonly parts: BlockParts; readonly envelopes: EnvelopePlace[] } {
  const reader = new RecordReader(body);
  const header = readHeader(reader);
  const envelopes: EnvelopePlace[] = [];
  const data = reader.list(MAX_BLOCK_TRANSACTIONS, (bytes, end) =>
    envelopes.push({ offset: base + end - bytes.length, length: bytes.length }),
  );
  const metadata = reader.list(MAX_METADATA);
  if (!reader.done) {
    throw new BlockStoreError('malformed', `block ${header.number}: bytes after the last metadata`);
  }
  return { parts: { ...header, data, metadata }, envelopes };
}

function readHeader(reader: RecordReader): RecordHeader {
  return { number: reader.number(), dataHash: reader.bytes(), previousHash: reader.bytes() };
}

/**
 * The length that a record begins with, and the bytes it takes; null where `head` ends within it.
 * @throws BlockStoreError `malformed` where no length can begin so
 */
export function recordLength(head: Uint8Array): { readonly length: number; readonly size: number } | null {
  let length = 0;
  for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
    const byte = head[i];
    if (byte === undefined) {
      return null;
    }
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return { length, size: i + 1 };
    }
  }
  throw new BlockStoreError('malformed', 'a record begins with no length');
}

class RecordReader {
  readonly #body: Uint8Array;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  get done(): boolean {
    return this.#at === this.#body.length;
  }

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 8; shift++) {
      const byte = this.#body[this.#at];
      if (byte === undefined) {
        throw new BlockStoreError('malformed', 'a record ends too early');
      }
      this.#at++;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) {
          break;
        }
        return value;
      }
    }
    throw new BlockStoreError('malformed', 'a number in a record is beyond 2^53');
  }

  bytes(): Uint8Array {
    const length = this.number();
    if (length > this.#body.length - this.#at) {
      throw new BlockStoreError('malformed', 'a record ends too early');
    }
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  list(max: number, each?: (bytes: Uint8Array, end: number) => void): Uint8Array[] {
    const count = this.number();
    if (count > max) {
      throw new BlockStoreError('malformed', `a list of ${count} entries, at most ${max} are read`);
    }
    const list: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const bytes = this.bytes();
      list.push(bytes);
      each?.(bytes, this.#at);
    }
    return list;
  }
}
