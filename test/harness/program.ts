import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is on PATH, under the first of its names that is there; null where none is. */
export function findProgram(...names: readonly string[]): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

/** Debian's packages, which CI installs. */
export const PROMETHEUS_PACKAGES = 'apt-get install --no-install-recommends prometheus prometheus-alertmanager';
