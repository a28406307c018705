import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';

/** As whom a program runs. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
}

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All that it has: nothing of the peer's own environment is passed on. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null: as whom the peer runs. */
  readonly user: ProcessUser | null;
  readonly onLine?: (line: string) => void;
  /** Whether it ends with the peer even when that is killed. Default false. */
  readonly guarded?: boolean;
  /** Awaited before `exited` tells of its end. */
  readonly cleanUp?: () => Promise<void>;
}

const TAIL_LINES = 20;
const MAX_LINE = 2000;
/** Between asking a program to end and making it. Fabric's external launcher waits as long. */
const TERM_MS = 5000;

/**
 * Becomes the program, having left one process behind that waits for the end of its input, which the peer holds: once the peer is gone,
 * in whatever way, the whole group ends.
 */
const GUARD = 'exec 3<&0; (read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & exec 3<&-; exec "$0" "$@" </dev/null';

/** A program that the peer started, with all that it starts itself: they end together. */
export class ChildSession {
  /** Resolves when it ended: exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  #hasExited = false;

  private constructor(child: ChildProcess, { onLine = () => {}, cleanUp }: ChildOptions) {
    this.#child = child;
    const exited = new Promise<number | string>((resolve) => {
      child.once('exit', (code, signal) => {
        // What it started and left behind ends with it, and lets go of its output.
        this.#signal('SIGKILL');
        this.#hasExited = true;
        child.once('close', () => resolve(code ?? signal ?? -1));
      });
    });
    this.exited = exited.then(async (code) => {
      await cleanUp?.().catch(() => {});
      return code;
    });
    child.stdin?.on('error', () => {});
    for (const stream of [child.stdout, child.stderr]) {
      this.#follow(stream as Readable, onLine);
    }
  }

  /** @throws ChaincodeError `launch_failed` where there is no such program */
  static async start(options: ChildOptions): Promise<ChildSession> {
    const guarded = options.guarded === true && process.platform !== 'win32';
    const [command, args] = guarded
      ? ['/bin/sh', ['-c', GUARD, options.command, ...options.args]]
      : [options.command, options.args];
    let child: ChildProcess;
    try {
      child = spawn(command, args, {
        cwd: options.cwd,
        env: options.environment,
        stdio: [guarded ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        // Its own process group: one signal reaches what it started.
        detached: true,
        ...options.user,
      });
      const session = new ChildSession(child, options);
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      return session;
    } catch (cause) {
      throw new ChaincodeError('launch_failed', `${options.command} could not be started: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The last lines that it printed. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  /** Asks the program to end, makes it end when it does not, and resolves when it is gone. */
  async stop(graceMs = TERM_MS): Promise<void> {
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  #signal(name: NodeJS.Signals): void {
    if (this.#hasExited) {
      return;
    }
    try {
      process.kill(-this.pid, name);
    } catch {
      // It ended meanwhile.
    }
  }

  #follow(stream: Readable, onLine: (line: string) => void): void {
    let rest = '';
    const take = (line: string): void => {
      this.#tail.push(line);
      if (this.#tail.length > TAIL_LINES) {
        this.#tail.shift();
      }
      onLine(line);
    };
    stream.setEncoding('utf8');
    stream.on('error', () => {});
    stream.on('data', (text: string) => {
      const lines = (rest + text).split(/\r?\n/);
      // A line without an end takes no more memory than one with.
      rest = (lines.pop() as string).slice(0, MAX_LINE);
      for (const line of lines) {
        take(line.slice(0, MAX_LINE));
      }
    });
    stream.on('end', () => {
      if (rest !== '') {
        take(rest);
      }
    });
  }
}
