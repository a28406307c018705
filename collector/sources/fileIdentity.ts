import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** Bytes at a file's beginning that tell it from any other; log lines begin with a time, so few are enough. */
export const HEAD_BYTES = 1024;

/**
 * What a file is, apart from its path: device and inode, and its first bytes. A path says nothing (rotation renames), an inode
 * little (they are reused, and truncation keeps them), both together with the first bytes enough.
 */
export interface FileMark {
  readonly dev: string;
  readonly ino: string;
  /** How many bytes `hash` covers: up to 1,024, fewer while the file was shorter. */
  readonly head: number;
  /** First 16 hex digits of their SHA-256. */
  readonly hash: string;
}

/** A file looked at. */
export interface FileLook {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  /** On disk. */
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly gzip: boolean;
  /** First bytes of the content, decompressed. */
  readonly head: Buffer;
}

export function hashHead(head: Buffer): string {
  return hash('sha256', head).slice(0, 16);
}

export function markOf(file: { readonly dev: string; readonly ino: string; readonly head: Buffer }): FileMark {
  return { dev: file.dev, ino: file.ino, head: file.head.length, hash: hashHead(file.head) };
}

/** Whether `head` begins with what `mark` saw. False for a mark of an empty file: nothing is known of its content. */
export function sameContent(mark: FileMark, head: Buffer): boolean {
  return mark.head > 0 && head.length >= mark.head && hashHead(head.subarray(0, mark.head)) === mark.hash;
}

export function sameInode(
  a: { readonly dev: string; readonly ino: string },
  b: { readonly dev: string; readonly ino: string },
): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

export function isGzip(head: Buffer): boolean {
  return head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b;
}

export async function readHead(handle: FileHandle, buffer = Buffer.allocUnsafe(HEAD_BYTES)): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** Looks at an open file. `path` is told, not used. */
export async function lookAtHandle(handle: FileHandle, path: string): Promise<FileLook> {
  const stats = await handle.stat({ bigint: true });
  const raw = await readHead(handle);
  const gzip = isGzip(raw);
  return {
    path,
    dev: String(stats.dev),
    ino: String(stats.ino),
    size: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    gzip,
    head: gzip ? await gunzipHead(path) : raw,
  };
}

/** Looks at a file; null if it is gone or no regular file. */
export async function lookAt(path: string): Promise<FileLook | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return (await handle.stat()).isFile() ? await lookAtHandle(handle, path) : null;
  } finally {
    await handle.close();
  }
}

/** First decompressed bytes; fewer, even none, if the file is torn there. */
async function gunzipHead(path: string): Promise<Buffer> {
  const source = createReadStream(path, { end: 64 * 1024 });
  const gunzip = source.pipe(createGunzip({ chunkSize: 4096 }));
  source.on('error', (error) => gunzip.destroy(error));
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of gunzip) {
      parts.push(part as Buffer);
      length += (part as Buffer).length;
      if (length >= HEAD_BYTES) break;
    }
  } catch {
    // Whoever reads the file itself reports that it is torn.
  } finally {
    source.destroy();
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
}
