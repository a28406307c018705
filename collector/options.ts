import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { BeatsListen, BeatsOptions } from './beats/beatsOptions.ts';
import type { StreamFormat } from './decoders/registry.ts';
import type { DeliverTarget } from './deliver/targets.ts';
import type { RecordStore } from './pipeline/storeWriter.ts';
import type { ImportProgress } from './sources/importFiles.ts';

/** What following and importing have in common. */
export interface CommonOptions {
  /** Content of `nodes.yaml` (see `parseNodes`). */
  readonly nodes?: unknown;
  /** How lines are read (`auto`). */
  readonly format?: StreamFormat;
  /** Records a batch (5,000). */
  readonly batchRecords?: number;
  /** How long a record waits for its batch to fill, milliseconds (200). */
  readonly batchMs?: number;
  /** Batches that wait for the store (2). */
  readonly queueBatches?: number;
  /** Milliseconds before a batch that the store refused is offered again (100); doubled with each refusal, up to 10 s. */
  readonly retryMs?: number;
  /** Longest line in bytes (16 MiB); longer ones become dead letters. */
  readonly maxLineBytes?: number;
  /** Bytes read at a time (256 KiB). */
  readonly readBytes?: number;
  /** Where dead letters go; without, they are only counted. */
  readonly deadLetters?: {
    readonly path: string;
    /** Size of one file (64 MiB). */
    readonly maxBytes?: number;
    /** Files kept (5). */
    readonly keep?: number;
  };
  /** Whether numbers, hashes and seals of our own nodes' records are checked (true). */
  readonly checkRecords?: boolean;
  /** Channel of blocks of which no transaction names it. */
  readonly blockChannel?: string;
}

export interface CollectorOptions extends CommonOptions {
  /** Log files to follow: paths, folders, globs; `-` is standard input. */
  readonly logs: readonly string[];
  /** Folders and globs in which block files appear. */
  readonly blocks?: readonly string[];
  /** Nodes whose Deliver service is followed (see `parseTargets`). */
  readonly deliver?: readonly DeliverTarget[];
  /** Where Filebeats and Logstash may ship to. */
  readonly beats?: BeatsListen & Partial<BeatsOptions>;
  /** Between two looks at a followed file, milliseconds (250). */
  readonly pollMs?: number;
  /** Between two looks for new files, milliseconds (1,000). */
  readonly discoverMs?: number;
  /** Where files without a checkpoint begin (`beginning`). */
  readonly start?: 'beginning' | 'end';
}

export interface ImportOptions extends CommonOptions {
  /** Logs and blocks, told apart by content: files, globs, folders with all below them. */
  readonly paths: readonly string[];
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface CollectorModules {
  readonly store: RecordStore;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Milliseconds since 1970 (`Date.now`). */
  readonly clock?: () => number;
  /** Standard input, if `logs` asks for it (`process.stdin`). */
  readonly stdin?: Readable;
}
