import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { P01, P11, stored, T0 } from '../assemble/exampleNetwork.ts';
import { formatMicros } from '../assemble/time.ts';
import type { StoredRecord } from '../record.ts';
import { buildNetwork } from './buildNetwork.ts';

const at = (s: number) => formatMicros(T0 + s * 1_000_000);

function check(stage: string, from: number, to: number, more: object = {}, node = P01): StoredRecord {
  const checked = { stream: '0123456789abcdef', from, to, since: at(1), until: at(2), ...more };
  return stored(T0 + 2_000_000, node, { point: 'stream.check', stage, check: checked });
}

const breaks = (records: readonly StoredRecord[]) =>
  buildNetwork(records).streamBreaks.map(({ node, kind, from, to, told }) => [node, kind, from, to, told]);

describe('breaks in record streams', () => {
  it('are those that nobody can fill', () => {
    expect(breaks([check('missing', 5, 9)])).toEqual([[P01.name, 'missing', 5, 9, false]]);
    expect(breaks([check('missing', 5, 9), check('read', 0, 20)])).toEqual([]);
    expect(breaks([check('missing', 5, 9), check('read', 6, 7)])).toEqual([
      [P01.name, 'missing', 5, 5, false],
      [P01.name, 'missing', 8, 9, false],
    ]);
  });

  it('are told once, whoever told of them', () => {
    expect(breaks([check('missing', 5, 9), check('missing', 3, 7, { until: at(3) })])).toHaveLength(2);
    expect(breaks([check('missing', 5, 9), check('missing', 5, 9, { told: true })])).toEqual([
      [P01.name, 'missing', 5, 9, true],
    ]);
  });

  it('of one stream say nothing of another', () => {
    const other = { stream: 'fedcba9876543210' };
    expect(breaks([check('missing', 5, 9), check('read', 0, 20, other)])).toHaveLength(1);
    expect(breaks([check('missing', 5, 9), check('read', 0, 20, {}, P11)])).toHaveLength(1);
  });

  it('that are alterations stay, whatever else was read', () => {
    const altered = check('altered', 5, 5, { fault: 'hash' });
    expect(breaks([altered, check('read', 0, 20)])).toEqual([[P01.name, 'altered', 5, 5, false]]);
  });

  it('do not depend on the order of what was told', () => {
    const records = fc.array(
      fc
        .tuple(fc.constantFrom('missing', 'read', 'altered'), fc.nat(20), fc.nat(6), fc.boolean(), fc.nat(3))
        .map(([stage, from, length, told, s]) =>
          check(stage, from, from + length, { until: at(2 + s), ...(stage === 'missing' && told ? { told } : {}) }),
        ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(records, fc.func(fc.nat()), (all, by) => {
        const shuffled = all.toSorted((a, b) => by(a) - by(b));
        expect(buildNetwork([...shuffled, ...all]).streamBreaks).toEqual(buildNetwork(all).streamBreaks);
      }),
      { numRuns: 200 },
    );
  });
});
