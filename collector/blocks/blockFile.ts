import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip as gunzipCallback, gunzipSync } from 'node:zlib';
import { MAX_BLOCK_BYTES } from '#node/protos/blockView.ts';
import { BlockError } from './blockError.ts';
import { BLOCK_HEAD_BYTES, looksLikeBlock } from './looksLikeBlock.ts';

const gunzip = promisify(gunzipCallback);

/** Compressed bytes that surely hold the beginning of a block. */
const GZIP_HEAD_BYTES = 4096;
/** What so few bytes can at most unfold to. */
const GZIP_HEAD_OUTPUT = 8 * 1024 * 1024;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The raw `common.Block` in a file such as `peer channel fetch` writes, gzipped or not (told by content).
 * @throws BlockError `too_large` (beyond `maxBytes`, 128 MiB, before or after decompression), `torn_gzip`, `unreadable`
 */
export async function readBlockFile(path: string, options: { readonly maxBytes?: number } = {}): Promise<Uint8Array> {
  const max = options.maxBytes ?? MAX_BLOCK_BYTES;
  const tooLarge = (cause?: unknown) =>
    new BlockError('too_large', `${path}: more than ${max} bytes, no block is that large`, { cause });
  let bytes: Buffer;
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > max) {
      throw tooLarge();
    }
    bytes = await file.readFile();
  } catch (cause) {
    if (cause instanceof BlockError) {
      throw cause;
    }
    throw new BlockError('unreadable', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (!isGzip(bytes)) {
    return bytes;
  }
  try {
    return await gunzip(bytes, { maxOutputLength: max });
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(cause);
    }
    throw new BlockError('torn_gzip', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Whether a file holds a block, by its first bytes (after decompression); false for what cannot be decompressed.
 * @throws BlockError `unreadable`
 */
export async function isBlockFile(path: string): Promise<boolean> {
  let head: Uint8Array;
  try {
    await using file = await open(path, 'r');
    const { bytesRead, buffer } = await file.read(Buffer.alloc(GZIP_HEAD_BYTES), 0, GZIP_HEAD_BYTES, 0);
    head = buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw new BlockError('unreadable', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return looksLikeBlock(unfoldHead(head));
}

/** The beginning of a file's content: itself, or what its first gzipped bytes unfold to; empty if damaged. */
function unfoldHead(head: Uint8Array): Uint8Array {
  if (!isGzip(head)) {
    return head.subarray(0, BLOCK_HEAD_BYTES);
  }
  try {
    // The stream is cut off on purpose: flush what there is instead of asking for its end.
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: GZIP_HEAD_OUTPUT });
  } catch {
    return new Uint8Array(0);
  }
}
