import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { CONTRACT } from './chaincodeBed.ts';

const CLI = createRequire(import.meta.url).resolve('fabric-shim/cli.js');

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The contract as a service in a process of its own. */
export class ContractService {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it takes connections. */
  static async start(address: string, packageId: string, more: readonly string[] = []): Promise<ContractService> {
    const child = spawn(
      process.execPath,
      [CLI, 'server', '--chaincode-address', address, '--chaincode-id', packageId, ...more],
      { cwd: CONTRACT, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] },
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
      child.once('exit', (code) => reject(new Error(`the contract's service ended with ${code}: ${printed}`)));
    });
    return new ContractService(child);
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
