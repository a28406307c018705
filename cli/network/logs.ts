import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { NetworkError } from '#node/network/networkError.ts';
import { type ProcessFiles, processFiles } from '#node/network/nodeProcesses.ts';
import { untilInterrupted } from '../untilInterrupted.ts';

const POLL_MS = 200;
/** What is looked at for the last lines. */
const TAIL_BYTES = 4 * 1024 * 1024;

export interface LogsOptions {
  /** A part of the names; empty for all. */
  readonly node: string;
  readonly lines: number;
  readonly follow: boolean;
}

export async function logsCommandRun(dir: string, { node, lines, follow }: LogsOptions): Promise<void> {
  const folder = new NetworkFolder(resolve(dir));
  const files = processFiles(folder, folder.read()).filter(({ name }) => name.includes(node));
  if (files.length === 0) {
    throw new NetworkError('not_found', `no node of this network is called ${node}`);
  }
  const tails = files.map((file) => new LogTail(file, files.length > 1));
  for (const tail of tails) {
    tail.printLast(lines);
  }
  if (follow) {
    const interrupted = untilInterrupted();
    for (let over = false; !over; ) {
      for (const tail of tails) {
        tail.printNew();
      }
      over = await Promise.race([interrupted.then(() => true), delay(POLL_MS, false)]);
    }
  }
}

/** Prints a growing file by whole lines. */
class LogTail {
  readonly #file: string;
  readonly #prefix: string;
  #position = 0;
  #rest = Buffer.alloc(0);

  constructor({ name, log }: ProcessFiles, named: boolean) {
    this.#file = log;
    this.#prefix = named ? `${name} | ` : '';
  }

  printLast(lines: number): void {
    this.#position = Math.max(0, this.#size() - TAIL_BYTES);
    this.#print(this.#read().slice(-lines || Infinity));
  }

  printNew(): void {
    // Smaller than before: it is another file.
    if (this.#size() < this.#position) {
      this.#position = 0;
      this.#rest = Buffer.alloc(0);
    }
    this.#print(this.#read());
  }

  #size(): number {
    return existsSync(this.#file) ? statSync(this.#file).size : 0;
  }

  #read(): string[] {
    const size = this.#size();
    if (size <= this.#position) {
      return [];
    }
    const buffer = Buffer.alloc(size - this.#position);
    const file = openSync(this.#file, 'r');
    const read = readSync(file, buffer, 0, buffer.length, this.#position);
    closeSync(file);
    this.#position += read;
    const all = Buffer.concat([this.#rest, buffer.subarray(0, read)]);
    const end = all.lastIndexOf(0x0a) + 1;
    this.#rest = Buffer.from(all.subarray(end));
    return all.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  }

  #print(lines: readonly string[]): void {
    if (lines.length > 0) {
      process.stdout.write(`${lines.map((line) => `${this.#prefix}${line}`).join('\n')}\n`);
    }
  }
}
