import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BlockView, MAX_BLOCK_BYTES } from '#node/protos/blockView.ts';
import { ProtoError } from '#node/protos/protoError.ts';

const unpack = promisify(gunzip);
/** How a file of a folder looks that holds a block; files named by the user may have any name. */
const BLOCK_FILE = /\.(pb|block)(\.gz)?$/i;

/** Why a file gives no block: a sentence for its user. */
export class BlockFileError extends Error {
  readonly code = 'block_file';

  constructor(path: string, detail: string, options?: ErrorOptions) {
    super(`${path}: ${detail}`, options);
    this.name = 'BlockFileError';
  }
}

/**
 * Files behind paths in the order in which their blocks follow each other: folders are looked through (`.pb`, `.block`, packed or
 * not, one block a file), names are compared by the numbers in them.
 * @throws BlockFileError for a path that is not there, or a folder without blocks
 */
export async function listBlockFiles(paths: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const stats = await stat(path).catch(() => null);
    if (stats === null) {
      throw new BlockFileError(path, 'is not there');
    }
    if (!stats.isDirectory()) {
      found.add(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => BLOCK_FILE.test(name));
    if (names.length === 0) {
      throw new BlockFileError(path, 'no files named *.pb, *.block (or with .gz) in this folder');
    }
    for (const name of names) {
      found.add(join(path, name));
    }
  }
  const order = new Intl.Collator('en', { numeric: true });
  return [...found].toSorted(
    (one, other) => order.compare(basename(one), basename(other)) || order.compare(one, other),
  );
}

/** @throws BlockFileError */
export async function readBlockFile(path: string): Promise<BlockView> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BLOCK_BYTES) {
      throw new BlockFileError(path, `${size} bytes, a block has at most ${MAX_BLOCK_BYTES}`);
    }
    let bytes: Uint8Array = await readFile(path);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      bytes = await unpack(bytes, { maxOutputLength: MAX_BLOCK_BYTES });
    }
    return BlockView.fromBytes(bytes);
  } catch (cause) {
    if (cause instanceof BlockFileError) {
      throw cause;
    }
    const detail = cause instanceof ProtoError ? `holds no block (${cause.message})` : (cause as Error).message;
    throw new BlockFileError(path, detail, { cause });
  }
}
