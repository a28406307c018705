import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const PROGRAMS = ['peer', 'orderer', 'osnadmin', 'configtxgen', 'configtxlator', 'cryptogen'] as const;
export type Program = (typeof PROGRAMS)[number];

const LIMIT_MS = 60_000;

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Go Fabric's programs of one release. */
export class GoTools {
  readonly folder: string;
  readonly release: string;

  private constructor(folder: string, release: string) {
    this.folder = folder;
    this.release = release;
  }

  /** Of each folder in FABRIC_BIN, which are separated as in PATH. @throws Error where a program is not there */
  static async all(): Promise<readonly GoTools[]> {
    const folders = (process.env['FABRIC_BIN'] ?? '').split(delimiter).filter((folder) => folder !== '');
    return Promise.all(folders.map((folder) => GoTools.in(folder)));
  }

  static async in(folder: string): Promise<GoTools> {
    const missing = PROGRAMS.filter((program) => !existsSync(join(folder, program)));
    if (missing.length > 0) {
      throw new Error(`FABRIC_BIN: ${folder} has no ${missing.join(', no ')}`);
    }
    const { stdout } = await new GoTools(folder, '').run('peer', ['version']);
    return new GoTools(folder, /Version: v?(\S+)/.exec(stdout)?.[1] ?? 'unknown');
  }

  path(program: Program): string {
    return join(this.folder, program);
  }

  /** Runs a program to its end, whatever that is. */
  attempt(program: Program, args: readonly string[], environment: Environment = {}): Promise<CommandResult> {
    const { promise, resolve } = Promise.withResolvers<CommandResult>();
    execFile(
      this.path(program),
      [...args],
      { env: goEnvironment(environment), timeout: LIMIT_MS, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ status, stdout, stderr });
      },
    );
    return promise;
  }

  /** @throws Error with what it said, where it fails */
  async run(program: Program, args: readonly string[], environment: Environment = {}): Promise<CommandResult> {
    const result = await this.attempt(program, args, environment);
    if (result.status !== 0) {
      throw new Error(`${program} ${args.join(' ')} ended with ${result.status}: ${result.stderr}${result.stdout}`);
    }
    return result;
  }
}

export type Environment = Readonly<Record<string, string>>;

/** The caller's own Fabric and FTL settings must not reach a test. */
export function goEnvironment(environment: Environment): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    FABRIC_LOGGING_SPEC: 'warning',
    FABRIC_LOGGING_FORMAT: '%{message}',
    ...environment,
  };
}
