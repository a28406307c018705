import { expect, test } from 'vitest';
import { RestartDelay } from './restartDelay.ts';

test('the first restart comes at once, the next ones later and later', () => {
  const delay = new RestartDelay({ firstMs: 100, maxMs: 500, healthyMs: 60_000 });
  const delays = Array.from({ length: 6 }, () => {
    delay.ready();
    const before = delay.delayMs;
    delay.ended();
    return before;
  });
  expect(delays).toEqual([0, 0, 100, 200, 400, 500]);
});

test('whoever lived long enough begins anew', () => {
  const delay = new RestartDelay({ firstMs: 100, maxMs: 500, healthyMs: 0 });
  for (let death = 0; death < 5; death++) {
    delay.ended();
  }
  delay.ready();
  delay.ended();
  expect(delay.delayMs).toBe(0);
});
