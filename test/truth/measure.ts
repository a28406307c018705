import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { importAll } from '#collector/collector.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { LeaderTerm, TraceStore } from '#trace/store/traceStore.ts';
import type { Trace } from '#trace/trace.ts';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { filterLog, type LoggingLevel } from './filterLevel.ts';
import type { RECORDINGS } from './truth.ts';

export type RecordingName = (typeof RECORDINGS)[number];

export interface EvidenceSet {
  /** Logs as a network with this logging would have written them; null: no logs. */
  readonly logs: LoggingLevel | null;
  readonly blocks: boolean;
}

export interface Measured {
  readonly traces: readonly Trace[];
  readonly leaders: readonly LeaderTerm[];
}

/** The recording's folder: the vendored one, or the whole where it lies beside the repository. */
export function recordingFolder(recording: RecordingName): string {
  return join(import.meta.dirname, '../vectors', recording);
}

/** Imports that much of a recording into a store of its own and reads every trace back. */
export async function traceRecording(folder: string, evidence: EvidenceSet): Promise<Measured> {
  const work = mkdtempSync(join(tmpdir(), 'ftl-evidence-'));
  const store = await openStore(`sqlite:${join(work, 'ftl.db')}`);
  try {
    const paths: string[] = [];
    if (evidence.logs !== null) paths.push(writeLogs(join(folder, 'logs'), join(work, 'logs'), evidence.logs));
    if (evidence.blocks) paths.push(join(folder, 'blocks'));
    const { errors } = await importAll(
      { paths },
      { store, logger: pino({ level: 'silent' }), registry: new Registry() },
    );
    if (errors.length > 0) throw new Error(`not imported: ${JSON.stringify(errors)}`);
    return { traces: await allTraces(store), leaders: await store.leaders() };
  } finally {
    await store.close();
    rmSync(work, { recursive: true, force: true });
  }
}

function writeLogs(from: string, to: string, level: LoggingLevel): string {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const bytes = readFileSync(join(from, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const plain = basename(name, '.gz');
    writeFileSync(join(to, plain), filterLog(text, level, plain));
  }
  return to;
}

/** Every trace of a store. */
export async function allTraces(store: TraceStore): Promise<Trace[]> {
  while ((await store.refresh()).remaining > 0);
  const traces: Trace[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Awaited<ReturnType<TraceStore['traces']>> = await store.traces({
      limit: 1000,
      ...(cursor === '' ? {} : { cursor }),
    });
    for (const { channel, txId } of page.items) {
      const trace = await store.trace({ channel, txId });
      if (trace === null) throw new Error(`listed but not there: ${txId}`);
      traces.push(trace);
    }
    cursor = page.next;
  }
  return traces;
}
