import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { syncFolder } from '#node/ledger/blocks/blockFiles.ts';
import type { PeerLedger } from '#node/ledger/peerLedger.ts';
import { snapshotFolder } from '#node/ledger/snapshots/exportSnapshot.ts';
import { PeerChannelError } from './peerChannelError.ts';

const stored = z.array(z.number().int().nonnegative());

export interface SnapshotRequestsOptions {
  readonly channelId: string;
  /** Where pending requests are written down. */
  readonly file: string;
  /** Of finished snapshots (`ledger.snapshots.rootDir`). */
  readonly root: string;
}

export interface SnapshotRequestsModules {
  readonly ledger: Pick<PeerLedger, 'height' | 'snapshot'>;
  /** Told what became of each; null for one that was written. */
  readonly onDone?: (block: number, error: unknown) => void;
}

/**
 * Snapshots of a channel that are asked for, by the block after which each is made. Requests outlive the process. While one is made
 * nothing is committed (core/ledger/kvledger/snapshot_mgmt.go).
 */
export class SnapshotRequests {
  readonly #options: SnapshotRequestsOptions;
  readonly #modules: SnapshotRequestsModules;
  readonly #pending: Set<number>;
  /** The last one of which all is in the ledger. */
  #lastBlock: number;
  #committing = false;
  #underWay: { readonly block: number; readonly done: Promise<void> } | null = null;
  /** One change of the file at a time. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: SnapshotRequestsOptions, modules: SnapshotRequestsModules, pending: Set<number>) {
    this.#options = options;
    this.#modules = modules;
    this.#pending = pending;
    this.#lastBlock = modules.ledger.height - 1;
  }

  /** Takes up pending requests; one that was due when the process ended is carried out now. */
  static async open(options: SnapshotRequestsOptions, modules: SnapshotRequestsModules): Promise<SnapshotRequests> {
    const requests = new SnapshotRequests(options, modules, new Set(await readPending(options.file)));
    requests.#makeIfDue(requests.#lastBlock);
    return requests;
  }

  /** Block numbers, ascending. */
  pending(): readonly number[] {
    return [...this.#pending].toSorted((a, b) => a - b);
  }

  /**
   * @param block 0 for the last one that is committed
   * @throws PeerChannelError `snapshot_request`
   */
  submit(block: number): Promise<void> {
    return this.#next(async () => {
      const least = this.#lastBlock + (this.#committing ? 1 : 0);
      const wanted = block === 0 ? least : block;
      if (!Number.isSafeInteger(wanted)) {
        throw refused(`requested snapshot for block number ${wanted}, which no chain here reaches`);
      }
      if (wanted < least) {
        throw refused(
          `requested snapshot for block number ${wanted} cannot be less than the last committed block number ${least}`,
        );
      }
      if (wanted === this.#lastBlock && (await this.#exists(wanted))) {
        throw refused(`snapshot already generated for block number ${wanted}`);
      }
      if (this.#pending.has(wanted)) {
        throw refused(`duplicate snapshot request for block number ${wanted}`);
      }
      await this.#write([...this.#pending, wanted]);
      this.#pending.add(wanted);
      if (!this.#committing) {
        this.#makeIfDue(this.#lastBlock);
      }
    });
  }

  /** @throws PeerChannelError `snapshot_request` */
  cancel(block: number): Promise<void> {
    return this.#next(async () => {
      if (this.#underWay?.block === block) {
        throw refused('cannot cancel the snapshot request because it is under processing');
      }
      if (!this.#pending.has(block)) {
        throw refused(`no snapshot request exists for block number ${block}`);
      }
      await this.#drop(block);
    });
  }

  /** Resolves when the next block may be written: no snapshot is being made, and none that was asked for can be missed. */
  async mayCommit(): Promise<void> {
    let queue: Promise<unknown>;
    do {
      queue = this.#queue;
      await queue;
      await this.#underWay?.done;
    } while (queue !== this.#queue || this.#underWay !== null);
    this.#committing = true;
  }

  /** A block is in the ledger, wholly. */
  committed(block: number): void {
    this.#committing = false;
    this.#lastBlock = block;
    this.#makeIfDue(block);
  }

  /** Resolves when nothing is at work any more. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#underWay?.done;
  }

  #makeIfDue(block: number): void {
    if (this.#underWay === null && this.#pending.has(block)) {
      this.#underWay = { block, done: this.#make(block) };
    }
  }

  /** Never rejects: a request that fails is over, as in Fabric. */
  async #make(block: number): Promise<void> {
    let failure: unknown = null;
    try {
      if (!(await this.#exists(block))) {
        await this.#modules.ledger.snapshot(this.#folder(block));
      }
    } catch (error) {
      failure = error;
    }
    await this.#drop(block).catch((error: unknown) => {
      failure ??= error;
    });
    this.#underWay = null;
    this.#modules.onDone?.(block, failure);
  }

  async #drop(block: number): Promise<void> {
    await this.#write([...this.#pending].filter((one) => one !== block));
    this.#pending.delete(block);
  }

  #folder(block: number): string {
    return snapshotFolder(this.#options.root, this.#options.channelId, block);
  }

  async #exists(block: number): Promise<boolean> {
    return stat(this.#folder(block)).then(
      () => true,
      () => false,
    );
  }

  async #write(blocks: readonly number[]): Promise<void> {
    const { file } = this.#options;
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(`${file}.new`, 'w');
    try {
      await handle.writeFile(JSON.stringify(blocks));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
    await syncFolder(dirname(file));
  }

  #next<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(change);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

function refused(message: string): PeerChannelError {
  return new PeerChannelError('snapshot_request', message);
}

async function readPending(file: string): Promise<readonly number[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
  return stored.parse(JSON.parse(text));
}
