import { assemble } from '#trace/assemble/assemble.ts';
import {
  blockRecords,
  CHANNEL,
  debugRecords,
  hex,
  infoRecords,
  instrumentedRecords,
  networkFacts,
  T0,
} from '#trace/assemble/exampleNetwork.ts';
import { summarise } from '#trace/assemble/summarise.ts';
import { buildNetwork } from '#trace/network/buildNetwork.ts';
import type { StoredRecord } from '#trace/record.ts';

/**
 * Microseconds to assemble a trace, beside what parsing the same records from JSON takes in the same run (a store does at least
 * that much to read them). `node test/perf/assemble.ts [traces]`
 */
const COUNT = Number(process.argv[2] ?? 5000);
const ROUNDS = 7;

const network = buildNetwork(networkFacts());

interface Case {
  readonly txId: string;
  readonly records: readonly StoredRecord[];
}

function cases(make: (options: { txId: string; block: number; at: number }) => StoredRecord[]): Case[] {
  return Array.from({ length: COUNT }, (_, n) => {
    const txId = hex(`transaction ${n}`);
    return { txId, records: make({ txId, block: 4 + n, at: T0 + n * 1000 }) };
  });
}

/** The median round, microseconds for each case. */
function measure(list: readonly Case[], run: (one: Case) => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (const one of list) run(one);
    return ((performance.now() - start) * 1000) / list.length;
  });
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
}

const FORMS = {
  'our own nodes': instrumentedRecords,
  'info logs + blocks': (options: Parameters<typeof infoRecords>[0]) => [
    ...blockRecords(options),
    ...infoRecords(options),
  ],
  'debug logs + blocks': (options: Parameters<typeof infoRecords>[0]) => [
    ...blockRecords(options),
    ...infoRecords(options),
    ...debugRecords(options),
  ],
  'blocks alone': blockRecords,
};

console.log(`${COUNT} traces, median of ${ROUNDS} rounds, Node ${process.version}`);
console.log('| records | per trace | assemble µs | summarise µs | JSON.parse µs |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [name, make] of Object.entries(FORMS)) {
  const list = cases(make);
  const lines = new Map(list.map(({ txId, records }) => [txId, records.map((record) => JSON.stringify(record))]));
  const context = { channel: CHANNEL, network };
  const assembled = measure(list, ({ txId, records }) => void assemble(records, { ...context, txId }));
  const traces = list.map(({ txId, records }) => ({ txId, records, trace: assemble(records, { ...context, txId }) }));
  const start = performance.now();
  for (const { trace } of traces) summarise(trace);
  const summarised = ((performance.now() - start) * 1000) / COUNT;
  const parsed = measure(list, ({ txId }) => {
    for (const line of lines.get(txId)!) JSON.parse(line);
  });
  const count = list[0]!.records.length;
  console.log(`| ${name} | ${count} | ${assembled.toFixed(1)} | ${summarised.toFixed(1)} | ${parsed.toFixed(1)} |`);
}
