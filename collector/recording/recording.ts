import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One line of one node's log, with its time. */
export interface RecordedLine {
  /** Milliseconds since 1970, as the log says. */
  readonly at: number;
  /** File name without `.gz`. */
  readonly file: string;
  readonly text: string;
}

export interface Recording {
  /** In the order of their times; lines without a time of their own keep their place behind the line before. */
  readonly lines: readonly RecordedLine[];
  /** Raw blocks by number. */
  readonly blocks: ReadonlyMap<number, Buffer>;
}

const TIMED = /"ts":(\d+(?:\.\d+)?)/;
const CONSOLE_TIME = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC/;

/**
 * Reads a recorded network: `logs/*.log[.gz]` and `blocks/*_<number>.pb[.gz]`.
 * @throws Error of the file system if the folder is not there
 */
export function readRecording(folder: string): Recording {
  const lines: RecordedLine[] = [];
  for (const name of readdirSync(join(folder, 'logs'))
    .filter((entry) => /\.log(\.gz)?$/.test(entry))
    .toSorted()) {
    const file = basename(name, '.gz');
    let at = 0;
    for (const text of unpack(join(folder, 'logs', name))
      .toString('utf8')
      .split('\n')) {
      if (text === '') continue;
      at = timeOf(text) ?? at;
      lines.push({ at, file, text });
    }
  }
  lines.sort((a, b) => a.at - b.at);
  const blocks = new Map<number, Buffer>();
  for (const name of readdirSync(join(folder, 'blocks'))) {
    const number = /_(\d+)\.(?:pb|block)(?:\.gz)?$/.exec(name)?.[1];
    if (number !== undefined) blocks.set(Number(number), unpack(join(folder, 'blocks', name)));
  }
  return { lines, blocks };
}

/** The time a line begins with, in milliseconds; null for continuation lines. */
export function timeOf(line: string): number | null {
  const seconds = TIMED.exec(line)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const match = CONSOLE_TIME.exec(line);
  return match ? Date.parse(`${match[1]}T${match[2]}Z`) : null;
}

/** The same line, `shift` milliseconds later: only its own time stamp is touched. */
export function shiftLine(line: string, shift: number): string {
  if (line.startsWith('{')) {
    return line.replace(TIMED, (_, seconds: string) => `"ts":${(Number(seconds) + shift / 1000).toFixed(6)}`);
  }
  return line.replace(CONSOLE_TIME, (_, date: string, time: string) => {
    const moved = new Date(Date.parse(`${date}T${time}Z`) + shift).toISOString();
    return `${moved.slice(0, 10)} ${moved.slice(11, 23)} UTC`;
  });
}

function unpack(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}
