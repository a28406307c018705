import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { glob } from 'tinyglobby';

const MAGIC = /[*?[\]{}!()]/;

/**
 * Files behind paths, folders and globs, absolute and sorted. A path that exists is taken as it is, whatever characters it
 * has; of a folder the files in it count (with `recursive` those below as well). What does not exist is left out.
 */
export async function listFiles(
  patterns: readonly string[],
  options: { readonly recursive?: boolean } = {},
): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const stats = await stat(pattern).catch(() => null);
    if (stats?.isDirectory() === true) {
      for (const file of await filesIn(resolve(pattern), options.recursive === true)) found.add(file);
    } else if (stats !== null) {
      found.add(resolve(pattern));
    } else if (MAGIC.test(pattern)) {
      // On Windows a backslash separates folders, elsewhere it escapes.
      const forward = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
      const matches = await glob(forward, { absolute: true, expandDirectories: false });
      for (const match of matches) found.add(resolve(match));
    }
  }
  return [...found].toSorted();
}

async function filesIn(folder: string, recursive: boolean): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    // What a symbolic link points at decides.
    const stats = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
    if (stats === null) continue;
    if (stats.isFile()) files.push(path);
    else if (recursive && entry.isDirectory()) files.push(...(await filesIn(path, true)));
  }
  return files;
}
