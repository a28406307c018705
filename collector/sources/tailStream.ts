import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { codeOf, messageOf } from '../errors.ts';
import type { CollectorMetrics, FileLag } from '../metrics.ts';
import type { StreamIntake } from '../pipeline/streamIntake.ts';
import { GzipReader } from './contentReader.ts';
import {
  type FileLook,
  HEAD_BYTES,
  hashHead,
  lookAt,
  lookAtHandle,
  markOf,
  readHead,
  sameContent,
  sameInode,
} from './fileIdentity.ts';
import { LineSplitter } from './lineSplitter.ts';
import type { ReadBuffers } from './readBuffers.ts';
import { findMarked, type LookCache, rotatedFiles } from './rotation.ts';
import { MAX_DONE, type TailCheckpoint } from './tailCheckpoint.ts';

export interface TailStreamOptions {
  readonly path: string;
  readonly maxLineBytes: number;
  /** Where a stream without a checkpoint begins. */
  readonly start: 'beginning' | 'end';
  readonly checkpoint: TailCheckpoint | null;
}

export interface TailStreamModules {
  readonly buffers: ReadBuffers;
  readonly metrics: CollectorMetrics;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** The file in work. */
interface Segment {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly gzip: GzipReader | null;
  readonly handle: FileHandle | null;
  head: Buffer;
  mtimeNs: bigint;
  /** Opened as the file at the stream's path, which may be truncated under our hands; rotated ones are not. */
  readonly live: boolean;
  /** A later file with content was seen: once more to the end, then on. */
  succeeded: boolean;
  /** State of a torn gzip file when it was reported. */
  tornAt: string;
}

/** `end`: of what is there now; `wait`: nothing to be done before the next look. */
type ReadResult = 'moved' | 'end' | 'wait';

/**
 * Follows one stream: the file at `path` as it grows, is renamed, truncated or replaced, and the rotated files that lie between
 * where a former run stopped and now. One `step` at a time; never two at once.
 */
export class TailStream {
  readonly path: string;
  /** Whether the file at `path` itself is wanted, or only rotated files beside it. */
  follow = false;
  /** Rotated files that are wanted from the beginning, by path. */
  readonly members = new Set<string>();
  readonly #options: TailStreamOptions;
  readonly #modules: TailStreamModules;
  readonly #looks: LookCache = new Map();
  #intake!: StreamIntake;
  #splitter!: LineSplitter;
  #segment: Segment | null = null;
  #done: string[];
  #after: bigint;
  #started = false;
  #behindSince = 0;
  #size = 0;
  #measuredAt = 0;

  constructor(options: TailStreamOptions, modules: TailStreamModules) {
    this.path = options.path;
    this.#options = options;
    this.#modules = modules;
    this.#done = [...(options.checkpoint?.done ?? [])];
    this.#after = BigInt(options.checkpoint?.after ?? 0);
  }

  /** Its lines go here. To be called once, before the first step. */
  connect(intake: StreamIntake): void {
    this.#intake = intake;
    this.#splitter = new LineSplitter(this.#options.maxLineBytes, intake, 0, this.#options.checkpoint?.lines ?? 0);
  }

  /** For dead letters. */
  get file(): string {
    return this.#segment?.path ?? this.path;
  }

  get lines(): number {
    return this.#splitter.lines;
  }

