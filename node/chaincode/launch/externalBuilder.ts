import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import type { ChaincodePackage } from '../packages/chaincodePackage.ts';
import { launchFolder, unpack } from './buildFolder.ts';
import { ChildSession } from './childSession.ts';
import { type Environment, runEnvironment } from './environment.ts';
import type { Launchable, PeerConnection } from './launchable.ts';
import { parseConnection } from './serviceConnection.ts';

/** An entry of `chaincode.externalBuilders`. */
export interface ExternalBuilderOptions {
  readonly name: string;
  /** Its programs are in `bin` below. */
  readonly path: string;
  /** Variables of the peer's environment that its programs may see. */
  readonly propagateEnvironment?: readonly string[];
}

/**
 * Programs of the operator that build and run chaincode (core/container/externalbuilder). They run as the peer does: they are a part of
 * its installation.
 *
 * `detect SOURCE METADATA` says with 0 that it takes the package; `build SOURCE METADATA OUTPUT`; `release OUTPUT RELEASE`, which may be
 * absent; `run OUTPUT RUN_METADATA` as long as the chaincode lives. A `chaincode/server/connection.json` in RELEASE makes it a service,
 * for which nothing is run.
 */
export class ExternalBuilder {
  readonly name: string;
  readonly #path: string;
  readonly #environment: Record<string, string>;

  constructor(options: ExternalBuilderOptions, peer: Environment) {
    this.name = options.name;
    this.#path = options.path;
    this.#environment = runEnvironment(peer, options.propagateEnvironment);
  }

  /**
   * Leaves `bld` and `release` in the folder.
   * @returns false where it does not take the package
   * @throws ChaincodeError `build_failed`
   */
  async build(one: ChaincodePackage, scratch: string, signal: AbortSignal): Promise<boolean> {
    const [source, metadata, output, release] = ['src', 'metadata', 'bld', 'release'].map((name) =>
      join(scratch, name),
    ) as [string, string, string, string];
    await Promise.all([source, metadata, output, release].map((folder) => mkdir(folder, { recursive: true })));
    await unpack(one.code, source);
    await writeFile(join(metadata, 'metadata.json'), one.metadataBytes);
    const detected = await this.#run('detect', [source, metadata], scratch, signal).catch(() => false);
    if (detected !== false) {
      await this.#run('build', [source, metadata, output], scratch, signal);
      if (await isProgram(this.#program('release'))) {
        await this.#run('release', [output, release], scratch, signal);
      }
    }
    await Promise.all([source, metadata].map((folder) => rm(folder, { recursive: true, force: true })));
    return detected !== false;
  }

  /** @throws ChaincodeError `bad_package` */
  async launchable(folder: string, packageId: string): Promise<Launchable> {
    const file = join(folder, 'release', 'chaincode', 'server', 'connection.json');
    const connection = await readFile(file).catch(() => null);
    return connection === null
      ? { kind: 'program', start: (peer, onLine) => this.#launch(folder, packageId, peer, onLine) }
      : { kind: 'service', service: parseConnection(connection) };
  }

  async #launch(
    folder: string,
    packageId: string,
    { address, tls, mspId }: PeerConnection,
    onLine: (line: string) => void,
  ): Promise<ChildSession> {
    const metadata = await launchFolder(folder, null);
    const remove = (): Promise<void> => rm(metadata, { recursive: true, force: true });
    try {
      const config = {
        chaincode_id: packageId,
        peer_address: address,
        client_cert: tls?.client.certificate ?? '',
        client_key: tls?.client.key ?? '',
        root_cert: tls?.root ?? '',
        mspid: mspId,
      };
      await writeFile(join(metadata, 'chaincode.json'), JSON.stringify(config), { mode: 0o600 });
      return await ChildSession.start({
        command: this.#program('run'),
        args: [join(folder, 'bld'), metadata],
        cwd: folder,
        environment: this.#environment,
        user: null,
        onLine,
        guarded: true,
        cleanUp: remove,
      });
    } catch (error) {
      await remove();
      throw error;
    }
  }

  #program(name: string): string {
    return join(this.#path, 'bin', name);
  }

  async #run(name: string, args: readonly string[], cwd: string, signal: AbortSignal): Promise<void> {
    let session: ChildSession;
    try {
      session = await ChildSession.start({
        command: this.#program(name),
        args,
        cwd,
        environment: this.#environment,
        user: null,
      });
    } catch (cause) {
      throw new ChaincodeError('build_failed', `external builder '${this.name}' failed: ${messageOf(cause)}`, {
        cause,
      });
    }
    const onAbort = (): void => void session.stop();
    signal.addEventListener('abort', onAbort, { once: true });
    const code = await session.exited;
    signal.removeEventListener('abort', onAbort);
    if (code !== 0) {
      throw new ChaincodeError(
        'build_failed',
        `external builder '${this.name}' failed: ${name} ended with ${code}:\n${session.tail}`,
      );
    }
  }
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
