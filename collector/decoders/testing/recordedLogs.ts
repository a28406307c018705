import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { TraceRecord } from '#trace/record.ts';
import type { DeadLetter, StreamDecoder } from '../decoder.ts';
import { fabricLog } from '../fabricLog/fabricLog.ts';

/** Logs of real networks, for the decoders' tests: the complete recording where it is at hand, else the vendored part of it. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface RecordedLog {
  /** The file's name without its extension, e.g. `peer0.org1`. */
  readonly node: string;
  readonly lines: readonly string[];
}

export type Network = 'fabric-v3.1.5' | 'fabric-v2.5.9';

function folderOf(network: Network): string {
  const complete = `${ROOT}../shared/${network}`;
  return existsSync(`${complete}/logs`) ? complete : `${ROOT}test/vectors/${network}`;
}

export function recordedLogs(network: Network): RecordedLog[] {
  const folder = `${folderOf(network)}/logs`;
  return readdirSync(folder)
    .toSorted()
    .map((file) => {
      const bytes = readFileSync(`${folder}/${file}`);
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      return { node: file.replace(/\.log(\.gz)?$/, ''), lines: text.split('\n').slice(0, -1) };
    });
}

export interface ScenarioTransaction {
  readonly txId: string;
  readonly via: string;
  readonly observed: string;
  readonly block?: number;
}

export function scenario(network: Network): ScenarioTransaction[] {
  const parsed = JSON.parse(readFileSync(`${folderOf(network)}/scenario.json`, 'utf8')) as {
    steps: { transactions?: ScenarioTransaction[] }[];
  };
  return parsed.steps.flatMap((step) => step.transactions ?? []);
}

export interface RecordedBlock {
  readonly block: number;
  readonly transactions: readonly {
    readonly index: number;
    readonly txId: string;
    readonly type: string;
    readonly validationCode: string;
  }[];
}

/** What the blocks hold, in order. */
export function recordedBlocks(network: Network): RecordedBlock[] {
  const parsed = JSON.parse(readFileSync(`${folderOf(network)}/validation.json`, 'utf8')) as {
    blocks: RecordedBlock[];
  };
  return parsed.blocks;
}

export interface DecodedLog {
  readonly records: TraceRecord[];
  readonly dead: DeadLetter[];
}

/** All of a stream, to its end. */
export function decodeAll(lines: Iterable<string>, decoder: StreamDecoder): DecodedLog {
  const records: TraceRecord[] = [];
  const dead: DeadLetter[] = [];
  for (const line of lines) {
    const decoded = decoder.line(line);
    records.push(...decoded.records);
    if (decoded.dead !== undefined) dead.push(decoded.dead);
  }
  const rest = decoder.flush();
  records.push(...rest.records);
  if (rest.dead !== undefined) dead.push(rest.dead);
  return { records, dead };
}

/** A stock log as the decoder of stock logs reads it. */
export function decodeFabric(lines: Iterable<string>, fallbackName = 'node'): DecodedLog {
  return decodeAll(lines, fabricLog.create({ fallbackName }));
}
