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

/** The median round, CPU microseconds of this thread for each case: other work on the machine does not count. */
function measure<T>(list: readonly T[], run: (one: T) => unknown): number {
  let made = 0;
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.threadCpuUsage();
    for (const one of list) if (run(one) !== null) made++;
    const { user, system } = process.threadCpuUsage(before);
    if (made === 0) throw new Error('nothing was made');
    return (user + system) / list.length;
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

console.log(`${COUNT} traces, median of ${ROUNDS} rounds, CPU time of the thread, Node ${process.version}`);
console.log('| records | per trace | assemble µs | summarise µs | JSON.parse µs |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [name, make] of Object.entries(FORMS)) {
  const list = cases(make);
  const lines = new Map(list.map(({ txId, records }) => [txId, records.map((record) => JSON.stringify(record))]));
  const context = { channel: CHANNEL, network };
  const assembled = measure(list, ({ txId, records }) => assemble(records, { ...context, txId }));
  const traces = list.map(({ txId, records }) => ({ txId, records, trace: assemble(records, { ...context, txId }) }));
  const summarised = measure(traces, ({ trace }) => summarise(trace));
  const parsed = measure(list, ({ txId }) => {
    return lines.get(txId)!.map((line) => JSON.parse(line) as unknown);
  });
  const count = list[0]!.records.length;
  console.log(
    `| ${name} | ${count} | ${assembled.toFixed(1)} | ${summarised < 1.5 ? '1 or less' : summarised.toFixed(1)} | ${parsed.toFixed(1)} |`,
  );
}
