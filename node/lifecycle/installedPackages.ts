import { hash } from 'node:crypto';
import { ChaincodeError, messageOf } from '#node/chaincode/chaincodeError.ts';
import type { InstalledPackage, PackageBuilder, PackageStore } from '#node/chaincode/chaincodeSupport.ts';
import { LifecycleError } from './lifecycleError.ts';
import { fieldBytes } from './stateSerializer.ts';

export interface InstalledPackagesModules {
  readonly store: PackageStore;
  /** Null where packages are made ready when they are first run. */
  readonly builder: PackageBuilder | null;
}

/**
 * The packages of this peer, found by ID and by the hash that an organisation's approval shows of it: which package another peer of
 * the organisation approved is known without its private data.
 */
export class InstalledPackages {
  readonly #store: PackageStore;
  readonly #builder: PackageBuilder | null;
  readonly #byId = new Map<string, InstalledPackage>();
  readonly #byApprovalHash = new Map<string, InstalledPackage>();
  /** By the hash of the package's bytes: a second installation of the same waits for the first. */
  readonly #installing = new Map<string, Promise<InstalledPackage>>();
  readonly #listeners = new Set<(installed: InstalledPackage) => void>();

  private constructor({ store, builder }: InstalledPackagesModules) {
    this.#store = store;
    this.#builder = builder;
  }

  static async open(modules: InstalledPackagesModules): Promise<InstalledPackages> {
    const packages = new InstalledPackages(modules);
    for (const one of await modules.store.list()) {
      packages.#add(one);
    }
    return packages;
  }

  /** By ID, in order. */
  list(): readonly InstalledPackage[] {
    return [...this.#byId.values()].toSorted((a, b) => (a.packageId < b.packageId ? -1 : 1));
  }

  find(packageId: string): InstalledPackage | null {
    return this.#byId.get(packageId) ?? null;
  }

  /** @param valueHash SHA-256 of the approval's `PackageID` field as it stands in state */
  findByApproval(valueHash: Uint8Array): InstalledPackage | null {
    return this.#byApprovalHash.get(Buffer.from(valueHash).toString('hex')) ?? null;
  }

  /** Told of each package that comes. @returns how to stop it */
  onInstall(listener: (installed: InstalledPackage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Keeps a package and makes it ready to run. One that cannot be built is not installed.
   * @throws LifecycleError `install`
   */
  async install(packageBytes: Uint8Array): Promise<InstalledPackage> {
    const key = hash('sha256', packageBytes, 'hex');
    const under = this.#installing.get(key);
    if (under !== undefined) {
      // Whoever waits finds it installed, or nothing left of it and its own turn.
      await under.catch(() => {});
      return this.install(packageBytes);
    }
    const installing = this.#install(packageBytes);
    this.#installing.set(key, installing);
    try {
      return await installing;
    } finally {
      this.#installing.delete(key);
    }
  }

  async #install(packageBytes: Uint8Array): Promise<InstalledPackage> {
    const saved = await this.#save(packageBytes);
    const { packageId } = saved;
    if (this.#byId.has(packageId)) {
      throw new LifecycleError('install', `chaincode already successfully installed (package ID '${packageId}')`);
    }
    try {
      await this.#builder?.build(packageId);
    } catch (cause) {
      await this.#store.remove(packageId);
      throw new LifecycleError('install', `could not build chaincode: ${messageOf(cause)}`, { cause });
    }
    this.#add(saved);
    for (const listener of this.#listeners) {
      listener(saved);
    }
    return saved;
  }

  /** @throws LifecycleError `not_installed` */
  async load(packageId: string): Promise<Uint8Array> {
    try {
      return await this.#store.load(packageId);
    } catch (cause) {
      throw new LifecycleError('not_installed', `could not load cc install package: ${messageOf(cause)}`, { cause });
    }
  }

  async #save(packageBytes: Uint8Array): Promise<InstalledPackage> {
    try {
      return await this.#store.save(packageBytes);
    } catch (cause) {
      const bad = cause instanceof ChaincodeError && cause.code === 'bad_package';
      const what = bad ? 'could not parse as a chaincode install package' : 'could not save cc install package';
      throw new LifecycleError('install', `${what}: ${messageOf(cause)}`, { cause });
    }
  }

  #add(installed: InstalledPackage): void {
    this.#byId.set(installed.packageId, installed);
    const field = fieldBytes({ string: installed.packageId });
    this.#byApprovalHash.set(hash('sha256', field, 'hex'), installed);
  }
}
