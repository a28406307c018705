import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackageBuilder, PackageStore } from '#node/chaincode/chaincodeSupport.ts';
import { createPackage } from '#node/chaincode/packages/createPackage.ts';
import { DiskPackageStore } from '#node/chaincode/packages/diskPackageStore.ts';
import { InstalledPackages } from './installedPackages.ts';

let folder: string;
let store: PackageStore;
let bytes: Uint8Array;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-installing-'));
  store = await DiskPackageStore.open({ folder });
  bytes = await createPackage({ label: 'basic', type: 'ccaas', connection: { address: '127.0.0.1:7052' } });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Builds when it is told to, with what it is told. */
class HeldBuilder implements PackageBuilder {
  readonly asked: { readonly packageId: string; succeed(): void; fail(reason: string): void }[] = [];
  #next: (() => void) | null = null;

  build(packageId: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.asked.push({ packageId, succeed: resolve, fail: (reason) => reject(new Error(reason)) });
    this.#next?.();
    return promise;
  }

  /** The build that is asked for as the n-th, from 0. */
  async asking(n: number): Promise<(typeof this.asked)[number]> {
    while (this.asked.length <= n) {
      await new Promise<void>((resolve) => {
        this.#next = resolve;
      });
    }
    return this.asked[n] as (typeof this.asked)[number];
  }
}

describe('a package', () => {
  it('is installed once', async () => {
    const packages = await InstalledPackages.open({ store, builder: null });
    const told: string[] = [];
    packages.onInstall(({ packageId }) => told.push(packageId));
    const { packageId, label } = await packages.install(bytes);
    expect([label, packages.list().map((one) => one.packageId), told]).toEqual(['basic', [packageId], [packageId]]);
    const again = `chaincode already successfully installed (package ID '${packageId}')`;
    await expect(packages.install(bytes)).rejects.toMatchObject({ code: 'install', message: again });
    // After a restart as well.
    const later = await InstalledPackages.open({ store, builder: null });
    await expect(later.install(bytes)).rejects.toThrow(again);
    expect(later.find(packageId)).toEqual({ packageId, label });
  });

  it('that is none is refused', async () => {
    const packages = await InstalledPackages.open({ store, builder: null });
    await expect(packages.install(Buffer.from('no package'))).rejects.toThrow(
      /^could not parse as a chaincode install package: /,
    );
    expect(packages.list()).toEqual([]);
  });

  it('is built once for all who install it at the same time', async () => {
    const builder = new HeldBuilder();
    const packages = await InstalledPackages.open({ store, builder });
    const [first, second] = [packages.install(bytes), packages.install(bytes)];
    const settled = Promise.allSettled([first, second]);
    (await builder.asking(0)).succeed();
    const outcomes = (await settled).map(({ status }) => status).toSorted();
    expect(outcomes).toEqual(['fulfilled', 'rejected']);
    expect(builder.asked).toHaveLength(1);
  });

  it('that could not be built may be installed again', async () => {
    const builder = new HeldBuilder();
    const packages = await InstalledPackages.open({ store, builder });
    const failing = packages.install(bytes);
    (await builder.asking(0)).fail('no such compiler');
    await expect(failing).rejects.toThrow('could not build chaincode: no such compiler');
    expect(packages.list()).toEqual([]);
    // Not after a restart either.
    expect(await store.list()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
    const working = packages.install(bytes);
    (await builder.asking(1)).succeed();
    expect(await working).toMatchObject({ label: 'basic' });
  });

  it('that could not be built is there for whoever waited meanwhile to try again', async () => {
    const builder = new HeldBuilder();
    const packages = await InstalledPackages.open({ store, builder });
    const failing = packages.install(bytes);
    const waiting = packages.install(bytes);
    (await builder.asking(0)).fail('no such compiler');
    await expect(failing).rejects.toThrow('no such compiler');
    const second = await builder.asking(1);
    const { packageId } = second;
    expect(Buffer.compare(await packages.load(packageId), bytes)).toBe(0);
    second.succeed();
    expect(await waiting).toMatchObject({ label: 'basic' });
    expect(await store.list()).toEqual([{ packageId, label: 'basic' }]);
  });
});
