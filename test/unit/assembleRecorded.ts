import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BlockSource } from '#collector/blocks/blockSource.ts';
import { createStreamDecoder } from '#collector/decoders/registry.ts';
import { contentId } from '#collector/pipeline/recordId.ts';
import { filterLog, type LoggingLevel } from '#test/truth/filterLevel.ts';
import { assemble } from '#trace/assemble/assemble.ts';
import type { AssembleContext } from '#trace/assemble/context.ts';
import { buildNetwork } from '#trace/network/buildNetwork.ts';
import type { Network } from '#trace/network/network.ts';
import { POINTS } from '#trace/points.ts';
import type { StoredRecord, TraceRecord } from '#trace/record.ts';
import type { Trace } from '#trace/trace.ts';

/** All records of a recording: logs as a network with this logging would have written them, blocks, or both. */
export function recordsOf(folder: string, logs: LoggingLevel | null, blocks: boolean): StoredRecord[] {
  const records: StoredRecord[] = [];
  if (logs !== null) {
    for (const file of readdirSync(join(folder, 'logs')).toSorted()) {
      records.push(...logRecords(join(folder, 'logs', file), logs));
    }
  }
  if (blocks) {
    const source = new BlockSource();
    for (const file of readdirSync(join(folder, 'blocks')).toSorted()) {
      records.push(...source.decode(plainBytes(join(folder, 'blocks', file))));
    }
  }
  return records;
}

function plainBytes(path: string): Buffer {
  const bytes = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

function logRecords(path: string, level: LoggingLevel): StoredRecord[] {
  const name = basename(path, '.gz');
  const text = plainBytes(path).toString('utf8');
  const decoder = createStreamDecoder('auto', { fallbackName: basename(name, '.log') });
  const decoded: TraceRecord[] = [];
  for (const line of filterLog(text, level, name).split('\n')) decoded.push(...decoder.line(line).records);
  decoded.push(...decoder.flush().records);
  return decoded.map((record, at) => ({ id: contentId(`${name} ${at}`, JSON.stringify(record)), record }));
}

export interface RecordedTrace {
  readonly trace: Trace;
  readonly records: readonly StoredRecord[];
  readonly context: AssembleContext;
}

/** Every transaction of which the records tell, assembled from just the records that concern it. */
export function traceAll(records: readonly StoredRecord[]): { traces: RecordedTrace[]; network: Network } {
  const network = buildNetwork(records.filter(({ record }) => POINTS[record.ftl.point].scope === 'network'));
  const channels = new Set(records.map(({ record }) => record.ftl.channel).filter((name) => name !== undefined));
  const traces = [...channels].flatMap((channel) => traceChannel(channel, records, network));
  return { traces, network };
}

function add<K>(map: Map<K, StoredRecord[]>, key: K, stored: StoredRecord): void {
  const list = map.get(key);
  if (list) list.push(stored);
  else map.set(key, [stored]);
}

function traceChannel(channel: string, all: readonly StoredRecord[], network: Network): RecordedTrace[] {
  const records = all.filter(({ record }) => record.ftl.channel === undefined || record.ftl.channel === channel);
  const byTx = new Map<string, StoredRecord[]>();
  const byPrefix = new Map<string, StoredRecord[]>();
  const byBlock = new Map<number, StoredRecord[]>();
  const blocksOfTx = new Map<string, Set<number>>();
  const heights = new Map<string, number>();
  const place = (txId: string, block: number) => blocksOfTx.set(txId, (blocksOfTx.get(txId) ?? new Set()).add(block));
  for (const stored of records) {
    const { ftl, ['service.node.name']: node } = stored.record;
    const { block } = ftl;
    if (ftl.tx_id !== undefined) {
      add(byTx, ftl.tx_id, stored);
      if (block) place(ftl.tx_id, block.number);
    } else if (ftl.tx_id_prefix !== undefined) add(byPrefix, ftl.tx_id_prefix, stored);
    else if (POINTS[ftl.point].scope === 'block' && block) {
      for (let number = block.number; number <= (block.last ?? block.number); number++) add(byBlock, number, stored);
      ftl.txs?.forEach(({ id }, index) => place(id === '' ? `block:${block.number}:${index}` : id, block.number));
    }
    if (ftl.point === 'gossip.commit' && block && node !== undefined) {
      heights.set(node, Math.max(heights.get(node) ?? 0, block.number));
    }
  }
  const full = new Set([...byTx.keys(), ...blocksOfTx.keys()]);
  const owner = new Map<string, string[]>();
  for (const prefix of byPrefix.keys())
    owner.set(
      prefix,
      [...full].filter((id) => id.startsWith(prefix)),
    );
  for (const [prefix, ids] of owner) if (ids.length === 0) full.add(prefix);
  return [...full].map((txId) => {
    const mine = [...(byTx.get(txId) ?? [])];
    for (const block of blocksOfTx.get(txId) ?? []) mine.push(...(byBlock.get(block) ?? []));
    let ambiguous = false;
    for (const [prefix, ids] of owner) {
      if (prefix !== txId && !ids.includes(txId)) continue;
      mine.push(...(byPrefix.get(prefix) ?? []));
      if (ids.length > 1) ambiguous = true;
    }
    const context = { channel, txId, network, heights, ...(ambiguous && { ambiguousPrefix: true as const }) };
    return { trace: assemble(mine, context), records: mine, context };
  });
}
