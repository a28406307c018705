import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';

/** What an archive may hold; a small archive can unpack to anything. */
export interface TarLimits {
  /** Unpacked. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export const TAR_LIMITS: TarLimits = { maxBytes: 512 * 1024 * 1024, maxEntries: 100_000 };

export interface TarFile {
  /** Relative, with `/`, without `.` and `..`. */
  readonly name: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

/**
 * Files of a gzipped tar archive, one by one. Folders are passed over: a file's name tells them.
 * @throws ChaincodeError `bad_package` for what is no such archive, is beyond the limits, leads out of its folder, or holds
 *   anything but files and folders
 */
export async function* readTar(bytes: Uint8Array, limits: TarLimits = TAR_LIMITS): AsyncGenerator<TarFile, void> {
  const gunzip = createGunzip();
  const entries = extract();
  const source = Readable.from([bytes]);
  // tar-stream's streams are not Node's own: errors have to be carried over by hand.
  source.on('error', (error) => gunzip.destroy(error));
  gunzip.on('error', (error) => entries.destroy(error));
  source.pipe(gunzip).pipe(entries);
  let unpacked = 0;
  // Counted before tar takes it apart, so that no part of the format gets round the limit.
  gunzip.on('data', (chunk: Uint8Array) => {
    unpacked += chunk.length;
    if (unpacked > limits.maxBytes) {
      gunzip.destroy(new ChaincodeError('bad_package', `archive unpacks to more than ${limits.maxBytes} bytes`));
    }
  });
  let count = 0;
  try {
    for await (const entry of entries) {
      const { name, type, mode } = entry.header;
      if (++count > limits.maxEntries) {
        throw new ChaincodeError('bad_package', `archive holds more than ${limits.maxEntries} entries`);
      }
      const path = safePath(name);
      if (type === 'directory') {
        entry.resume();
        continue;
      }
      if (type !== 'file' && type !== 'contiguous-file') {
        throw new ChaincodeError('bad_package', `tar entry ${name} is not a regular file, type ${type}`);
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
      }
      yield { name: path, mode, bytes: Buffer.concat(chunks) };
    }
  } catch (cause) {
    if (cause instanceof ChaincodeError) {
      throw cause;
    }
    throw new ChaincodeError('bad_package', `error reading as gzip stream: ${goReason(cause)}`, { cause });
  } finally {
    source.destroy();
    gunzip.destroy();
    entries.destroy();
  }
}

/** The same files always give the same bytes: times, owners and the packing machine leave no mark. */
export async function writeTar(files: readonly Omit<TarFile, 'mode'>[]): Promise<Uint8Array> {
  const archive = pack();
  const chunks: Uint8Array[] = [];
  const collected = (async () => {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
    }
  })();
  for (const { name, bytes } of files) {
    await new Promise<void>((resolve, reject) => {
      const header = { name, size: bytes.length, mode: 0o644, mtime: new Date(0), uid: 500, gid: 500 };
      archive.entry(header, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }
  archive.finalize();
  await collected;
  const zipped = gzipSync(Buffer.concat(chunks), { level: 9 });
  // The header's operating system: unknown, as Go writes it.
  zipped[9] = 255;
  return new Uint8Array(zipped);
}

/** In the words of Go's reader, which clients are shown, where it has some for it. */
function goReason(cause: unknown): string {
  const reason = messageOf(cause);
  const words: Readonly<Record<string, string>> = {
    'incorrect header check': 'gzip: invalid header',
    'unexpected end of file': 'unexpected EOF',
  };
  return words[reason] ?? reason;
}

function safePath(name: string): string {
  const path = posix.normalize(name).replace(/\/+$/, '');
  if (name.includes('\0') || name.includes('\\') || posix.isAbsolute(path) || path === '..' || path.startsWith('../')) {
    throw new ChaincodeError('bad_package', `tar contains the absolute or escaping path '${name}'`);
  }
  return path;
}
