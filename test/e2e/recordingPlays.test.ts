import { expect, test } from 'vitest';
import { TraceList } from '#server/api/schemas.ts';
import { finished, spawnFtl } from '../harness/ftlProcess.ts';

test('start --recording plays the recorded network as if it ran now', async () => {
  const child = spawnFtl(['start', '--recording', '--port', '0', '--no-open']);
  const ended = finished(child);
  try {
    const url = await new Promise<string>((resolve) => {
      let printed = '';
      child.stdout?.on('data', (text: Buffer | string) => {
        printed += String(text);
        const found = /FTL is at (http:\/\/127\.0\.0\.1:\d+)/.exec(printed)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
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
    child.kill('SIGINT');
  }
  expect((await ended).status).toBe(0);
});
