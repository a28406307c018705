import { join } from 'node:path';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import type { PackageStore } from '../chaincodeSupport.ts';
import { type ChaincodePackage, parsePackage } from '../packages/chaincodePackage.ts';
import { readTar } from '../packages/tarArchive.ts';
import { buildFolderName, buildInto, builtBy, checkReachable } from './buildFolder.ts';
import type { ProcessUser } from './childSession.ts';
import type { Environment } from './environment.ts';
import { ExternalBuilder, type ExternalBuilderOptions } from './externalBuilder.ts';
import { buildGoProject, goProgram } from './goProject.ts';
import type { Launchable } from './launchable.ts';
import { buildNodeProject, isNodeProjectWhole, nodeProgram, nodeProjectNeeds } from './nodeProject.ts';
import { parseConnection } from './serviceConnection.ts';

const NODE = 'ftl node';
const GOLANG = 'ftl golang';

export interface BuildOptions {
  /** Where builds are kept; a Go peer's is `externalbuilder/builds` below `peer.fileSystemPath`. */
  readonly folder: string;
  readonly externalBuilders: readonly ExternalBuilderOptions[];
  readonly environment: Environment;
  /** As whom chaincode is built and runs; null: as whom the peer runs. */
  readonly user: ProcessUser | null;
  /** Stand for `{{.name}}` in `connection.json` of services. */
  readonly serviceNames: Readonly<Record<string, string>>;
}

/** Makes installed packages ready to run, once each; builds outlive the peer. */
export class ChaincodeBuilds {
  readonly #options: BuildOptions;
  readonly #packages: PackageStore;
  readonly #builders: readonly ExternalBuilder[];
  readonly #building = new Map<string, Promise<Launchable>>();

  constructor(options: BuildOptions, modules: { readonly packages: PackageStore }) {
    this.#options = options;
    this.#packages = modules.packages;
    this.#builders = options.externalBuilders.map((one) => new ExternalBuilder(one, options.environment));
  }

  /**
   * Builds what is not built. Whoever asks for the same package meanwhile waits for the same build.
   * @throws ChaincodeError `not_installed`, `build_failed`, `bad_package`, `launch_failed`
   */
  launchable(packageId: string, signal: AbortSignal): Promise<Launchable> {
    let building = this.#building.get(packageId);
    if (building === undefined) {
      building = this.#prepare(packageId, signal).finally(() => this.#building.delete(packageId));
      this.#building.set(packageId, building);
    }
    return building;
  }

  async #prepare(packageId: string, signal: AbortSignal): Promise<Launchable> {
    try {
      return await this.#buildOrFind(packageId, signal);
    } catch (cause) {
      if (cause instanceof ChaincodeError) {
        throw cause;
      }
      throw new ChaincodeError('build_failed', messageOf(cause), { cause });
    }
  }

  async #buildOrFind(packageId: string, signal: AbortSignal): Promise<Launchable> {
    const folder = join(this.#options.folder, buildFolderName(packageId));
    const one = await parsePackage(await this.#packages.load(packageId));
    const made = await builtBy(folder);
    if (made !== null && !made.startsWith('ftl ')) {
      const builder = this.#builders.find(({ name }) => name === made);
      if (builder === undefined) {
        throw new ChaincodeError(
          'build_failed',
          `chaincode '${packageId}' was already built with builder '${made}', but that builder is no longer available`,
        );
      }
      return builder.launchable(folder, packageId);
    }
    const type = one.metadata.type.toLowerCase();
    if (made === null) {
      for (const builder of this.#builders) {
        if (await buildInto(folder, builder.name, (scratch) => builder.build(one, scratch, signal))) {
          return builder.launchable(folder, packageId);
        }
      }
    }
    const programs = { environment: this.#options.environment, user: this.#options.user, signal };
    switch (type) {
      case 'ccaas':
        return { kind: 'service', service: parseConnection(await connectionOf(one), this.#options.serviceNames) };
      case 'node':
        if (made !== NODE || !(await isNodeProjectWhole(folder))) {
          await buildInto(folder, NODE, (scratch) => buildNodeProject(one.code, scratch, programs));
        }
        for (const path of [folder, ...(await nodeProjectNeeds(folder))]) {
          await checkReachable(path, this.#options.user);
        }
        return nodeProgram(folder, packageId, programs);
      case 'golang':
        if (made !== GOLANG) {
          await buildInto(folder, GOLANG, (scratch) => buildGoProject(one.code, one.metadata.path, scratch, programs));
        }
        await checkReachable(folder, this.#options.user);
        return goProgram(folder, packageId, programs);
      default:
        throw new ChaincodeError(
          'build_failed',
          `no external builder took the package, and chaincode of type '${one.metadata.type}' is not built here: run it as a service (ccaas), or name an external builder`,
        );
    }
  }
}

async function connectionOf(one: ChaincodePackage): Promise<Uint8Array> {
  for await (const { name, bytes } of readTar(one.code)) {
    if (name === 'connection.json') {
      return bytes;
    }
  }
  throw new ChaincodeError('bad_package', 'connection.json not found in source folder');
}
