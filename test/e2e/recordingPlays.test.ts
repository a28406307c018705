import { expect, test } from 'vitest';
import { TraceList } from '#server/api/schemas.ts';
import { spawnServing } from '../harness/servingFtl.ts';

test('start --recording plays the recorded network as if it ran now', async () => {
  const ftl = spawnServing(['start', '--recording']);
  try {
    const url = await ftl.url;
    const newest = async () =>
      TraceList.parse(await (await fetch(`${url}/api/v1/traces?sort=startedAt&order=desc&limit=1000`)).json()).items;
    await expect.poll(async () => (await newest()).length, { timeout: 30_000 }).toBeGreaterThan(20);
    const first = await newest();
    const age = Date.now() - Date.parse(first[0]?.startedAt ?? '');
    expect(age).toBeLessThan(60_000);
    // It goes on: more turn up, and blocks bring their outcome.
    await expect.poll(async () => (await newest()).length, { timeout: 30_000 }).toBeGreaterThan(first.length);
    const outcomes = async () =>
      (await newest()).filter((trace) => trace.code === 'VALID' && trace.creator !== null).length;
    await expect.poll(outcomes, { timeout: 30_000 }).toBeGreaterThan(20);
  } finally {
    await ftl.end('SIGINT');
  }
  expect((await ftl.end('SIGINT')).status).toBe(0);
});
