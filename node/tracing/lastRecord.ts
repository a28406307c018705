import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { StreamEnd } from './recordChain.ts';

/** Records of large blocks are long; what is longer than this is none of ours. */
const MAX_TAIL = 16 * 1024 * 1024;
const FIRST_TAIL = 64 * 1024;
const LINE_FEED = 10;

/** How a file of records ends. */
export interface FileEnd {
  /** The last whole record; null where there is none. */
  readonly end: StreamEnd | null;
  /** Whether the file's last line has no end. */
  readonly torn: boolean;
}

/** @returns what a file, or if that holds no record the one before it, ends with */
export function lastRecord(path: string): FileEnd {
  const current = fileEnd(path);
  return current.end === null ? { ...current, end: fileEnd(`${path}.1`).end } : current;
}

function fileEnd(path: string): FileEnd {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return { end: null, torn: false };
  }
  try {
    const { size } = fstatSync(descriptor);
    for (let length = Math.min(FIRST_TAIL, size); ; length = Math.min(length * 4, size, MAX_TAIL)) {
      const tail = Buffer.alloc(length);
      readSync(descriptor, tail, 0, length, size - length);
      const torn = length > 0 && tail[length - 1] !== LINE_FEED;
      const end = lastEnd(tail, length === size);
      if (end !== null || length === size || length >= MAX_TAIL) {
        return { end, torn };
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

/** @param whole whether the first line of the tail begins where the file does */
function lastEnd(tail: Buffer, whole: boolean): StreamEnd | null {
  for (let to = tail.lastIndexOf(LINE_FEED); to >= 0; ) {
    const from = to === 0 ? -1 : tail.lastIndexOf(LINE_FEED, to - 1);
    if (from < 0 && !whole) {
      return null;
    }
    const end = endOf(tail.toString('utf8', from + 1, to));
    if (end !== null || from < 0) {
      return end;
    }
    to = from;
  }
  return null;
}

function endOf(line: string): StreamEnd | null {
  try {
    const { ftl } = JSON.parse(line) as { ftl?: Partial<StreamEnd> };
    const { stream, seq, chain } = ftl ?? {};
    return typeof stream === 'string' && typeof seq === 'number' && typeof chain === 'string'
      ? { stream, seq, chain }
      : null;
  } catch {
    return null;
  }
}
