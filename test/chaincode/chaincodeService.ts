import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const CLI = createRequire(import.meta.url).resolve('fabric-shim/cli.js');

/** A Node chaincode as a service, which peers connect to. */
export class ChaincodeService {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it takes connections. @param address `host:port` @param more arguments of the shim's command */
  static async start(
    folder: string,
    address: string,
    packageId: string,
    more: readonly string[] = [],
  ): Promise<ChaincodeService> {
    const child = spawn(
      process.execPath,
      [CLI, 'server', '--chaincode-address', address, '--chaincode-id', packageId, ...more],
      { cwd: folder, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let printed = '';
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        printed += chunk.toString();
        if (printed.includes('Bootstrap process completed')) {
          resolve();
        }
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => reject(new Error(`the chaincode's service ended with ${code}: ${printed}`)));
    });
    return new ChaincodeService(child);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
  }
}
