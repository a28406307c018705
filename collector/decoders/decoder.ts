import type { PartialIdentity } from '#trace/identity.ts';
import type { TraceRecord } from '#trace/record.ts';

/** Why a line could not become records; such lines go to the dead-letter file. */
export interface DeadLetter {
  /** Stable code, e.g. `bad_json`, `bad_record`, `too_long`. */
  readonly code: string;
  readonly reason: string;
}

/** What one line became: nothing at all (a line of no interest), records, or a dead letter. */
export interface Decoded {
  readonly records: readonly TraceRecord[];
  /** How many of the records, from the first, belong to entries before this line, which it showed to be complete. */
  readonly earlier?: number;
  readonly dead?: DeadLetter;
  /** The line inside a container runtime's wrapper, where there is one: the records' IDs hang on it, as if it stood in a file by itself. */
  readonly line?: string;
}

export interface StreamOptions {
  /** Who writes this stream, if `nodes.yaml` or a flag says so; overrides what its own lines say. */
  readonly self?: PartialIdentity;
  /** Used as the node's name while nothing better is known: the file's base name without `.log`, `.gz`. */
  readonly fallbackName: string;
  /** Whether numbers, hashes and seals of our own nodes' records are checked (true). */
  readonly checkRecords?: boolean;
}

/**
 * Turns the lines of one stream (one node's log) into records. Stateful, since a Go log tells one thing over several lines;
 * `snapshot` and `restore` make a restart after any line continue exactly as if there had been none.
 * Never throws for input; bounded in memory whatever comes.
 */
export interface StreamDecoder {
  /** One complete line without its line end. */
  line(text: string): Decoded;
  /** The stream has ended or paused: what waits for a continuation line is complete. */
  flush(): Decoded;
  /** The next line is of another file of the stream, or of the same one read anew: it may be older than those before. */
  newFile?(): void;
  /** Plain JSON data, small (a few kB). */
  snapshot(): unknown;
}

export interface DecoderFactory {
  /** `ftl`, `fabric` … as the configuration names it. */
  readonly name: string;
  /** Whether this line looks like one of ours; the first factory that says yes gets the stream's line. */
  accepts(line: string): boolean;
  create(options: StreamOptions, snapshot?: unknown): StreamDecoder;
}
