import { expect, test } from 'vitest';
import { shiftLine, timeOf } from './recording.ts';

test('a JSON line moves by its own time stamp only', () => {
  const line = '{"level":"info","ts":1795220443.0055852,"name":"x","grpc.request_deadline":1795220462.996947}';
  expect(timeOf(line)).toBeCloseTo(1795220443005.5852, 3);
  expect(shiftLine(line, 60_000)).toBe(
    '{"level":"info","ts":1795220503.005585,"name":"x","grpc.request_deadline":1795220462.996947}',
  );
});

test('a console line moves, with its colours', () => {
  const line = '\u001b[34m2026-11-21 01:24:48.082 UTC 0001 INFO\u001b[0m [nodeCmd] serve -> Starting peer:';
  expect(shiftLine(line, 86_400_000)).toBe(
    '\u001b[34m2026-11-22 01:24:48.082 UTC 0001 INFO\u001b[0m [nodeCmd] serve -> Starting peer:',
  );
  expect(timeOf(' Version: 2.5.9')).toBeNull();
});
