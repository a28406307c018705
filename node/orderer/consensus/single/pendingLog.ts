import { writeSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from '#node/ledger/blocks/blockFiles.ts';
import { makeFolder } from '#node/util/makeFolder.ts';
import { OrdererError } from '../../ordererError.ts';

/**
 * What becomes of a message that was acknowledged but is in no block yet:
 *
 * - `none`: it is lost with the process, as in Fabric, where Raft's log begins with blocks;
 * - `written`: it survives the process, whatever ends it, but not a power cut;
 * - `synced`: it survives a power cut too.
 */
export type PendingDurability = 'none' | 'written' | 'synced';

export interface PendingLogOptions {
  readonly folder: string;
  readonly durability: Exclude<PendingDurability, 'none'>;
  /** A file is not filled far beyond. Default 16 MiB. */
  readonly segmentBytes?: number;
}

/** A message that was accepted. */
export interface PendingEntry {
  /** Of all messages of the channel, from 1 on: what blocks name the last one of theirs by. */
  readonly sequence: number;
  readonly kind: 'normal' | 'config';
  /** Sequence of the configuration that it was checked under. */
  readonly configSequence: number;
  /** A serialised `common.Envelope`. */
  readonly envelope: Uint8Array;
}

interface Segment {
  readonly path: string;
  /** Of its last entry; the one before its first where it has none. */
  last: number;
}

const HEADER_BYTES = 21;
const SEGMENT_BYTES = 16 * 1024 * 1024;
const SCRATCH_BYTES = 256 * 1024;
const KINDS = ['normal', 'config'] as const;
const NAME = /^\d{16}\.log$/u;

/**
 * Messages that were acknowledged, on disk until they are in a block: files named by the first sequence that they hold, deleted when
 * the blocks hold all of theirs. A record is CRC-32 of the rest, length, sequence, configuration's sequence, kind and envelope.
 */
export class PendingLog {
  readonly #options: Required<PendingLogOptions>;
  readonly #segments: Segment[];
  #file: FileHandle | null = null;
  #end = 0;
  #damaged = false;
  /** Records are written from here at once: new memory for each write is what V8 would count, and clear away, by the block. */
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  private constructor(options: Required<PendingLogOptions>, segments: Segment[]) {
    this.#options = options;
    this.#segments = segments;
  }

  /**
   * Opens or makes the log. A record that was only partly written, at the very end, is dropped: nobody was told that it was accepted.
   * @param applied sequence of the last message that a block holds
   * @returns the log, and the messages after that one
   * @throws OrdererError `corrupt`
   */
  static async open(
    options: PendingLogOptions,
    applied: number,
  ): Promise<{ readonly log: PendingLog; readonly entries: readonly PendingEntry[] }> {
    const { folder, segmentBytes = SEGMENT_BYTES } = options;
    makeFolder(folder);
    const names = (await readdir(folder)).filter((name) => NAME.test(name)).toSorted();
    const log = new PendingLog({ ...options, segmentBytes }, []);
    const entries: PendingEntry[] = [];
    for (const [index, name] of names.entries()) {
      const path = join(folder, name);
      const bytes = await readFile(path);
      const { found, end } = readRecords(bytes);
      if (end < bytes.length) {
        if (index < names.length - 1) {
          const next = names[index + 1];
          throw new OrdererError('corrupt', `${path} cannot be read from byte ${end} on, and ${next} follows`);
        }
        await truncate(path, end);
      }
      entries.push(...found.filter(({ sequence }) => sequence > applied));
      log.#segments.push({ path, last: found.at(-1)?.sequence ?? Number(name.slice(0, 16)) - 1 });
    }
    // What is appended goes into a file of its own: nothing is ever written behind a torn record.
    await log.#startSegment(Math.max(applied, log.#segments.at(-1)?.last ?? 0) + 1);
    await log.forget(applied);
    return { log, entries };
  }

  /**
   * Appends messages, all or none. Done when they are as durable as the options say. One call at a time.
   * @throws whatever the file system does
   */
  async append(entries: readonly PendingEntry[]): Promise<void> {
    const [first] = entries;
    if (first === undefined) {
      return;
    }
    if (this.#damaged) {
      await this.#repair();
    }
    if (this.#end >= this.#options.segmentBytes) {
      await this.#startSegment(first.sequence);
    }
    const file = this.#file as FileHandle;
    const bytes = encodeRecords(entries, this.#scratch);
    try {
      writeAll(file, bytes, this.#end);
      if (this.#options.durability === 'synced') {
        await file.datasync();
      }
    } catch (error) {
      this.#damaged = true;
      await this.#repair().catch(() => {});
      throw error;
    }
    this.#end += bytes.length;
    (this.#segments.at(-1) as Segment).last = (entries.at(-1) as PendingEntry).sequence;
  }

  /** Deletes files whose messages are all in blocks. @param applied sequence of the last one that is */
  async forget(applied: number): Promise<void> {
    while (this.#segments.length > 1 && (this.#segments[0] as Segment).last <= applied) {
      const { path } = this.#segments.shift() as Segment;
      await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #startSegment(first: number): Promise<void> {
    const path = join(this.#options.folder, `${String(first).padStart(16, '0')}.log`);
    const file = await open(path, 'w');
    if (this.#options.durability === 'synced') {
      await syncFolder(this.#options.folder);
    }
    await this.#file?.close();
    this.#file = file;
    this.#end = 0;
    const again = this.#segments.findIndex((one) => one.path === path);
    if (again >= 0) {
      this.#segments.splice(again, 1);
    }
    this.#segments.push({ path, last: first - 1 });
  }

  /** Takes back what an append that failed has written. */
  async #repair(): Promise<void> {
    await this.#file?.truncate(this.#end);
    this.#damaged = false;
  }
}

/** On this thread: into the system's memory it takes a few microseconds, ten times less than to have another thread do it. */
function writeAll({ fd }: FileHandle, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

/** @param scratch where they go if they fit */
function encodeRecords(entries: readonly PendingEntry[], scratch: Buffer): Buffer {
  const size = entries.reduce((sum, { envelope }) => sum + HEADER_BYTES + envelope.length, 0);
  const bytes = size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const { sequence, kind, configSequence, envelope } of entries) {
    bytes.writeUInt32BE(envelope.length, at + 4);
    bytes.writeUIntBE(sequence, at + 8, 6);
    bytes.writeUIntBE(configSequence, at + 14, 6);
    bytes[at + 20] = KINDS.indexOf(kind);
    bytes.set(envelope, at + HEADER_BYTES);
    const end = at + HEADER_BYTES + envelope.length;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), at);
    at = end;
  }
  return bytes;
}

/** Whole records from the first byte on, and where they end. */
function readRecords(bytes: Buffer): { readonly found: readonly PendingEntry[]; readonly end: number } {
  const found: PendingEntry[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4);
    const kind = KINDS[bytes[at + 20] as number];
    if (end > bytes.length || kind === undefined || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(at)) {
      break;
    }
    found.push({
      sequence: bytes.readUIntBE(at + 8, 6),
      kind,
      configSequence: bytes.readUIntBE(at + 14, 6),
      envelope: new Uint8Array(bytes.subarray(at + HEADER_BYTES, end)),
    });
    at = end;
  }
  return { found, end: at };
}
