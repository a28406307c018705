/**
 * How fast our own records are decoded: microseconds of CPU a record, beside JSON.parse alone and the schema alone over the same
 * lines (records made of the recorded networks' logs); and the same records numbered and hashed as a node writes them, with and
 * without their stream being followed.
 *
 *     node test/perf/ftlRecord.ts
 */
import { fabricLog } from '#collector/decoders/fabricLog/fabricLog.ts';
import { decodeRecord, ftlRecord } from '#collector/decoders/ftlRecord.ts';
import { recordedLogs } from '#collector/decoders/testing/recordedLogs.ts';
import { RecordChain } from '#node/tracing/recordChain.ts';
import { TraceRecord } from '#trace/record.ts';

const ROUNDS = 7;
const REPEAT = 20;

const lines: string[] = [];
for (const network of ['fabric-v3.1.5', 'fabric-v2.5.9'] as const) {
  for (const log of recordedLogs(network)) {
    const decoder = fabricLog.create({ fallbackName: log.node });
    for (const line of log.lines) for (const record of decoder.line(line).records) lines.push(JSON.stringify(record));
  }
}

function microseconds(work: (line: string) => unknown): string {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let repeat = 0; repeat < REPEAT; repeat += 1) for (const line of lines) work(line);
    const used = process.cpuUsage(before);
    best = Math.min(best, used.user + used.system);
  }
  return (best / lines.length / REPEAT).toFixed(2);
}

const chain = new RecordChain('peer0.org1.example.com', '0123456789abcdef');
const chained = lines.map((line) => {
  const { ftl, ...rest } = JSON.parse(line) as TraceRecord;
  return chain.add(`${JSON.stringify({ ...rest, 'service.node.name': chain.node, ftl })}\n`).slice(0, -1);
});
/** Every round reads the stream from its beginning, as a new follower. */
function microsecondsOfStream(checkRecords: boolean): string {
  let best = Infinity;
  for (let round = 0; round < ROUNDS * REPEAT; round += 1) {
    const decoder = ftlRecord.create({ fallbackName: '', checkRecords });
    const before = process.cpuUsage();
    for (const line of chained) decoder.line(line);
    const used = process.cpuUsage(before);
    best = Math.min(best, used.user + used.system);
  }
  return (best / chained.length).toFixed(2);
}

const size = lines.reduce((sum, line) => sum + line.length, 0) / lines.length;
process.stdout.write(
  `${lines.length} records of ${size.toFixed(0)} characters, µs each\n` +
    `  decode              ${microseconds(decodeRecord)}\n` +
    `  JSON.parse          ${microseconds((line) => JSON.parse(line))}\n` +
    `  JSON.parse, schema  ${microseconds((line) => TraceRecord.parse(JSON.parse(line)))}\n` +
    `  in a stream         ${microsecondsOfStream(false)}\n` +
    `  followed            ${microsecondsOfStream(true)}\n`,
);
