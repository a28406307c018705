import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type FileLook, type FileMark, lookAt, sameContent, sameInode } from './fileIdentity.ts';

/** `.1`, `.old`, `-20261121`, `.2026-11-21T10-20-30.123`: what rotation appends to a name. */
const APPENDED = /^(.+?)(?:\.(?:\d{1,5}|old)|[.\-_]\d{4}-?\d\d-?\d\d[\dT:_.Z+-]*)$/;
/** The same before the extension, as lumberjack and logrotate's `extension` do: `peer0-2026-11-21T10-20-30.log`. */
const INSERTED = /^(.+?)[.\-_]\d{4}-?\d\d-?\d\d[\dT:_.Z+-]*(\.[A-Za-z]\w*)$/;
/** A name without an extension is taken as it is: `node.1` may well be a node's name. */
const HAS_EXTENSION = /.\.[A-Za-z]\w*$/;

/**
 * The file that `path` is, or once was: `peer0.log` for `peer0.log.1`, `peer0.log.2.gz`, `peer0-2026-11-21.log` and for itself.
 * All files of one such family are one stream.
 */
export function streamPathOf(path: string): string {
  const name = basename(path);
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
  const appended = APPENDED.exec(plain);
  if (appended !== null && HAS_EXTENSION.test(appended[1]!)) return join(dirname(path), appended[1]!);
  const inserted = INSERTED.exec(plain);
  if (inserted !== null) return join(dirname(path), inserted[1]! + inserted[2]!);
  return join(dirname(path), plain);
}

/** Name of a stream while nothing better is known: the file's base name without `.log` and what rotation or gzip appended. */
export function streamNameOf(path: string): string {
  const name = basename(streamPathOf(path)).replace(/\.(?:log|txt|ndjson|jsonl?|out|err)$/i, '');
  return name === '' ? basename(path) : name;
}

/** Looks that need not be repeated: keyed by path, good while inode, size and time stay. */
export type LookCache = Map<string, FileLook>;

/**
 * The rotated files of a stream, oldest first (a file's last write comes before its successor's). Without the file at
 * `streamPath` itself. Null if files were renamed meanwhile: ask again.
 */
export async function rotatedFiles(streamPath: string, cache: LookCache): Promise<FileLook[] | null> {
  // Behind a symbolic link (as Kubernetes lays them) rotation happens where the link points.
  const real = await realpath(streamPath).catch(() => streamPath);
  const before = await familyPaths(real);
  const looks: FileLook[] = [];
  for (const path of before) {
    const look = await cachedLook(path, cache);
    if (look === null) return null;
    if (look.size > 0) looks.push(look);
  }
  for (const look of looks) {
    const stats = await stat(look.path, { bigint: true }).catch(() => null);
    if (stats === null || String(stats.ino) !== look.ino) return null;
  }
  const after = await familyPaths(real);
  if (after.length !== before.length || after.some((path, index) => path !== before[index])) return null;
  for (const path of cache.keys()) if (!before.includes(path)) cache.delete(path);
  return looks.toSorted(byAge);
}

async function familyPaths(streamPath: string): Promise<string[]> {
  const folder = dirname(streamPath);
  const names = await readdir(folder).catch(() => []);
  return names
    .map((name) => join(folder, name))
    .filter((path) => path !== streamPath && streamPathOf(path) === streamPath)
    .toSorted();
}

async function cachedLook(path: string, cache: LookCache): Promise<FileLook | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  if (stats === null) return null;
  const known = cache.get(path);
  if (
    known !== undefined &&
    known.ino === String(stats.ino) &&
    known.size === Number(stats.size) &&
    known.mtimeNs === stats.mtimeNs
  ) {
    return known;
  }
  const look = await lookAt(path);
  if (look !== null) cache.set(path, look);
  return look;
}

/** Oldest first; of equal times (coarse clocks) the one with the higher number. */
export function byAge(a: Pick<FileLook, 'path' | 'mtimeNs'>, b: Pick<FileLook, 'path' | 'mtimeNs'>): number {
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1;
  return rotationNumber(b.path) - rotationNumber(a.path) || (a.path < b.path ? -1 : 1);
}

function rotationNumber(path: string): number {
  return Number(/\.(\d{1,5})(?:\.gz)?$/.exec(path)?.[1] ?? 0);
}

/**
 * Finds the file that `mark` describes among `files`, at least `offset` bytes long: the very file under another name first,
 * else a copy of it (copytruncate), else one that was compressed since.
 */
export function findMarked(files: readonly FileLook[], mark: FileMark, offset: number): FileLook | null {
  const alike = files.filter((file) => sameContent(mark, file.head) && (file.gzip || file.size >= offset));
  return alike.find((file) => sameInode(file, mark)) ?? alike.find((file) => !file.gzip) ?? alike[0] ?? null;
}
