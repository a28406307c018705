import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, as far as they are not there. For the folders that somebody configures: `mkdir` with `recursive`
 * never returns where a file system has the parent and denies that the folder could be (`/proc`).
 *
 * Synchronous: a node makes few folders, all of them before it serves anybody.
 *
 * @param mode of those that are made
 * @throws what the file system says
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (isFolder(path)) {
    return;
  }
  const parent = dirname(path);
  if (parent !== path) {
    makeFolder(parent, mode);
  }
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else was faster.
    if (!isFolder(path)) {
      throw error;
    }
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
