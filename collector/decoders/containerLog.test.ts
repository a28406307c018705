import { assert, array, constantFrom, integer, property, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamDecoder } from './registry.ts';
import { decodeAll, recordedLogs } from './testing/recordedLogs.ts';

const [orderer, peer] = recordedLogs('fabric-v2.5.9');
const OPTIONS = { fallbackName: 'file' };
const bare = (lines: readonly string[]) => decodeAll(lines, createStreamDecoder('auto', OPTIONS));

/** As Docker's json-file driver writes it: at most 16 kB a piece; here fewer, so that many lines are in pieces. */
function docker(lines: readonly string[], size = 100): string[] {
  return lines.flatMap((line) => {
    const text = `${line}\n`;
    const pieces: string[] = [];
    for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size));
    return pieces.map((log) => JSON.stringify({ log, stream: 'stderr', time: '2026-01-01T00:00:00.123456789Z' }));
  });
}

function cri(lines: readonly string[], size = 100): string[] {
  return lines.flatMap((line) => {
    const wrapped: string[] = [];
    let at = 0;
    for (; line.length - at > size; at += size)
      wrapped.push(`2026-01-01T00:00:00.123456789Z stderr P ${line.slice(at, at + size)}`);
    return [...wrapped, `2026-01-01T00:00:00.123456789+01:00 stderr F ${line.slice(at)}`];
  });
}

function compose(container: string, lines: readonly string[], colour: boolean): string[] {
  const prefix = colour ? `\u001b[36m${container}  |\u001b[0m ` : `${container}  | `;
  return lines.map((line) => prefix + line);
}

describe('lines in a container runtime’s wrapper', () => {
  const expected = bare(peer!.lines);

  it('have records to compare with', () => {
    expect(expected.records.length).toBeGreaterThan(50);
  });

  it.each([
    ['Docker json-file', docker(peer!.lines)],
    ['CRI', cri(peer!.lines)],
  ])('%s: give what the lines inside give', (_name, wrapped) => {
    expect(bare(wrapped)).toEqual(expected);
  });

  it('are the same for JSON entries and for our own records', () => {
    const { lines } = recordedLogs('fabric-v3.1.5')[3]!;
    const some = lines.slice(0, 1500);
    const own = bare(some).records.map((record) => JSON.stringify(record));
    expect(own.length).toBeGreaterThan(20);
    expect(bare(docker(some, 5000))).toEqual(bare(some));
    expect(bare(cri(own, 200)).records.map((record) => JSON.stringify(record))).toEqual(own);
  });

  it.each([true, false])(
    'docker compose (colour: %s): each container has its own decoder, and its name until the log says better',
    (colour) => {
      const first = compose('peer0.org1', peer!.lines, colour);
      const second = compose('orderer', orderer!.lines, colour);
      const mixed = Array.from({ length: Math.max(first.length, second.length) }, (_, index) => [
        first[index],
        second[index],
      ])
        .flat()
        .filter((line) => line !== undefined);
      const { records, dead } = bare(mixed);
      expect(dead).toEqual([]);
      const of = (name: string) => records.filter((record) => record['service.node.name'] === name);
      expect(of('peer0.org1.example.com')).toEqual(expected.records);
      expect(of('orderer1.example.com')).toEqual(bare(orderer!.lines).records);
      const cutOff =
        '2026-11-21 01:24:48.082 UTC 0001 INFO [endorser] x -> finished chaincode: basic duration: 15ms channel=c txID=aaaa0001';
      expect(bare(compose('peer9', [cutOff], colour)).records[0]?.['service.node.name']).toBe('peer9');
    },
  );

  it('does not take a dump’s own bars for a container', () => {
    const lines = [
      '2026-11-21 01:24:48.082 UTC 0001 INFO [nodeCmd] serve -> Starting peer:',
      'note  | text',
      ' Version: 2.5.9',
    ];
    expect(bare(lines).records[0]?.ftl.node_version).toBe('2.5.9');
  });

  it('buries a broken wrapper', () => {
    expect(bare(['{"log":"2026-11-21 01:24:48.082 UTC 0001 INFO [a] b -> c\\n","stream":"std']).dead).toMatchObject([
      { code: 'bad_json' },
    ]);
  });

  it('can be cut between any two lines', () => {
    const wrapped = [
      ...docker(peer!.lines.slice(0, 130)),
      ...cri(peer!.lines.slice(130, 200)),
      ...compose('p', peer!.lines.slice(200, 260), true),
    ];
    const whole = bare(wrapped).records;
    assert(
      property(integer({ min: 0, max: wrapped.length }), (cut) => {
        const first = createStreamDecoder('auto', OPTIONS);
        const before = wrapped.slice(0, cut).flatMap((line) => first.line(line).records);
        const stored = JSON.parse(JSON.stringify(first.snapshot())) as unknown;
        const after = decodeAll(wrapped.slice(cut), createStreamDecoder('auto', OPTIONS, stored)).records;
        expect([...before, ...after]).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it('never throw, whatever is inside', () => {
    const wrapper = constantFrom(
      '{"log":"',
      '2026-01-01T00:00:00Z stderr P ',
      '2026-01-01T00:00:00Z stdout F ',
      'peer0 | ',
      '{"log":1}',
      '\u001b[36m',
    );
    assert(
      property(array(tuple(wrapper, string({ unit: 'binary' }), constantFrom('', '"}', '\\n"}'))), (parts) => {
        expect(() => bare(parts.map(([before, text, after]) => before + text + after))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
