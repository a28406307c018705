import type { ChildProcess } from 'node:child_process';
import { type Finished, finished, spawnFtl } from './ftlProcess.ts';

/** Of a node's log, on standard error. */
export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** For tests: a node in a process of its own, as an operator starts it. Who starts it stops it. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Finished>;
  #log = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#child = spawnFtl(args, { environment });
    this.#child.stderr?.on('data', (text: Buffer | string) => (this.#log += String(text)));
    this.#ended = finished(this.#child);
  }

  get log(): readonly LogLine[] {
    const whole = this.#log.slice(0, this.#log.lastIndexOf('\n') + 1);
    return whole.split('\n').flatMap((line) => (line.startsWith('{') ? (JSON.parse(line) as LogLine) : []));
  }

  /** Resolves when it says so. @throws what it said at its end */
  async says(message: RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.log.some(({ msg }) => message.test(msg))) {
        resolve();
      }
    };
    this.#child.stderr?.on('data', look);
    look();
    void this.#ended.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)));
    await promise;
  }

  /** May be called again. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.#child.kill(signal);
    return this.#ended;
  }
}
