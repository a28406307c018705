import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '#node/util/makeFolder.ts';
import { NetworkError } from './networkError.ts';

/**
 * Makes a folder whole or not at all: `fill` works in a folder beside it, which takes the name at the end. A process that is killed
 * in between leaves that other folder, never a half-made one.
 * @throws NetworkError `exists`, `io`
 */
export async function wholeFolder(folder: string, fill: (partial: string) => void | Promise<void>): Promise<void> {
  if (existsSync(folder)) {
    throw new NetworkError('exists', `${folder} is there already; nothing was changed`);
  }
  const partial = `${folder}.partial-${randomBytes(4).toString('hex')}`;
  try {
    makeFolder(dirname(folder));
    mkdirSync(partial);
    await fill(partial);
    renameSync(partial, folder);
  } catch (cause) {
    rmSync(partial, { recursive: true, force: true });
    if (cause instanceof Error && 'syscall' in cause) {
      throw new NetworkError('io', `${folder} cannot be made: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
