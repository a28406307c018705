import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ChaincodeError } from '../chaincodeError.ts';
import type { InstalledPackage, PackageStore } from '../chaincodeSupport.ts';
import { checkCode, packageIdOf, parsePackage } from './chaincodePackage.ts';
import { TAR_LIMITS, type TarLimits } from './tarArchive.ts';

const FILE_NAME = /^(?<label>.+)\.(?<hash>[0-9a-f]{64})\.tar\.gz$/;
const PACKAGE_ID = /^(?<label>[a-zA-Z0-9][a-zA-Z0-9_.+-]*):(?<hash>[0-9a-f]{64})$/;

export interface PackageStoreOptions {
  /** A Go peer's is `lifecycle/chaincodes` below `peer.fileSystemPath`; made where there is none. */
  readonly folder: string;
  readonly limits?: TarLimits;
}

/**
 * Packages in a folder, one file each, `<label>.<hash>.tar.gz`: a Go peer finds its own there, and the other way round
 * (core/chaincode/persistence/persistence.go).
 */
export class DiskPackageStore implements PackageStore {
  readonly #folder: string;
  readonly #limits: TarLimits;
  #saved = 0;

  private constructor(folder: string, limits: TarLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  static async open(options: PackageStoreOptions): Promise<DiskPackageStore> {
    await mkdir(options.folder, { recursive: true, mode: 0o750 });
    for (const name of await readdir(options.folder)) {
      // Of a process that died while it saved.
      if (name.startsWith('.ccpackage.')) {
        await rm(join(options.folder, name), { force: true });
      }
    }
    return new DiskPackageStore(options.folder, options.limits ?? TAR_LIMITS);
  }

  async save(packageBytes: Uint8Array): Promise<InstalledPackage> {
    const parsed = await parsePackage(packageBytes, this.#limits);
    await checkCode(parsed, this.#limits);
    const { packageId, metadata } = parsed;
    const file = this.#fileOf(packageId);
    const temporary = join(this.#folder, `.ccpackage.${process.pid}.${this.#saved++}`);
    try {
      const handle = await open(temporary, 'wx', 0o640);
      try {
        await handle.writeFile(packageBytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      // Again, the same bytes take the place of the same bytes, and mend a file that came to harm.
      await rename(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
    return { packageId, label: metadata.label };
  }

  async load(packageId: string): Promise<Uint8Array> {
    const notFound = (cause?: unknown): ChaincodeError =>
      new ChaincodeError('not_installed', `chaincode install package '${packageId}' not found`, { cause });
    const label = PACKAGE_ID.exec(packageId)?.groups?.['label'];
    if (label === undefined) {
      throw notFound();
    }
    let bytes: Uint8Array;
    try {
      bytes = await readFile(this.#fileOf(packageId));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
        throw notFound(cause);
      }
      throw cause;
    }
    if (packageIdOf(label, bytes) !== packageId) {
      throw new ChaincodeError('bad_package', `the file of chaincode install package '${packageId}' was altered`);
    }
    return bytes;
  }

  /** Of a package that could not be built: nothing is left of it. */
  async remove(packageId: string): Promise<void> {
    if (PACKAGE_ID.test(packageId)) {
      await rm(this.#fileOf(packageId), { force: true });
    }
  }

  /** In the order of their IDs. */
  async list(): Promise<readonly InstalledPackage[]> {
    const found: InstalledPackage[] = [];
    for (const name of await readdir(this.#folder)) {
      const { label, hash } = FILE_NAME.exec(name)?.groups ?? {};
      if (label !== undefined) {
        found.push({ packageId: `${label}:${hash}`, label });
      }
    }
    return found.toSorted((first, second) => (first.packageId < second.packageId ? -1 : 1));
  }

  #fileOf(packageId: string): string {
    return join(this.#folder, `${packageId.replace(':', '.')}.tar.gz`);
  }
}
