import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '#node/ledger/blocks/blockFiles.ts';
import { makeFolder } from '#node/util/makeFolder.ts';

/**
 * Operations on channels that a crash must not leave half done, one file each, named as Fabric names them (`orderer/common/filerepo`):
 * `pendingops/join/CHANNEL.join` with the block to join by, `pendingops/remove/CHANNEL.remove`.
 */
export class PendingOperations {
  readonly #folder: string;
  readonly #suffix: string;

  /** @param kind `join` or `remove` */
  private constructor(folder: string, kind: 'join' | 'remove') {
    this.#folder = folder;
    this.#suffix = `.${kind}`;
  }

  static async open(location: string, kind: 'join' | 'remove'): Promise<PendingOperations> {
    const folder = join(location, 'pendingops', kind);
    makeFolder(folder);
    return new PendingOperations(folder, kind);
  }

  /** Durable when it is done. */
  async save(channelId: string, content: Uint8Array): Promise<void> {
    const path = this.#path(channelId);
    const file = await open(`${path}~`, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}~`, path);
    await syncFolder(this.#folder);
  }

  read(channelId: string): Promise<Uint8Array> {
    return readFile(this.#path(channelId));
  }

  async remove(channelId: string): Promise<void> {
    await rm(this.#path(channelId), { force: true });
    await syncFolder(this.#folder);
  }

  /** Channels, sorted. */
  async list(): Promise<readonly string[]> {
    const names = await readdir(this.#folder);
    return names
      .filter((name) => name.endsWith(this.#suffix))
      .map((name) => name.slice(0, -this.#suffix.length))
      .toSorted();
  }

  #path(channelId: string): string {
    return join(this.#folder, `${channelId}${this.#suffix}`);
  }
}
