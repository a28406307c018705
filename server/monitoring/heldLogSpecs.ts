import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';

const HeldSpec = z.object({
  /** Node ID. */
  id: z.string().min(1).max(1024),
  /** What comes back. */
  restores: z.string().max(8192),
  /** What the node may have from FTL: more than one where it was not heard whether it took the last. */
  ours: z.array(z.string().max(8192)).min(1).max(16),
  /** Milliseconds since 1970; what no calendar has is none. */
  until: z.number().min(0).max(8.64e15),
  by: z.string().max(1024),
  /** The process that sees to it. */
  owner: z.object({ host: z.string().max(1024), pid: z.int() }),
});

/** A log specification that a node has for a while, and what it is to get back. */
export type HeldSpec = z.output<typeof HeldSpec>;
/** Owned by this process where it does not say otherwise. */
export type NewHeldSpec = Omit<HeldSpec, 'owner'> & Partial<Pick<HeldSpec, 'owner'>>;

/** What is to be put back, by node. Those that one FTL has made may be seen by another that shares its folder. */
export interface HeldLogSpecs {
  /** Whether it outlives the process. */
  readonly lasting: boolean;
  get(id: string): Promise<HeldSpec | null>;
  all(): Promise<readonly HeldSpec[]>;
  /** Durable when it is done, where it lasts. @throws what the file system says */
  save(held: NewHeldSpec): Promise<void>;
  /** @throws what the file system says */
  remove(id: string): Promise<void>;
}

const SELF: HeldSpec['owner'] = { host: hostname(), pid: process.pid };
const SUFFIX = '.json';
const MAX_BYTES = 256 * 1024;
/** More than there can be nodes. */
const MAX_FILES = 1000;
const WHAT = 'what log specification a node is to get back';

/**
 * Whether another process sees to it: one of this machine that still runs. A process with our own number was one before us, as in a
 * container that was started again; what is said of other machines cannot be known, and is taken for ended.
 */
export function isOfAnother({ owner: { host, pid } }: HeldSpec): boolean {
  return host === SELF.host && pid !== SELF.pid && isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** For who has no folder: gone with the process. */
export class HeldInMemory implements HeldLogSpecs {
  readonly lasting = false;
  readonly #held = new Map<string, HeldSpec>();

  get(id: string): Promise<HeldSpec | null> {
    return Promise.resolve(this.#held.get(id) ?? null);
  }

  all(): Promise<readonly HeldSpec[]> {
    return Promise.resolve([...this.#held.values()]);
  }

  save(held: NewHeldSpec): Promise<void> {
    this.#held.set(held.id, { owner: SELF, ...held });
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.#held.delete(id);
    return Promise.resolve();
  }
}

/**
 * A file for each node, so that a killed FTL knows at its next start what to put back. Each is written anew and then takes its
 * place whole.
 */
export class HeldInFolder implements HeldLogSpecs {
  readonly lasting = true;
  readonly #folder: string;
  readonly #logger: Logger;

  /** @param folder made with the first change */
  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  async get(id: string): Promise<HeldSpec | null> {
    const held = await this.#read(nameOf(id));
    return held?.id === id ? held : null;
  }

  async all(): Promise<readonly HeldSpec[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') this.#logger.warn({ reason: error.message }, `${WHAT} cannot be listed`);
      return [];
    });
    const found: HeldSpec[] = [];
    for (const name of names.slice(0, MAX_FILES)) {
      await this.#dropPartial(name);
      if (!name.endsWith(SUFFIX)) continue;
      const held = await this.#read(name);
      if (held !== null) found.push(held);
    }
    return found;
  }

  async save(held: NewHeldSpec): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, nameOf(held.id));
    const partial = `${path}.${SELF.pid}~`;
    const file = await open(partial, 'w');
    try {
      await file.writeFile(`${JSON.stringify({ owner: SELF, ...held }, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    await this.#sync();
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#folder, nameOf(id)), { force: true });
    await this.#sync().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  /** What a process was writing when it was killed. */
  async #dropPartial(name: string): Promise<void> {
    const [, pid] = /\.json\.(\d{1,9})~$/.exec(name) ?? [];
    if (pid === undefined || Number(pid) === SELF.pid || isRunning(Number(pid))) return;
    await rm(join(this.#folder, name), { force: true }).catch(() => undefined);
  }

  /** What cannot be used is set aside: it must neither be taken for an order nor be in the way of one. */
  async #read(name: string): Promise<HeldSpec | null> {
    const path = join(this.#folder, name);
    try {
      if ((await stat(path)).size > MAX_BYTES) throw new RangeError('it is too large');
      return HeldSpec.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      const reason = error instanceof Error ? error.message.slice(0, 300) : String(error);
      const aside = `${path}.unreadable`;
      await rename(path, aside).catch(() => undefined);
      this.#logger.warn({ file: aside, reason }, `${WHAT} cannot be read: the node keeps what it has`);
      return null;
    }
  }

  /** Not possible on Windows, and not needed there. */
  async #sync(): Promise<void> {
    if (process.platform === 'win32') return;
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** Node IDs hold whatever a certificate does. */
function nameOf(id: string): string {
  return `${createHash('sha256').update(id).digest('hex').slice(0, 32)}${SUFFIX}`;
}
