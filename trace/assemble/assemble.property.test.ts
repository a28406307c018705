import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildNetwork } from '../network/buildNetwork.ts';
import type { StoredRecord } from '../record.ts';
import type { Trace } from '../trace.ts';
import { assemble } from './assemble.ts';
import {
  blockRecords,
  CHANNEL,
  debugRecords,
  infoRecords,
  instrumentedRecords,
  networkFacts,
  O1,
  O2,
  P01,
  P02,
  P11,
  P12,
  skewed,
  TX_ID,
} from './exampleNetwork.ts';

const facts = networkFacts();
const network = buildNetwork(facts);
const context = { channel: CHANNEL, txId: TX_ID, network };
const everything = [...blockRecords(), ...infoRecords(), ...debugRecords()];
const forms: readonly (readonly StoredRecord[])[] = [
  everything,
  [...blockRecords(), ...infoRecords()],
  instrumentedRecords(),
  [...blockRecords(), ...blockRecords({ block: 9, code: 'DUPLICATE_TXID' }), ...infoRecords(), ...debugRecords()],
  [...everything, ...facts],
  [...everything, ...infoRecords({ block: 5, txId: 'be8ab01d1111' }), ...debugRecords({ txId: 'ffff' })],
];
const form = fc.constantFrom(...forms);
/** Some of the records, in any order, some of them more than once. */
const shuffledSubset = form.chain((records) =>
  fc.tuple(fc.subarray([...records]), fc.infiniteStream(fc.nat())).map(([some, random]) => ({
    some,
    shuffled: shuffle([...some, ...some.filter(() => draw(random) % 3 === 0)], random),
  })),
);

function draw(random: Iterator<number>): number {
  return random.next().value as number;
}

function shuffle<T>(items: readonly T[], random: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, key: draw(random) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

describe('assemble, whatever way the records come', () => {
  test('any permutation with any repetitions gives the same trace', () => {
    fc.assert(
      fc.property(shuffledSubset, ({ some, shuffled }) => {
        expect(assemble(shuffled, context)).toEqual(assemble(some, context));
      }),
      { numRuns: 300 },
    );
  });

  test('any split into overlapping batches gives the same trace over their union', () => {
    fc.assert(
      fc.property(form, fc.infiniteStream(fc.nat({ max: 3 })), (records, random) => {
        const batches: StoredRecord[][] = [[], [], [], []];
        for (const record of records) {
          batches[draw(random)]!.push(record);
          if (draw(random) === 0) batches[draw(random)]!.push(record);
        }
        expect(assemble(batches.flat(), context)).toEqual(assemble(records, context));
      }),
    );
  });

  test('the network among the records serves as well as one given, in any order', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...everything, ...facts], { minLength: everything.length + facts.length }),
        (mixed) => {
          expect(assemble(mixed, { channel: CHANNEL, txId: TX_ID })).toEqual(
            assemble(everything, { ...context, network: buildNetwork([...facts, ...everything]) }),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('records of other transactions and channels change nothing', () => {
    const others = [
      ...infoRecords({ txId: 'aaaaaaaaaaaa', block: 7 }),
      ...debugRecords({ txId: 'bbbbbbbbbbbb', block: 8 }),
    ];
    const elsewhere = everything.map(({ id, record }) => ({
      id: `x${id}`,
      record: { ...record, ftl: { ...record.ftl, channel: 'other' } },
    }));
    expect(assemble([...others, ...elsewhere, ...everything], context)).toEqual(assemble(everything, context));
  });
});

/** What must not depend on clocks. */
const timeless = (trace: Trace) => ({
  code: trace.code,
  block: trace.block,
  edges: trace.edges
    .map(({ point, from, to, status, source }) => `${point} ${from} ${to} ${status} ${source}`)
    .toSorted(),
  commits: trace.commits.map(({ peer, code }) => `${peer} ${code}`).toSorted(),
  endorsers: trace.endorsers,
  missing: trace.missing,
  policy: trace.policy,
});
const micros = (iso: string) => Date.parse(`${iso.slice(0, 23)}Z`) * 1000 + Number(iso.slice(23, 26));

/** Edges whose effect stands before its cause. */
function inversions(trace: Trace): string[] {
  const broadcast = trace.edges.find(({ point }) => point === 'broadcast')!;
  return trace.edges
    .filter(({ point, from, to, at, respondedAt }) => {
      if (at === null) return false;
      if (respondedAt !== null && respondedAt < at) return true;
      const handed = trace.edges.find((edge) => edge.point !== 'commit' && edge.to === to && edge.from === from);
      if (point === 'commit') return (handed?.respondedAt ?? '') > at;
      // One millisecond of tolerance for each step between nodes of which no record speaks of both.
      return point === 'deliver' && micros(at) < micros(broadcast.at!) - 3000;
    })
    .map(({ point, from, to }) => `${point} ${from} ${to}`);
}

describe('assemble with clocks that are off', () => {
  const truth = assemble(everything, context);

  test.for([P01, P11, P02, P12, O1, O2].map(({ name, id }) => ({ name, id })))(
    'one skewed clock changes no hand-over, and a large skew of $name is found',
    ({ name, id }) => {
      fc.assert(
        fc.property(fc.integer({ min: -60_000_000, max: 60_000_000 }), (skew) => {
          const trace = assemble(skewed(everything, name, skew), context);
          expect(timeless(trace)).toEqual(timeless(truth));
          const others = Object.keys(trace.clockOffsets).filter((node) => node !== id);
          expect(others).toEqual([]);
          // What causality leaves open: how long the way from cause to effect took, here always below 0.6 s.
          const left = Math.abs((trace.clockOffsets[id] ?? 0) + skew);
          expect(left).toBeLessThanOrEqual(600_000);
        }),
      );
    },
  );

  test('after correction no effect stands before its cause', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5_000_000, max: 5_000_000 }), { minLength: 6, maxLength: 6 }),
        (skews) => {
          let records: StoredRecord[] = everything;
          [P01, P11, P02, P12, O1, O2].forEach(({ name }, at) => (records = skewed(records, name, skews[at]!)));
          const trace = assemble(records, context);
          expect(inversions(trace)).toEqual([]);
        },
      ),
    );
  });

  test('raw times stay', () => {
    const trace = assemble(skewed(everything, P11.name, 5_000_000), context);
    const commit = trace.commits.find(({ peer }) => peer === P11.id)!;
    expect(micros(commit.rawAt!) - micros(commit.at!)).toBe(-trace.clockOffsets[P11.id]!);
    const edge = trace.edges.find(({ point, to }) => point === 'deliver' && to === P11.id)!;
    expect(micros(edge.rawAt!) - micros(edge.at!)).toBe(-trace.clockOffsets[P11.id]!);
    expect(trace.findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual(['clock_skew warning']);
  });
});
