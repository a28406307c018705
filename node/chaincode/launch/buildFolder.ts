import {
  access,
  chmod,
  chown,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ChaincodeError } from '../chaincodeError.ts';
import { readTar } from '../packages/tarArchive.ts';
import type { ProcessUser } from './childSession.ts';

const BUILD_INFO = 'build-info.json';

/** As external builders of a Go peer name it (`SanitizeCCIDPath`). */
export function buildFolderName(packageId: string): string {
  return packageId.replaceAll(/[<>:"/\\|?*&]/g, '-');
}

/** Which builder made a build; null where there is none. */
export async function builtBy(folder: string): Promise<string | null> {
  try {
    const info: unknown = JSON.parse(await readFile(join(folder, BUILD_INFO), 'utf8'));
    const name: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, 'builder_name') : null;
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}

/**
 * Makes a build in a folder beside its place and moves it there when it is whole: a build that was broken off leaves nothing that
 * looks like one.
 * @param make returns false where there is nothing to keep
 * @returns whether there is a build now
 */
export async function buildInto(
  folder: string,
  builder: string,
  make: (scratch: string) => Promise<boolean>,
): Promise<boolean> {
  await mkdir(dirname(folder), { recursive: true });
  const scratch = await mkdtemp(`${folder}.part-`);
  try {
    await chmod(scratch, 0o755);
    if (!(await make(scratch))) {
      return false;
    }
    await writeFile(join(scratch, BUILD_INFO), JSON.stringify({ builder_name: builder }));
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder);
    return true;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Unpacks `code.tar.gz` into a folder. @throws ChaincodeError `bad_package` */
export async function unpack(code: Uint8Array, folder: string): Promise<void> {
  const made = new Set<string>();
  const makeFolder = async (path: string): Promise<void> => {
    if (!made.has(path)) {
      if (path !== folder) {
        await makeFolder(dirname(path));
      }
      await mkdir(path, { recursive: true, mode: 0o755 });
      made.add(path);
    }
  };
  await makeFolder(folder);
  for await (const { name, mode, bytes } of readTar(code)) {
    const file = join(folder, name);
    await makeFolder(dirname(file));
    await writeFile(file, bytes, { mode: 0o644 | (mode & 0o111) });
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Lends a folder to another user for as long as `use` takes: whoever builds has to write, but chaincode that runs has no business in
 * its own code.
 */
export async function lend<T>(folder: string, user: ProcessUser | null, use: () => Promise<T>): Promise<T> {
  if (user === null) {
    return use();
  }
  const { uid, gid } = await stat(folder);
  await ownAll(folder, user);
  try {
    return await use();
  } finally {
    await ownAll(folder, { uid, gid });
  }
}

async function ownAll(path: string, { uid, gid }: ProcessUser): Promise<void> {
  await lchown(path, uid, gid);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), uid, gid);
  }
}

export async function own(path: string, user: ProcessUser | null): Promise<void> {
  if (user !== null) {
    await chown(path, user.uid, user.gid);
  }
}

const LAUNCH = 'launch-';

/**
 * A folder for what one launch of a build is told, closed to all but its user. What a launch left that ended with a killed peer is
 * removed.
 */
export async function launchFolder(build: string, user: ProcessUser | null): Promise<string> {
  for (const name of await readdir(build)) {
    if (name.startsWith(LAUNCH)) {
      await rm(join(build, name), { recursive: true, force: true });
    }
  }
  const folder = await mkdtemp(join(build, LAUNCH));
  await own(folder, user);
  return folder;
}

/** @throws ChaincodeError `launch_failed` where a folder above keeps this user out */
export async function checkReachable(folder: string, user: ProcessUser | null): Promise<void> {
  if (user === null || user.uid === 0) {
    return;
  }
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    const { mode, uid, gid } = await stat(path);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw new ChaincodeError(
        'launch_failed',
        `chaincode runs as user ${user.uid}, whom ${path} keeps from ${folder}: allow others to pass through it, or name another user`,
      );
    }
  }
}