  /** The stream's part of its checkpoint. */
  position(): Omit<TailCheckpoint, 'decoder'> {
    const segment = this.#segment;
    return {
      v: 1,
      file:
        segment === null
          ? null
          : { mark: markOf(segment), mtime: String(segment.mtimeNs), offset: this.#splitter.offset },
      lines: this.#splitter.lines,
      done: this.#done,
      after: String(this.#after),
    };
  }

  lag(): FileLag {
    const bytes = this.#segment?.handle == null ? 0 : Math.max(0, this.#size - this.#splitter.offset);
    const seconds = this.#behindSince === 0 ? 0 : (this.#modules.clock() - this.#behindSince) / 1000;
    return { file: this.path, bytes, seconds };
  }

  /** Reads on; false if there is nothing new for now. */
  async step(): Promise<boolean> {
    if (!this.#started) {
      if (!(await this.#begin())) return false;
      this.#started = true;
    }
    const segment = this.#segment;
    if (segment === null) return this.#openNext();
    const read = await this.#read(segment);
    const moved = read === 'end' ? await this.#atEnd(segment) : read === 'moved';
    if (moved) this.#behindSince ||= this.#modules.clock();
    else this.#behindSince = 0;
    return moved;
  }

  /** Closes the file in work; where the stream stands may still be asked. */
  async close(): Promise<void> {
    await this.#segment?.handle?.close();
    await this.#segment?.gzip?.close();
  }

  // ---- where to begin

  async #begin(): Promise<boolean> {
    const checkpoint = this.#options.checkpoint;
    if (checkpoint?.file != null) return this.#resume(checkpoint.file, checkpoint.lines);
    if (checkpoint === null && this.#options.start === 'end') return this.#beginAtEnd();
    return true;
  }

  async #resume(file: NonNullable<TailCheckpoint['file']>, lines: number): Promise<boolean> {
    const now = await lookAt(this.path);
    if (now !== null && sameInode(now, file.mark) && isContinuation(now, file)) {
      return this.#openSegment(now, true, file.offset, lines);
    }
    const rotated = await rotatedFiles(this.path, this.#looks);
    if (rotated === null) return false;
    const found = findMarked(rotated, file.mark, file.offset);
    if (found !== null) {
      return this.#openSegment(found, false, file.offset, lines);
    }
    this.#after = maxOf(this.#after, BigInt(file.mtime));
    if (file.mark.head > 0) {
      this.#modules.metrics.missedFiles.inc();
      this.#modules.logger.warn(
        { path: this.path, offset: file.offset },
        `${this.path}: the file read so far is gone; reading goes on with what is there`,
      );
    }
    return true;
  }

  async #beginAtEnd(): Promise<boolean> {
    const rotated = await rotatedFiles(this.path, this.#looks);
    if (rotated === null) return false;
    for (const look of rotated) this.#remember(look);
    const now = this.follow ? await lookAt(this.path) : null;
    if (now !== null && !now.gzip) {
      if (!(await this.#openSegment(now, true, await endOfLastLine(now), 0))) return false;
      // From now on it counts, even if nothing is read before the next crash.
      this.#intake.moved();
    }
    return true;
  }

  // ---- the next file

  async #openNext(): Promise<boolean> {
    const unread = await this.#unread();
    if (unread === null) return false;
    const next = unread[0] ?? (this.follow ? await lookAt(this.path) : null);
    if (next === null || (next.gzip && this.#done.includes(doneKey(next.head)))) return false;
    return this.#openSegment(next, unread.length === 0, 0, this.#splitter.lines);
  }

  /** Rotated files of the stream that are still to be read, oldest first. */
  async #unread(): Promise<FileLook[] | null> {
    const rotated = await rotatedFiles(this.path, this.#looks);
    if (rotated === null) return null;
    const current = this.#segment;
    // While nothing was read, a file beside the stream is history unless it was asked for.
    const began = this.#done.length > 0 || this.#after > 0n || current !== null;
    const unread = rotated.filter((look) => {
      if (this.#done.includes(doneKey(look.head))) return false;
      if (current !== null && (sameInode(look, current) || sameContent(markOf(current), look.head))) return false;
      // Clocks of file systems are coarse: what changed in the same tick may be later.
      const later = began && look.mtimeNs >= maxOf(this.#after, current?.mtimeNs ?? 0n);
      return later || (this.members.has(look.path) && this.#done.length < MAX_DONE);
    });
    // A file and its compressed copy side by side: gzip is still at work.
    const plain = new Set(rotated.filter((look) => !look.gzip).map((look) => `${look.path}.gz`));
    return unread.filter((look) => !look.gzip || !plain.has(look.path));
  }

  /** False if the path has got another file since the look; the next step looks again. */
  async #openSegment(look: FileLook, live: boolean, offset: number, lines: number): Promise<boolean> {
    if (look.gzip) {
      const gzip = await GzipReader.open(look.path, offset);
      this.#segment = { ...look, gzip, handle: null, live, succeeded: false, tornAt: '' };
    } else {
      const handle = await open(look.path, 'r');
      const opened = await lookAtHandle(handle, look.path);
      if (!sameInode(opened, look) || !opened.head.subarray(0, look.head.length).equals(look.head)) {
        await handle.close();
        return false;
      }
      this.#size = opened.size;
      this.#segment = { ...opened, gzip: null, handle, live, succeeded: false, tornAt: '' };
    }
    this.#splitter = new LineSplitter(this.#options.maxLineBytes, this.#intake, offset, lines);
    if (offset === 0) this.#intake.newFile();
    this.#modules.logger.debug({ path: look.path, offset, live }, 'reading');
    return true;
  }

  // ---- reading

  async #read(segment: Segment): Promise<ReadResult> {
    await this.#intake.room();
    if (segment.gzip !== null) return this.#readGzip(segment, segment.gzip);
    const handle = segment.handle!;
    const buffer = await this.#modules.buffers.acquire();
    try {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#splitter.readOffset);
      if (bytesRead === 0) return 'end';
      // Only now is it certain that these bytes belong to the file that was open: had it been truncated and written anew
      // before the read, its beginning would have changed by now.
      if (segment.live && !(await this.#checkHead(segment, handle))) {
        await this.#truncated(segment);
        return 'moved';
      }
      this.#take(buffer, bytesRead);
      await this.#measure(handle);
      return 'moved';
    } finally {
      this.#modules.buffers.release(buffer);
    }
  }

  /** How far there is to go, for the lag metric: while behind, a look a second is enough. */
  async #measure(handle: FileHandle): Promise<void> {
    if (this.#splitter.readOffset > this.#size) this.#size = this.#splitter.readOffset;
    const now = this.#modules.clock();
    if (now - this.#measuredAt < 1000) return;
    this.#measuredAt = now;
    this.#size = (await handle.stat()).size;
  }

  async #readGzip(segment: Segment, gzip: GzipReader): Promise<ReadResult> {
    let chunk: Buffer | null;
    try {
      chunk = await gzip.read();
    } catch (error) {
      return (await this.#torn(segment, error)) ? 'moved' : 'wait';
    }
    if (chunk === null) return 'end';
    this.#take(chunk, chunk.length);
    return 'moved';
  }

  #take(chunk: Buffer, length: number): void {
    this.#intake.beginChunk(chunk, length);
    this.#splitter.push(chunk, length);
    this.#intake.endChunk();
  }

  /** A compressed file that ends too early: perhaps it is still being written, so it is looked at again when it changes. */
  async #torn(segment: Segment, error: unknown): Promise<boolean> {
    const now = await lookAt(segment.path);
    const state = now === null ? 'gone' : `${now.size} ${now.mtimeNs}`;
    if (now?.size === 0) return false;
    if (now?.gzip === true && state !== segment.tornAt) {
      if (!(await this.#openSegment(now, segment.live, this.#splitter.offset, this.#splitter.lines))) return false;
      this.#segment!.tornAt = state;
      await segment.gzip?.close();
      return false;
    }
    // Unchanged since the last look: it stays torn, unless it grows while there is nothing else to read.
    if (!segment.succeeded) {
      segment.succeeded = true;
      this.#intake.buryFile('torn_gzip', messageOf(error), this.#splitter.offset);
      this.#intake.moved();
      this.#modules.logger.error(
        { path: segment.path, err: error },
        `${segment.path} is torn; what could be read is kept`,
      );
    }
    const atPath = this.follow ? await statOf(this.path) : null;
    const unread = await this.#unread();
    if (now !== null && (atPath === null || atPath.size === 0n) && (unread === null || unread.length === 0))
      return false;
    await this.#finish(segment);
    return true;
  }

  // ---- at the end of what is there

  async #atEnd(segment: Segment): Promise<boolean> {
    if (segment.gzip !== null) {
      await this.#finish(segment);
      return true;
    }
    if (segment.succeeded) {
      await this.#finish(segment);
      return true;
    }
    const handle = segment.handle!;
    const [own, atPath] = await Promise.all([handle.stat({ bigint: true }), statOf(this.path)]);
    this.#size = Number(own.size);
    if (segment.live) {
      const cut = this.#size < this.#splitter.readOffset;
      if (cut || (own.mtimeNs !== segment.mtimeNs && !(await this.#checkHead(segment, handle)))) {
        await this.#truncated(segment);
        return true;
      }
    }
    segment.mtimeNs = own.mtimeNs;
    if (this.#size > this.#splitter.readOffset) return true;
    if (atPath !== null && sameInode(atPath, segment)) return false;
    if (own.nlink === 0n && atPath === null) {
      await this.#finish(segment);
      return true;
    }
    // Renamed. Its writer may go on with it until a later file has content.
    const unread = await this.#unread();
    segment.succeeded = (this.follow && atPath !== null && atPath.size > 0n) || (unread !== null && unread.length > 0);
    if (segment.succeeded && segment.live) this.#modules.metrics.rotations.inc({ kind: 'renamed' });
    return segment.succeeded;
  }

  /** False if the file does not begin as it did. */
  async #checkHead(segment: Segment, handle: FileHandle): Promise<boolean> {
    const head = await readHead(handle);
    if (head.length < segment.head.length || !head.subarray(0, segment.head.length).equals(segment.head)) return false;
    if (segment.head.length < HEAD_BYTES) segment.head = head;
    return true;
  }

  /** The file was cut or written anew in place. What it held and was not read yet may be in a copy (copytruncate). */
  async #truncated(segment: Segment): Promise<void> {
    const rotated = await rotatedFiles(this.path, this.#looks);
    if (rotated === null) return;
    const offset = this.#splitter.offset;
    const copy = findMarked(rotated, markOf(segment), offset);
    this.#modules.metrics.rotations.inc({ kind: copy === null ? 'truncated' : 'copied' });
    if (copy === null) {
      this.#modules.logger.warn(
        { path: this.path, offset },
        `${this.path} was truncated; what had been added since offset ${offset} can't be read`,
      );
      await this.#finish(segment);
    } else {
      if (await this.#openSegment(copy, false, offset, this.#splitter.lines)) await segment.handle?.close();
    }
  }

  async #finish(segment: Segment): Promise<void> {
    if (segment.handle !== null && !segment.live) {
      // It may have grown after it was opened; the live file's beginning is looked at with every read.
      segment.head = await readHead(segment.handle);
      segment.mtimeNs = (await segment.handle.stat({ bigint: true })).mtimeNs;
    }
    this.#splitter.finish();
    this.#remember(segment);
    this.#segment = null;
    this.#intake.moved();
    await segment.handle?.close();
    await segment.gzip?.close();
  }

  #remember(file: { readonly head: Buffer; readonly mtimeNs: bigint }): void {
    if (file.head.length > 0) this.#done = [...this.#done, doneKey(file.head)].slice(-MAX_DONE);
    this.#after = maxOf(this.#after, file.mtimeNs);
  }
}

function doneKey(head: Buffer): string {
  return `${head.length}:${hashHead(head)}`;
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function isContinuation(look: FileLook, file: NonNullable<TailCheckpoint['file']>): boolean {
  if (file.mark.head === 0) return file.offset === 0;
  return sameContent(file.mark, look.head) && (look.gzip || look.size >= file.offset);
}

async function statOf(path: string): Promise<{ dev: string; ino: string; size: bigint } | null> {
  try {
    const stats = await stat(path, { bigint: true });
    return { dev: String(stats.dev), ino: String(stats.ino), size: stats.size };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Offset after the last line end, so that a line in the making is not read from its middle. */
async function endOfLastLine(look: FileLook): Promise<number> {
  const handle = await open(look.path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(64 * 1024);
    let end = look.size;
    while (end > 0) {
      const start = Math.max(0, end - buffer.length);
      const { bytesRead } = await handle.read(buffer, 0, end - start, start);
      const at = buffer.subarray(0, bytesRead).lastIndexOf(10);
      if (at >= 0) return start + at + 1;
      end = start;
    }
    return 0;
  } finally {
    await handle.close();
  }
}
