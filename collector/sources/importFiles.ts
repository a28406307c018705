import { open, stat } from 'node:fs/promises';
import type { PartialIdentity } from '#trace/identity.ts';
import { BLOCK_HEAD_BYTES, looksLikeBlock } from '../blocks/looksLikeBlock.ts';
import { readBlockFile } from '../blocks/blockFile.ts';
import type { BlockSource } from '../blocks/blockSource.ts';
import { CollectorError, codeOf, messageOf } from '../errors.ts';
import type { DeadLetters } from '../pipeline/deadLetters.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import { type ContentReader, GzipReader, PlainReader } from './contentReader.ts';
import { isGzip } from './fileIdentity.ts';
import { LineSplitter } from './lineSplitter.ts';
import { listFiles } from './listFiles.ts';
import { byAge, streamNameOf, streamPathOf } from './rotation.ts';

export interface ImportProgress {
  readonly files: number;
  readonly filesTotal: number;
  /** On disk, so compressed files count as small as they are. */
  readonly bytes: number;
  readonly bytesTotal: number;
  /** The file in work. */
  readonly file: string;
}

export interface ImportFilesOptions {
  /** Files, globs and folders (with what is below them). */
  readonly paths: readonly string[];
  readonly maxLineBytes: number;
  readonly readBytes: number;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
  readonly ignore: (path: string) => boolean;
  /** Whose file this is, if `nodes.yaml` says so. */
  readonly selfOf: (path: string) => PartialIdentity | undefined;
  /** Whether a line looks like one that some decoder knows: tells logs from other files in a folder. */
  readonly knownLine: (line: string) => boolean;
}

export interface ImportFilesModules {
  readonly pipeline: RecordPipeline;
  readonly blocks: BlockSource;
  readonly deadLetters: DeadLetters;
}

export interface ImportedFiles {
  readonly logs: number;
  readonly blocks: number;
  readonly lines: number;
  /** Neither a block nor a log by their content; only files found in folders are left out. */
  readonly skipped: readonly string[];
  /** Files that could not be read, or not to the end. What could be read is in. */
  readonly errors: readonly { readonly file: string; readonly code: string; readonly reason: string }[];
}

interface Candidate {
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly kind: 'block' | 'log' | 'other';
}

/** Lines at the beginning of a file in a folder, one of which must be known. */
const PEEK_BYTES = 64 * 1024;

/**
 * Reads files once, from beginning to end: blocks first, then logs, a stream's rotated files in the order in which they were
 * written. Needs no checkpoint, since record IDs hang on nothing but content: reading a file again adds nothing.
 *
 * @throws CollectorError `no_such_file` for a path that is not there, `aborted`
 */
export async function importFiles(options: ImportFilesOptions, modules: ImportFilesModules): Promise<ImportedFiles> {
  const run = new ImportRun(options, modules);
  return run.run();
}

class ImportRun {
  readonly #options: ImportFilesOptions;
  readonly #modules: ImportFilesModules;
  readonly #errors: { file: string; code: string; reason: string }[] = [];
  readonly #skipped: string[] = [];
  #files = 0;
  #filesTotal = 0;
  #bytes = 0;
  #bytesTotal = 0;
  #lines = 0;

  constructor(options: ImportFilesOptions, modules: ImportFilesModules) {
    this.#options = options;
    this.#modules = modules;
  }

  async run(): Promise<ImportedFiles> {
    const candidates = await this.#candidates();
    const blocks = candidates.filter((candidate) => candidate.kind === 'block');
    const logs = candidates.filter((candidate) => candidate.kind === 'log');
    this.#filesTotal = blocks.length + logs.length;
    this.#bytesTotal = [...blocks, ...logs].reduce((sum, candidate) => sum + candidate.size, 0);
    for (const block of blocks) await this.#block(block);
    for (const stream of Map.groupBy(logs, (log) => streamPathOf(log.path)).values()) await this.#stream(stream);
    return {
      logs: logs.length,
      blocks: blocks.length,
      lines: this.#lines,
      skipped: this.#skipped,
      errors: this.#errors,
    };
  }

  async #candidates(): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    const known = new Set<string>();
    for (const path of this.#options.paths) {
      const files = await listFiles([path], { recursive: true });
      if (files.length === 0) {
        const there = await stat(path).catch(() => null);
        if (there === null) throw new CollectorError('no_such_file', `${path}: there is no such file or folder`);
      }
      const named = files.length === 1 && (await stat(path).catch(() => null))?.isFile() === true;
      for (const file of files) {
        if (known.has(file) || this.#options.ignore(file)) continue;
        known.add(file);
        await this.#look(file, named, candidates);
      }
    }
    return candidates;
  }

