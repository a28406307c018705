import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ftlRecord } from '#collector/decoders/ftlRecord.ts';
import { RecordIds } from '#collector/pipeline/recordId.ts';
import { type StoredRecord, TraceRecord } from '#trace/record.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { Trace } from '#trace/trace.ts';
import {
  type FilterOutput,
  GOLDEN,
  type Golden,
  LINE_FILES,
  linesOf,
  rubyCommand,
  runFilter,
  scriptsHash,
} from './recordFilter.ts';

const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Golden;

/** What the collector makes of a line that Filebeat ships to it alone. */
function collected(line: string): { id: string; record: TraceRecord } | { why: string } {
  const decoder = ftlRecord.create({ fallbackName: 'stream', checkRecords: false });
  const { records, dead } = decoder.line(line);
  if (dead !== undefined) return { why: dead.reason };
  const record = records[0]!;
  const bytes = Buffer.from(line);
  return { id: new RecordIds().of(record['service.node.name'] ?? 'stream', bytes, 0, bytes.length, 0), record };
}

/** To the nanosecond. */
function inFull(time: string): string {
  const [seconds, fraction = ''] = time.slice(0, -1).split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

/** The one transaction of the recorded lines, as the API would give it. */
async function traceOf(records: readonly StoredRecord[]): Promise<Trace | null> {
  const store = await openStore('sqlite::memory:');
  try {
    await store.append(records);
    const { channel, tx_id: txId } = records[0]!.record.ftl;
    return await store.trace({ channel: channel!, txId: txId! });
  } finally {
    await store.close();
  }
}

/** Records to the collector that the filter leaves to it, and why. */
const LEFT_TO_FTL = new Set([
  'service.node.name: is missing',
  'tags: no name that Logstash can carry',
  'a[b]: no name that Logstash can carry',
]);

const cases = LINE_FILES.flatMap((file) =>
  linesOf(file).map((line, at): [string, string, FilterOutput] => [
    `${file}:${at + 1}`,
    line,
    golden.outputs[file]![at]!,
  ]),
);

describe("what Logstash's filter made of lines of nodes", () => {
  it('was made by these scripts, whose own tests all passed', () => {
    expect(golden.scripts).toBe(scriptsHash());
    expect(golden.failed).toEqual([]);
    expect(golden.passed).toHaveLength(8);
    for (const file of LINE_FILES) expect(golden.outputs[file]).toHaveLength(linesOf(file).length);
  });

  it.each(cases)('is what the collector makes of %s', (_, line, output) => {
    const own = collected(line);
    if ('why' in output) {
      if (!('why' in own) && !LEFT_TO_FTL.has(output.why)) throw new Error(`refused for nothing: ${output.why}`);
      return;
    }
    if ('why' in own) throw new Error(`the collector refuses it: ${own.why}`);
    expect(TraceRecord.safeParse(output.document).success).toBe(true);
    expect(output.id).toBe(own.id);
    const { '@timestamp': at, ...fields } = output.document;
    const { '@timestamp': ownAt, ...ownFields } = own.record;
    expect(fields).toEqual(ownFields);
    // Logstash writes a time with 3, 6 or 9 digits: the same instant.
    expect(inFull(at as string)).toBe(inFull(ownAt));
  });

  it('is records for every line that a node wrote, and for no line that the collector refuses', () => {
    expect(golden.outputs['records.ndjson']!.filter((output) => 'why' in output)).toEqual([]);
    const refused = cases.filter(([, , output]) => 'why' in output).map(([, , output]) => output);
    expect(refused.length).toBeGreaterThan(15);
  });

  it('gives the same trace', async () => {
    const records = golden.outputs['records.ndjson']!.flatMap((output) =>
      'why' in output ? [] : [{ id: output.id, record: output.document as unknown as TraceRecord }],
    );
    const own = linesOf('records.ndjson').flatMap((line) => {
      const made = collected(line);
      return 'why' in made ? [] : [made];
    });
    const trace = await traceOf(records);
    expect(trace).toEqual(await traceOf(own));
    expect(trace).toMatchObject({ code: 'VALID', missing: [] });
    expect(trace?.commits).toHaveLength(4);
  });
});

/** Each Ruby says in its own words what is wrong with JSON. */
function worded(run: object): string {
  return JSON.stringify(run).replaceAll(/"why":"no JSON: [^}]*?"\}/g, '"why":"no JSON"}');
}

const RUBY = rubyCommand();

describe("Logstash's filter, run now", () => {
  it.skipIf(RUBY === null)(
    'makes what was recorded (needs ruby on the path, or named in RUBY: java -jar jruby-complete.jar)',
    () => {
      const { ruby: _, ...run } = runFilter(RUBY!);
      const { ruby: _ruby, scripts: _scripts, ...recorded } = golden;
      expect(worded(run)).toBe(worded(recorded));
    },
    60_000,
  );
});
