import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { NetworkError } from './networkError.ts';
import { processIdentity } from './processIdentity.ts';

export interface ProcessSpec {
  /** For messages. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What it prints is appended to this file. */
  readonly log: string;
  /** Where its number is kept. */
  readonly pid: string;
}

/** A process that was started here, or by an earlier command. */
export interface NetworkProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the reason when it ends; never for one that an earlier command started. */
  readonly ended: Promise<string>;
}

const kept = z.object({ pid: z.int().positive(), identity: z.string() });
const POLL_MS = 50;
const LOG_TAIL_BYTES = 4096;
const LOG_BYTES = 10 * 1024 * 1024;

/** Starts a process that outlives this one. @throws NetworkError `io` */
export async function startProcess(spec: ProcessSpec): Promise<NetworkProcess> {
  mkdirSync(dirname(spec.log), { recursive: true });
  mkdirSync(dirname(spec.pid), { recursive: true });
  const log = openLog(spec.log);
  try {
    const child = spawn(spec.program, spec.args, {
      cwd: spec.folder,
      env: { ...inherited(), ...spec.environment },
      stdio: ['ignore', log, log],
      detached: true,
      windowsHide: true,
    });
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const { promise: spawned, resolve: onSpawn, reject: onError } = Promise.withResolvers<void>();
    child.once('spawn', onSpawn);
    child.once('error', onError);
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with status ${code}` : `was ended by ${signal}`),
    );
    await spawned;
    const { pid } = child;
    const identity = pid === undefined ? null : await processIdentity(pid);
    if (pid === undefined || identity === null) {
      throw new NetworkError('not_ready', `${spec.name} ended at once; ${logTail(spec.log)}`);
    }
    const partial = `${spec.pid}.partial`;
    writeFileSync(partial, JSON.stringify({ pid, identity }));
    renameSync(partial, spec.pid);
    child.unref();
    return { name: spec.name, pid, ended };
  } catch (cause) {
    if (cause instanceof NetworkError) {
      throw cause;
    }
    throw new NetworkError('io', `${spec.name} cannot be started: ${textOf(cause)}`, { cause });
  } finally {
    closeSync(log);
  }
}

/** A log that has grown is put aside, in place of the one that was put aside before. */
function openLog(file: string): number {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) {
    renameSync(file, `${file}.1`);
  }
  return openSync(file, 'a');
}

/** Number of the process that a file speaks of, if that very process still runs; a stale file is taken for none. */
export async function runningProcess(pidFile: string): Promise<number | null> {
  let text: string;
  try {
    text = readFileSync(pidFile, 'utf8');
  } catch {
    return null;
  }
  const parsed = kept.safeParse(jsonOf(text));
  if (!parsed.success) {
    return null;
  }
  const { pid, identity } = parsed.data;
  return (await processIdentity(pid)) === identity ? pid : null;
}

/**
 * Asks a process to end, and ends it where it has not after `graceMs`. Resolves when it is gone.
 * @returns whether it ran
 */
export async function stopProcess(pidFile: string, graceMs: number): Promise<boolean> {
  const pid = await runningProcess(pidFile);
  if (pid !== null) {
    kill(pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    let forced = false;
    while ((await runningProcess(pidFile)) === pid) {
      if (!forced && Date.now() > deadline) {
        kill(pid, 'SIGKILL');
        forced = true;
      }
      await delay(POLL_MS);
    }
  }
  rmSync(pidFile, { force: true });
  return pid !== null;
}

/** Whether a process still runs is what counts: one that has gone in between is no error. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw new NetworkError('foreign_process', `process ${pid} cannot be ended: ${textOf(error)}`, { cause: error });
    }
  }
}

/** The last lines of a log, for messages. */
export function logTail(file: string): string {
  try {
    const { size } = statSync(file);
    const text = readFileSync(file)
      .subarray(Math.max(0, size - LOG_TAIL_BYTES))
      .toString('utf8')
      .trim();
    return text === '' ? `${file} is empty` : `the end of ${file}:\n${text.split('\n').slice(-8).join('\n')}`;
  } catch {
    return `there is no ${file}`;
  }
}

/** What a shell has set for Fabric's commands must not reach the nodes: they have their own configuration. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(?:CORE|ORDERER|FTL|CHAINCODE)_|^FABRIC_CFG_PATH$/.test(key)),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
