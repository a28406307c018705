/** Bytes that a number takes as varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    size++;
  }
  return size;
}

/** Writes a number (up to 2^53) as varint; the offset after it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at++] = rest;
  return at;
}

/** Length and bytes; the offset after them. */
export function writeBytes(target: Uint8Array, offset: number, bytes: Uint8Array): number {
  const at = writeVarint(target, offset, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}

/** Size of length and bytes. */
export function bytesSize(bytes: Uint8Array): number {
  return varintSize(bytes.length) + bytes.length;
}

/** What a `common.Block` is written from. */
export interface EncodableBlock {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  readonly data: readonly Uint8Array[];
  readonly metadata: readonly Uint8Array[];
}

/** A `common.Block` as Go's marshaller writes it: fields in order, empty scalars left out, data and metadata always there. */
export function encodeBlock(block: EncodableBlock): Uint8Array {
  const sizes = sizesOf(block);
  const bytes = new Uint8Array(sizes.all);
  writeBlock(bytes, 0, block, sizes);
  return bytes;
}

/** The same as the only field of another message. @param field its number, below 16 */
export function encodeBlockField(field: number, block: EncodableBlock): Uint8Array {
  const sizes = sizesOf(block);
  const bytes = new Uint8Array(1 + varintSize(sizes.all) + sizes.all);
  bytes[0] = (field << 3) | 2;
  writeBlock(bytes, writeVarint(bytes, 1, sizes.all), block, sizes);
  return bytes;
}

interface BlockSizes {
  readonly header: number;
  readonly data: number;
  readonly metadata: number;
  readonly all: number;
}

function sizesOf(block: EncodableBlock): BlockSizes {
  const header = headerSize(block);
  const data = listSize(block.data);
  const metadata = listSize(block.metadata);
  const all = 3 + varintSize(header) + header + varintSize(data) + data + varintSize(metadata) + metadata;
  return { header, data, metadata, all };
}

function writeBlock(bytes: Uint8Array, offset: number, block: EncodableBlock, sizes: BlockSizes): void {
  bytes[offset] = 0x0a;
  let at = writeVarint(bytes, offset + 1, sizes.header);
  if (block.number !== 0) {
    bytes[at++] = 0x08;
    at = writeVarint(bytes, at, block.number);
  }
  if (block.previousHash.length > 0) {
    bytes[at++] = 0x12;
    at = writeBytes(bytes, at, block.previousHash);
  }
  if (block.dataHash.length > 0) {
    bytes[at++] = 0x1a;
    at = writeBytes(bytes, at, block.dataHash);
  }
  bytes[at++] = 0x12;
  at = writeList(bytes, at, sizes.data, block.data);
  bytes[at++] = 0x1a;
  writeList(bytes, at, sizes.metadata, block.metadata);
}

function headerSize(block: EncodableBlock): number {
  return (
    (block.number === 0 ? 0 : 1 + varintSize(block.number)) +
    (block.previousHash.length === 0 ? 0 : 1 + bytesSize(block.previousHash)) +
    (block.dataHash.length === 0 ? 0 : 1 + bytesSize(block.dataHash))
  );
}

function listSize(list: readonly Uint8Array[]): number {
  return list.reduce((sum, bytes) => sum + 1 + bytesSize(bytes), 0);
}

function writeList(target: Uint8Array, offset: number, size: number, list: readonly Uint8Array[]): number {
  let at = writeVarint(target, offset, size);
  for (const bytes of list) {
    target[at++] = 0x0a;
    at = writeBytes(target, at, bytes);
  }
  return at;
}
