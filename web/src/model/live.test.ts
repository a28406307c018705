import { expect, test } from 'vitest';
import type { Trace, TraceSummary } from '../api/types.ts';
import { fixtures, mvccConflict, validMissingPeer } from './fixtures.ts';
import { admit, matches, NO_LIVE, receive, rowKey, shownRows } from './live.ts';
import { apiQuery, parseQuery } from './query.ts';
import { commonScale, stageBarOf } from './stageBar.ts';

function summary(trace: Trace): TraceSummary {
  const stages = trace.stages;
  return {
    ...trace,
    stages: {
      endorse: stages.endorse.durationUs,
      order: stages.order.durationUs,
      deliver: stages.deliver.durationUs,
      commit: stages.commit.durationUs,
    },
    participants: trace.participants.map((participant) => participant.id),
    committed: trace.commits.length,
    missing: trace.missing.length,
    unobserved: trace.unobserved.length,
    findings: trace.findings.map(({ code, severity }) => ({ code, severity })),
  };
}
const rows = fixtures.map(summary);
const [valid, failed, conflict] = rows as [TraceSummary, TraceSummary, TraceSummary];

test.each([
  ['', 3],
  ['channel:other', 0],
  ['code:NONE', 1],
  ['code:MVCC_READ_CONFLICT', 1],
  ['peer:peer0.org3.example.com', 1],
  ['duration:>600ms', 1],
  ['duration:<40ms', 1],
  ['block:17', 1],
  ['finding:not_committed_by', 1],
  ['be8ab01d', 1],
  ['transferasset user1', 2],
  ['until:2026-11-21T00:20:43Z', 1],
])('“%s” fits %i of the rows that come live', (text, count) => {
  expect(rows.filter((row) => matches(row, apiQuery(parseQuery(text), 0)))).toHaveLength(count);
});

test('new rows wait for the reader, known ones change in place', () => {
  const onScreen = new Set([rowKey(valid)]);
  let state = receive(NO_LIVE, failed, onScreen);
  state = receive(state, { ...valid, committed: 5 }, onScreen);
  state = receive(state, conflict, onScreen);
  state = receive(state, conflict, onScreen);
  expect(state.waiting.map(rowKey)).toEqual([rowKey(conflict), rowKey(failed)]);
  expect(shownRows(state, [valid])).toEqual([{ ...valid, committed: 5 }]);
  const admitted = admit(receive(admit(receive(NO_LIVE, failed, onScreen)), conflict, onScreen));
  expect([...admitted.fresh]).toEqual([rowKey(conflict)]);
  expect(shownRows(admit(state), [valid, failed]).map(rowKey)).toEqual([conflict, failed, valid].map(rowKey));
});

test('stages of all rows to one round scale; an outlier is cut, unknown stages are named', () => {
  expect(commonScale([valid])).toBe(1_000_000);
  const late = { stages: { ...valid.stages, commit: 66_000_000 } };
  expect(commonScale([valid, valid, valid, late, late])).toBe(2_000_000);
  expect(commonScale([])).toBe(1_000_000);
  const bar = stageBarOf(valid.stages, 1_000_000);
  expect(bar.parts.map((part) => part.stage)).toEqual(['endorse', 'order', 'deliver', 'commit']);
  expect(bar.cut).toBe(false);
  expect(stageBarOf(valid.stages, 200_000)).toMatchObject({ cut: true });
  expect(stageBarOf(failed.stages, 1_000_000).label).toBe(
    'endorse 31 ms, order unknown, deliver unknown, commit unknown',
  );
  expect(mvccConflict.code).not.toBe(validMissingPeer.code);
});
