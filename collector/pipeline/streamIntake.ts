import { isAscii } from 'node:buffer';
import type { Decoded, StreamDecoder } from '../decoders/decoder.ts';
import { messageOf } from '../errors.ts';
import type { CollectorMetrics } from '../metrics.ts';
import type { LineHandler } from '../sources/lineSplitter.ts';
import type { Batcher, CheckpointSource } from './batcher.ts';
import type { DeadLetters } from './deadLetters.ts';
import { contentId, RecordIds } from './recordId.ts';

export interface IntakeOptions {
  /** Key of the stream's checkpoint; null if it can't be resumed. */
  readonly key: string | null;
  /** Stands in for `service.node.name` in record IDs. */
  readonly name: string;
  /** The file in work, for dead letters. */
  readonly file: () => string;
  /** Where the source stands, plain data; asked between two lines. */
  readonly position: () => object;
  readonly lineNumber: () => number;
}

export interface IntakeModules {
  readonly decoder: StreamDecoder;
  readonly batcher: Batcher;
  readonly deadLetters: DeadLetters;
  readonly metrics: CollectorMetrics;
}

/**
 * Where one stream's lines enter the pipeline: line → text → decoder → records with IDs → batch. All of it synchronous, a
 * line at a time; a source waits between chunks (`room`), never between lines.
 */
export class StreamIntake implements LineHandler, CheckpointSource {
  readonly #options: IntakeOptions;
  readonly #modules: IntakeModules;
  readonly #ids = new RecordIds();
  #ascii = false;
  #lines = 0;
  #bytes = 0;

  constructor(options: IntakeOptions, modules: IntakeModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Tells that `chunk[0, length)` is about to be split: one look at the whole spares a look at every line. */
  beginChunk(chunk: Buffer, length: number): void {
    this.#ascii = isAscii(length === chunk.length ? chunk : chunk.subarray(0, length));
    this.#bytes += length;
  }

  endChunk(): void {
    this.#ascii = false;
    this.#modules.metrics.lines.inc(this.#lines);
    this.#modules.metrics.bytes.inc(this.#bytes);
    this.#lines = 0;
    this.#bytes = 0;
  }

  line(bytes: Buffer, start: number, end: number, offset: number): void {
    this.#lines++;
    if (end > start) {
      const text = bytes.toString(this.#ascii ? 'latin1' : 'utf8', start, end);
      const decoded = this.#decode(text);
      if (decoded.records.length > 0) this.#add(decoded, bytes, start, end);
      if (decoded.dead !== undefined) this.#bury(decoded.dead.code, decoded.dead.reason, text, offset);
    }
    this.#modules.batcher.lineDone(this);
  }

  /** A line that came as text, without its line end. Its records have the same IDs as if it had been read from the file. */
  text(line: string, offset: number | undefined): void {
    this.#lines++;
    this.#bytes += line.length;
    if (line !== '') {
      const decoded = this.#decode(line);
      if (decoded.records.length > 0) {
        const bytes = Buffer.from(line);
        this.#add(decoded, bytes, 0, bytes.length);
      }
      if (decoded.dead !== undefined) this.#bury(decoded.dead.code, decoded.dead.reason, line, offset);
    }
    this.#modules.batcher.lineDone(this);
  }

  tooLong(head: Buffer, length: number, offset: number): void {
    this.#lines++;
    this.#bury('too_long', `line of ${length} bytes`, head.toString('utf8'), offset, length);
    this.#modules.batcher.lineDone(this);
  }

  /** The stream is over or has paused for good: what waited for a continuation line comes out. */
  flush(): void {
    const decoded: Decoded = this.#modules.decoder.flush();
    for (const record of decoded.records) {
      const name = record['service.node.name'] ?? this.#options.name;
      this.#modules.batcher.add({ id: contentId(name, JSON.stringify(record)), record });
    }
    if (decoded.dead !== undefined) this.#bury(decoded.dead.code, decoded.dead.reason, '', undefined);
    this.#modules.batcher.lineDone(this);
  }

  /** What comes now is of another file, or of one read anew: it may be older than what came before. */
  newFile(): void {
    this.#modules.decoder.newFile?.();
  }

  /** The source moved without a line (a new file was opened, the end of one reached). */
  moved(): void {
    this.#modules.batcher.lineDone(this);
  }

  /** A file, or the rest of it, that can't be read. */
  buryFile(code: string, reason: string, offset?: number): void {
    this.#bury(code, reason, '', offset);
  }

  room(): Promise<void> | undefined {
    return this.#modules.batcher.room() ?? this.#modules.deadLetters.room();
  }

  checkpoint(): readonly [string, string] | null {
    if (this.#options.key === null) return null;
    return [
      this.#options.key,
      JSON.stringify({ ...this.#options.position(), decoder: this.#modules.decoder.snapshot() }),
    ];
  }

  #add(decoded: Decoded, bytes: Buffer, start: number, end: number): void {
    if (decoded.line === undefined) {
      this.#addWithIds(decoded, bytes, start, end);
    } else {
      const inner = Buffer.from(decoded.line);
      this.#addWithIds(decoded, inner, 0, inner.length);
    }
  }

  #addWithIds({ records, earlier = 0 }: Decoded, bytes: Buffer, start: number, end: number): void {
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      const name = record['service.node.name'] ?? this.#options.name;
      // What an earlier entry said must not hang on the line that happens to follow it.
      const id =
        index < earlier
          ? contentId(name, JSON.stringify(record))
          : this.#ids.of(name, bytes, start, end, index - earlier);
      this.#modules.batcher.add({ id, record });
    }
  }

  /** A decoder promises not to throw; should one do so, the stream goes on all the same. */
  #decode(text: string): Decoded {
    try {
      return this.#modules.decoder.line(text);
    } catch (error) {
      return { records: [], dead: { code: 'decoder_failed', reason: messageOf(error) } };
    }
  }

  #bury(code: string, reason: string, line: string, offset: number | undefined, length?: number): void {
    this.#modules.deadLetters.add({
      origin: {
        file: this.#options.file(),
        ...(offset === undefined ? {} : { offset, lineNumber: this.#options.lineNumber() }),
      },
      code,
      reason,
      line,
      ...(length === undefined ? {} : { length }),
    });
  }
}
