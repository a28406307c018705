import { expect, test } from 'vitest';
import { endorsementFailed, fixtures, mvccConflict, validMissingPeer } from './fixtures.ts';
import { criticalPath, niceStep, timelineOf } from './timeline.ts';

test('a row a participant that was asked something, in the order of the graph', () => {
  const timeline = timelineOf(validMissingPeer);
  expect(timeline.rows.map((row) => row.id.split('/')[1]?.split('.').slice(0, 2).join('.'))).toEqual([
    'peer0.org1',
    'peer1.org2',
    'orderer1.example',
    'peer1.org1',
    'peer0.org2',
  ]);
  expect(timeline.durationUs).toBe(656_000);
  expect(timeline.untimed).toEqual([5]);
  expect(timeline.rows[2]?.waits[0]?.label).toBe('waiting for the block, 400 ms');
  expect(timeline.rows.find((row) => row.id.includes('peer0.org2'))?.clockOffsetUs).toBe(-1200);
});

test.each(fixtures)('$txId: every timed edge has one bar, inside the axis, and bars of a lane keep apart', (trace) => {
  const { rows, untimed } = timelineOf(trace);
  const seqs = rows.flatMap((row) => row.bars.map((bar) => bar.seq)).concat(untimed);
  expect(seqs.toSorted((a, b) => a - b)).toEqual(trace.edges.map((edge) => edge.seq));
  for (const row of rows) {
    for (const bar of row.bars) {
      expect(bar.from).toBeGreaterThanOrEqual(0);
      expect(bar.to).toBeLessThanOrEqual(1);
      expect(bar.to).toBeGreaterThanOrEqual(bar.from);
      for (const other of row.bars) {
        const apart = other.seq <= bar.seq || other.lane !== bar.lane || other.from >= bar.to;
        expect(apart).toBe(true);
      }
    }
  }
});

test('one commit that came an hour late does not flatten the rest: the gap is folded and named', () => {
  const late = structuredClone(mvccConflict);
  const last = late.edges.at(-1);
  if (last === undefined) throw new Error('the fixture has edges');
  last.at = '2026-11-21T01:20:42.882Z';
  const { folds, rows } = timelineOf(late);
  expect(folds).toHaveLength(1);
  expect(folds[0]?.durationUs).toBeGreaterThan(3_000_000_000);
  expect(rows[0]?.bars[0]?.to).toBeLessThan(0.2);
  expect(rows.flatMap((row) => row.bars).find((bar) => bar.seq === last.seq)?.from).toBeCloseTo(1);
});

test('the chain that led to the first commit', () => {
  expect([...criticalPath(validMissingPeer)].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 8]);
  expect([...criticalPath(endorsementFailed)].toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('a trace without times has no timeline, and steps are round', () => {
  const timeless = structuredClone(mvccConflict);
  timeless.startedAt = null;
  for (const edge of timeless.edges) [edge.at, edge.respondedAt] = [null, null];
  expect(timelineOf(timeless).rows).toEqual([]);
  expect([1, 3, 7, 120, 501].map(niceStep)).toEqual([1, 5, 10, 200, 1000]);
});
