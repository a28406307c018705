import { assert, constantFrom, integer, oneof, property, string, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TraceRecord } from '#trace/record.ts';
import { asConsole, type ConsoleOrder } from '../testing/consoleFormat.ts';
import { decodeAll, decodeFabric, recordedLogs } from '../testing/recordedLogs.ts';
import { fabricLog } from './fabricLog.ts';

const logs = [...recordedLogs('fabric-v3.1.5'), ...recordedLogs('fabric-v2.5.9')];
const OPTIONS = { fallbackName: 'node' };

/** Lines of all kinds, in some order: what a decoder may meet when logs are merged, cut or rotated. */
const sample = logs.flatMap(({ lines }) => lines.filter((_, index) => index % 37 === 0 || index < 40));

describe('a stream cut into two decoders', () => {
  it('gives the same records as one, wherever it is cut', () => {
    assert(
      property(constantFrom(...logs), integer({ min: 0, max: 1_000_000 }), ({ lines }, at) => {
        // A part of the log around the cut: state reaches back by some lines, not by thousands.
        const cut = at % (lines.length + 1);
        const from = at % 3 === 0 ? 0 : Math.max(0, cut - 600);
        const part = lines.slice(from, cut + 600);
        const whole = decodeFabric(part);
        const first = fabricLog.create(OPTIONS);
        const records: TraceRecord[] = [];
        for (const line of part.slice(0, cut - from)) records.push(...first.line(line).records);
        const stored = JSON.parse(JSON.stringify(first.snapshot())) as unknown;
        const second = decodeAll(part.slice(cut - from), fabricLog.create(OPTIONS, stored));
        expect([...records, ...second.records]).toEqual(whole.records);
      }),
      { numRuns: 60 },
    );
  });

  it('does so within multi-line entries and between lines that tell one thing together', () => {
    const { lines } = logs.find(
      ({ node, lines: [first] }) => node === 'peer0.org1' && first?.startsWith('{') !== true,
    )!;
    const part = lines.slice(0, 140);
    const whole = decodeFabric(part).records;
    for (let cut = 0; cut <= part.length; cut += 1) {
      const first = fabricLog.create(OPTIONS);
      const before = part.slice(0, cut).flatMap((line) => first.line(line).records);
      const after = decodeAll(part.slice(cut), fabricLog.create(OPTIONS, structuredClone(first.snapshot()))).records;
      expect([...before, ...after]).toEqual(whole);
    }
  });

  it('keeps its snapshot small', () => {
    for (const { lines } of logs) {
      const decoder = fabricLog.create(OPTIONS);
      for (const line of lines) decoder.line(line);
      expect(JSON.stringify(decoder.snapshot()).length).toBeLessThan(8000);
    }
  });

  it('takes a damaged snapshot for none', () => {
    for (const snapshot of [null, 1, 'x', [], { state: 1 }, { state: { subjects: 'x' } }, { open: { text: 1 } }]) {
      expect(decodeFabric([]).records).toEqual(decodeAll([], fabricLog.create(OPTIONS, snapshot)).records);
    }
  });
});

/** What is left of a record's time in console format. */
function toMilliseconds(record: TraceRecord): TraceRecord {
  return { ...record, '@timestamp': `${record['@timestamp'].slice(0, 23)}000Z` };
}

describe('the two formats', () => {
  const cases: readonly (readonly [ConsoleOrder, boolean])[] = [
    ['2.5', true],
    ['2.5', false],
    ['2.2', true],
    ['2.2', false],
  ];

  it.each(cases)('tell the same: JSON and console of %s (colour: %s)', (order, colour) => {
    for (const { node, lines } of recordedLogs('fabric-v3.1.5')) {
      const json = decodeFabric(lines, node);
      const printed = lines.flatMap((line) => asConsole(line, order, colour).split('\n'));
      const console = decodeFabric(printed, node);
      expect(console.dead).toEqual([]);
      expect(console.records).toEqual(json.records.map(toMilliseconds));
    }
  });
});

function check(lines: readonly string[]): void {
  const { records, dead } = decodeFabric(lines);
  for (const record of records) expect(TraceRecord.safeParse(record).error).toBeUndefined();
  for (const { code, reason } of dead) expect([typeof code, typeof reason]).toEqual(['string', 'string']);
}

describe('hostile and broken input', () => {
  it('is never thrown at the caller, and never makes a record that does not fit the schema: cut lines', () => {
    assert(
      property(
        constantFrom(...sample),
        integer({ min: 0, max: 5000 }),
        integer({ min: 0, max: 5000 }),
        (line, from, to) => {
          check([line.slice(0, to % (line.length + 1)), line.slice(from % (line.length + 1)), line]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('… an ID that is shorter in characters than in UTF-16 units', () => {
    const line =
      '2026-11-21 01:25:15.629 UTC 00c8 INFO [endorser] callChaincode -> finished chaincode: basic duration: 9ms channel=mychannel txID=';
    const prefixes = ['e\u{10000}', 'e\u{10000}a', 'e\u{10000}ab'].map((id) => {
      check([line + id]);
      return decodeFabric([line + id]).records.find(({ ftl }) => ftl.point === 'chaincode.invoke')?.ftl.tx_id_prefix;
    });
    expect(prefixes).toEqual([undefined, undefined, 'e\u{10000}ab']);
  });

  it('… lines with a part replaced', () => {
    const junk = oneof(
      string(),
      string({ unit: 'binary' }),
      constantFrom('"', '\\', '[', ']', '\u001b[', '=', '{', '}', '-1', '99999999999999999999', '0', ''),
    );
    assert(
      property(
        constantFrom(...sample),
        integer({ min: 0, max: 5000 }),
        integer({ min: 0, max: 40 }),
        junk,
        (line, at, length, text) => {
          const from = at % (line.length + 1);
          check([line.slice(0, from) + text + line.slice(from + length), line]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('… JSON entries with values of other types', () => {
    const loggers = [...new Set(sample.filter((line) => line.startsWith('{')))];
    assert(
      property(
        constantFrom(...loggers),
        constantFrom('level', 'ts', 'msg', 'channel', 'txID', 'endpoint', 'node'),
        constantFrom(null, 1, -1, true, '', 'x', [], {}),
        (line, key, value) => {
          let entry: Record<string, unknown>;
          try {
            entry = JSON.parse(line) as Record<string, unknown>;
          } catch {
            return;
          }
          check([JSON.stringify({ ...entry, [key]: value })]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('… bytes of any kind', () => {
    assert(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        check([text, `{"level":"${text}`, `2026-11-21 01:24:48.082 UTC 0001 INFO [${text}`, `\u001b[34m${text}`]);
      }),
      { numRuns: 500 },
    );
  });
});
