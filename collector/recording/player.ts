import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecording, type Recording, shiftLine } from './recording.ts';

export interface PlayerOptions {
  /** Folder of the recording: `logs/`, `blocks/`. */
  readonly recording: string;
  /** Folder to write `logs/` and `blocks/` into, as the recorded nodes did. */
  readonly into: string;
  /** So much of the recording is there at once; the rest follows at the pace at which it happened. Milliseconds. */
  readonly headStart: number;
  /** 1: as it happened. */
  readonly speed?: number;
}

export interface Player {
  /** Globs and folders to give to a collector. */
  readonly logs: string;
  readonly blocks: string;
  /** Settles when the last line is written or the player was stopped. */
  readonly finished: Promise<void>;
  stop(): void;
}

const TICK_MS = 100;
const COMMITTED = /Committed block \[(\d+)\] with/;

/**
 * Plays a recorded network as if it ran now: log lines are appended to files with their times moved, and each block turns up
 * when its first peer has committed it. Blocks keep the times that clients signed, since they cannot be changed.
 */
export function playRecording(options: PlayerOptions): Player {
  const recording = readRecording(options.recording);
  const logs = join(options.into, 'logs');
  const blocks = join(options.into, 'blocks');
  mkdirSync(logs, { recursive: true });
  mkdirSync(blocks, { recursive: true });

  const first = recording.lines.find((line) => line.at > 0)?.at ?? 0;
  const speed = options.speed ?? 1;
  const began = Date.now();
  const shift = began - options.headStart - first;
  const written = new Set<number>();
  let next = 0;

  const playUntil = (time: number): void => {
    const pending = new Map<string, string[]>();
    for (; next < recording.lines.length; next += 1) {
      const line = recording.lines[next];
      if (line === undefined || line.at > time) break;
      const texts = pending.get(line.file) ?? [];
      texts.push(shiftLine(line.text, shift));
      pending.set(line.file, texts);
      writeBlockOf(line.text, recording, blocks, written);
    }
    for (const [file, texts] of pending) appendFileSync(join(logs, file), `${texts.join('\n')}\n`);
  };

  const { promise: finished, resolve } = Promise.withResolvers<void>();
  writeBlock(0, recording, blocks, written);
  playUntil(first + options.headStart);
  const timer = setInterval(() => {
    playUntil(first + options.headStart + (Date.now() - began) * speed);
    if (next >= recording.lines.length) stop();
  }, TICK_MS);
  const stop = (): void => {
    clearInterval(timer);
    resolve();
  };
  return { logs: join(logs, '*.log'), blocks, finished, stop };
}

function writeBlockOf(line: string, recording: Recording, folder: string, written: Set<number>): void {
  const number = COMMITTED.exec(line)?.[1];
  if (number !== undefined) writeBlock(Number(number), recording, folder, written);
}

function writeBlock(number: number, recording: Recording, folder: string, written: Set<number>): void {
  const bytes = recording.blocks.get(number);
  if (bytes === undefined || written.has(number)) return;
  written.add(number);
  // Renamed into place, so that nobody meets half a block.
  const path = join(folder, `block_${number}.pb`);
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}
