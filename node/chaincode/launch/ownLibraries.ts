import { mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The chaincode libraries that come with this package. */
const LIBRARIES = ['fabric-shim', 'fabric-contract-api', 'fabric-shim-api'];
const require = createRequire(import.meta.url);

/**
 * Gives a project the libraries of this installation, so that chaincode without other dependencies needs no network.
 * @returns false where the project needs something else, or other versions
 */
export async function linkOwnLibraries(
  project: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<boolean> {
  const folders = new Map<string, string>();
  for (const library of LIBRARIES) {
    const folder = folderOf(library);
    const wanted = dependencies[library];
    if (folder === null || (wanted !== undefined && !satisfies(await versionOf(folder), wanted))) {
      return false;
    }
    folders.set(library, folder);
  }
  if (Object.keys(dependencies).some((name) => !folders.has(name))) {
    return false;
  }
  await mkdir(join(project, 'node_modules', '.bin'), { recursive: true, mode: 0o755 });
  for (const [library, folder] of folders) {
    await symlink(folder, join(project, 'node_modules', library));
  }
  await symlink('../fabric-shim/cli.js', join(project, 'node_modules', '.bin', 'fabric-chaincode-node'));
  return true;
}

/** `1.2.3`, `^1.2.3`, `~1.2.3`, `1.x`, `*`: what chaincode projects write; false for any other kind of range. */
export function satisfies(version: string, range: string): boolean {
  const wanted = range.trim();
  if (wanted === '' || wanted === '*' || wanted === 'latest' || wanted === 'x') {
    return true;
  }
  const match = /^(?<sign>[\^~]?)v?(?<major>\d+)(?:\.(?<minor>\d+|x|\*))?(?:\.(?<patch>\d+|x|\*))?$/.exec(wanted);
  if (match?.groups === undefined) {
    return false;
  }
  const { sign = '', major = '', minor, patch } = match.groups;
  const [haveMajor = 0, haveMinor = 0, havePatch = 0] = version.split('.').map(Number);
  const least = [Number(major), numberOf(minor), numberOf(patch)] as const;
  if (haveMajor !== least[0] || (sign !== '^' && least[1] !== null && haveMinor !== least[1])) {
    return false;
  }
  if (sign === '' && least[2] !== null) {
    return havePatch === least[2];
  }
  if (haveMinor !== (least[1] ?? 0)) {
    // Of a caret before 1.0.0 the minor version counts; none of the libraries is that old.
    return haveMinor > (least[1] ?? 0);
  }
  return havePatch >= (least[2] ?? 0);
}

function numberOf(part: string | undefined): number | null {
  return part === undefined || part === 'x' || part === '*' ? null : Number(part);
}

function folderOf(library: string): string | null {
  try {
    return dirname(require.resolve(`${library}/package.json`));
  } catch {
    return null;
  }
}

async function versionOf(folder: string): Promise<string> {
  const parsed = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return parsed.version;
}
