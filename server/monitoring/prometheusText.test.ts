import * as fc from 'fast-check';
import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { recordedBody } from '#test/harness/operationsBodies.ts';
import { type MetricSample, parseSamples } from './prometheusText.ts';

const parse = (text: string, ...names: string[]): MetricSample[] => [...parseSamples(text, new Set(names))];

describe('samples of metrics', () => {
  it('are read from what a Go peer told', () => {
    const body = recordedBody('peer');
    expect(parse(body, 'ledger_blockchain_height')).toEqual([
      { name: 'ledger_blockchain_height', labels: { channel: 'mychannel' }, value: expect.any(Number) },
    ]);
    const names = [...body.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name!);
    const all = parse(body, ...names);
    // Every line that is no comment, whatever it says.
    expect(all).toHaveLength(body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length);
    const infinite = all.filter(({ labels }) => labels['le'] === '+Inf');
    expect(infinite.length).toBeGreaterThan(5);
  });

  it('are what prom-client wrote, whatever is in labels and values', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.double()), { selector: ([label]) => label }),
        async (wanted) => {
          const registry = new Registry();
          const gauge = new Gauge({ name: 'some', help: 'a\nb', labelNames: ['of', 'kind'], registers: [registry] });
          new Counter({ name: 'some_more', help: 'c', registers: [registry] }).inc();
          for (const [of, value] of wanted) gauge.set({ of, kind: 'x' }, value);
          const told = parse(await registry.metrics(), 'some');
          expect(told).toEqual(
            // Minus zero is written as zero.
            wanted.map(([of, value]) => ({ name: 'some', labels: { of, kind: 'x' }, value: value === 0 ? 0 : value })),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are read in every form that the format has', () => {
    const text =
      'a 1\na{} 2 1700000000000\na { b = "c" , } 3\na{b="x\\"\\\\\\n}"} +Inf\r\na{b="1",c="2"}\t-Inf\na NaN\na Nan\na inf\na 1e3';
    expect(parse(text, 'a').map(({ labels, value }) => [labels, value])).toEqual([
      [{}, 1],
      [{}, 2],
      [{ b: 'c' }, 3],
      [{ b: 'x"\\\n}' }, Infinity],
      [{ b: '1', c: '2' }, -Infinity],
      [{}, Number.NaN],
      [{}, Number.NaN],
      [{}, Infinity],
      [{}, 1000],
    ]);
  });

  it('that are torn are passed over, and the others are read', () => {
    const text = 'a{b="c\na{b="c"\na{b=c} 1\na{b="c"} \na one\na{b="c"}} 4\n\n{} 5\na 6\na';
    expect(parse(text, 'a')).toEqual([{ name: 'a', labels: {}, value: 6 }]);
  });

  it('of other names are none of them', () => {
    expect(parse('ab 1\na_b 2\n# a 3\n a 4\nA 5\na:b 6', 'a')).toEqual([]);
  });
});