  async #look(path: string, named: boolean, candidates: Candidate[]): Promise<void> {
    this.#checkAbort();
    try {
      const stats = await stat(path, { bigint: true });
      const found = await kindOf(path, this.#options.knownLine);
      const kind = found === 'other' && named ? 'log' : found;
      if (kind === 'other') this.#skipped.push(path);
      candidates.push({ path, size: Number(stats.size), mtimeNs: stats.mtimeNs, kind });
    } catch (error) {
      this.#fail(path, codeOf(error) ?? 'unreadable_file', messageOf(error));
    }
  }

  async #block(candidate: Candidate): Promise<void> {
    this.#checkAbort();
    try {
      const records = this.#modules.blocks.decode(await readBlockFile(candidate.path));
      this.#modules.pipeline.addRecords(records);
    } catch (error) {
      this.#fail(candidate.path, codeOf(error) ?? 'bad_block', messageOf(error));
    }
    await this.#modules.pipeline.room();
    this.#fileDone(candidate);
  }

  async #stream(files: readonly Candidate[]): Promise<void> {
    const path = streamPathOf(files[0]!.path);
    const ordered = files.toSorted((a, b) => {
      // The file that is still written to is the newest, whatever touched it.
      if ((a.path === path) !== (b.path === path)) return a.path === path ? 1 : -1;
      return byAge(a, b);
    });
    const self = this.#options.selfOf(path) ?? this.#options.selfOf(files[0]!.path);
    let file = path;
    let splitter: LineSplitter | null = null;
    const intake = this.#modules.pipeline.openStream({
      key: null,
      name: streamNameOf(path),
      ...(self === undefined ? {} : { self }),
      file: () => file,
      position: () => ({}),
      lineNumber: () => splitter?.lines ?? 0,
    });
    for (const candidate of ordered) {
      file = candidate.path;
      splitter = new LineSplitter(this.#options.maxLineBytes, intake);
      intake.newFile();
      let reader: ContentReader | undefined;
      try {
        reader = await openReader(candidate.path, this.#options.readBytes);
        for (;;) {
          this.#checkAbort();
          await intake.room();
          const chunk = await reader.read();
          if (chunk === null) break;
          intake.beginChunk(chunk, chunk.length);
          splitter.push(chunk);
          intake.endChunk();
          this.#report(candidate.path, Math.min(reader.consumed, candidate.size));
        }
      } catch (error) {
        if (error instanceof CollectorError && error.code === 'aborted') throw error;
        this.#fail(candidate.path, codeOf(error) ?? 'unreadable_file', messageOf(error), splitter.offset);
      } finally {
        await reader?.close();
      }
      splitter.finish();
      this.#lines += splitter.lines;
      this.#fileDone(candidate);
    }
    intake.flush();
  }

  #fail(file: string, code: string, reason: string, offset?: number): void {
    this.#errors.push({ file, code, reason });
    this.#modules.deadLetters.add({
      origin: { file, ...(offset === undefined ? {} : { offset }) },
      code,
      reason,
      line: '',
    });
  }

  #fileDone(candidate: Candidate): void {
    this.#files++;
    this.#bytes += candidate.size;
    this.#report(candidate.path, 0);
  }

  #report(file: string, bytesOfFile: number): void {
    this.#options.onProgress?.({
      files: this.#files,
      filesTotal: this.#filesTotal,
      bytes: this.#bytes + bytesOfFile,
      bytesTotal: this.#bytesTotal,
      file,
    });
  }

  #checkAbort(): void {
    if (this.#options.signal?.aborted === true) throw new CollectorError('aborted', 'the import was stopped');
  }
}

async function openReader(path: string, bufferBytes: number): Promise<ContentReader> {
  const handle = await open(path, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  if (!isGzip(buffer.subarray(0, bytesRead))) return new PlainReader(path, handle, bufferBytes);
  await handle.close();
  return GzipReader.open(path);
}

/** Tells by content what a file is. */
async function kindOf(path: string, knownLine: (line: string) => boolean): Promise<'block' | 'log' | 'other'> {
  const reader = await openReader(path, PEEK_BYTES);
  let head: Buffer = Buffer.alloc(0);
  try {
    while (head.length < PEEK_BYTES) {
      const chunk = await reader.read();
      if (chunk === null) break;
      head = Buffer.concat([head, chunk]);
    }
  } catch {
    // Torn: what there is must do.
  } finally {
    await reader.close();
  }
  if (looksLikeBlock(head.subarray(0, BLOCK_HEAD_BYTES))) return 'block';
  // A log at debug may hold any byte: nodes print messages as they are.
  return head.subarray(0, PEEK_BYTES).toString('utf8').split(/\r?\n/).some(knownLine) ? 'log' : 'other';
}
