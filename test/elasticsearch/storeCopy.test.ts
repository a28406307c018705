import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { openStore } from '#trace/store/openStore.ts';
import { finished, runFtl, spawnFtl } from '../harness/ftlProcess.ts';
import { contentsOf } from './contents.ts';
import { storePlace } from './freshStore.ts';
import { importInto, writeOwnLogs } from './ownLogs.ts';
import { watchedCluster } from './watchedCluster.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-store-copy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('ftl store copy: into Elasticsearch, killed with kill -9 on the way, and back: the same records, traces and checkpoints', async () => {
  const url = `sqlite:${join(folder, 'from.db')}`;
  const source = await openStore(url);
  const place = storePlace(inject('elasticsearchUrl'));
  const cluster = await watchedCluster(inject('elasticsearchUrl'));
  try {
    await importInto(source, writeOwnLogs(join(folder, 'logs'), 24_000));
    await source.append([], new Map([['file:x', '{"offset":7}']]));
    const expected = await contentsOf(source);
    const copyTo = (target: string): string[] => ['store', 'copy', '--from', url, '--to', target];
    const watched = copyTo(`elasticsearch:${cluster.url}/${place.prefix}`);

    const target = await place.open();
    const first = spawnFtl(watched);
    cluster.afterBulks(12, () => first.kill('SIGKILL'));
    expect(await finished(first)).toMatchObject({ signal: 'SIGKILL' });
    const written = async () => (await target.info()).records;
    await expect.poll(written, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await written()).toBeLessThan(expected.records);

    // Ctrl-C, between two pages.
    const interrupted = spawnFtl(watched);
    cluster.afterBulks(8, () => interrupted.kill('SIGINT'));
    const stopped = await finished(interrupted);
    expect(stopped).toMatchObject({ status: 1, signal: null, stdout: '' });
    expect(stopped.stderr).toMatch(/^ftl: Stopped after \d+ records: the same command goes on from there\.\n$/);
    expect(await written()).toBeLessThan(expected.records);

    cluster.fill();
    const refused = await runFtl(watched);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/nearly full.*The same command goes on from where it was\.\n$/);

    const second = await runFtl(copyTo(place.url));
    expect(second).toMatchObject({ status: 0, stderr: '' });
    expect(second.stdout).toMatch(
      /^\d+ records copied after \d+ of an earlier run, \d+ known already, 1 checkpoints\n/,
    );
    expect(second.stdout).toContain(`compared: ${expected.records} records, hash `);
    expect(await contentsOf(target)).toEqual(expected);
    expect(await target.checkpoints('file:')).toEqual(new Map([['file:x', '{"offset":7}']]));

    const backUrl = `sqlite:${join(folder, 'back.db')}`;
    const third = await runFtl(['store', 'copy', '--from', place.url, '--to', backUrl]);
    expect(third).toMatchObject({ status: 0, stderr: '' });
    expect(third.stdout).toContain(`${expected.records} records copied, 0 known already, 1 checkpoints\n`);
    const back = await openStore(backUrl, { mustExist: true });
    expect(await contentsOf(back)).toEqual(expected);
    expect(await back.checkpoints('file:')).toEqual(new Map([['file:x', '{"offset":7}']]));
    await back.close();
  } finally {
    cluster.close();
    await source.close();
    await place.destroy();
  }
});

test('ftl store copy says what is wrong', async () => {
  const help = await runFtl(['store', 'copy', '--help']);
  expect(help).toMatchObject({ status: 0 });
  for (const word of ['--from <url>', '--to <url>', '--elasticsearch-api-key-file', 'goes on where it stopped']) {
    expect(help.stdout).toContain(word);
  }
  expect(help.stdout).not.toContain('--elasticsearch-password ');
  const nothing = `sqlite:${join(folder, 'none.db')}`;
  const cluster = inject('elasticsearchUrl');
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [nothing, `sqlite:${join(folder, 'x.db')}`, /^ftl: There is no store at .*none\.db\.\n$/],
    [nothing, nothing, /^ftl: --from and --to are the same store\.\n$/],
    [
      `elasticsearch:${cluster}/ftl-test-none`,
      nothing,
      /^ftl: There is no store at elasticsearch:http.*ftl-test-none\.\n$/,
    ],
    ['redis:x', nothing, /^ftl: There is no store for "redis:" URLs: write /],
    [`elasticsearch:http://me:secret@127.0.0.1:9200`, nothing, /^ftl: The store URL holds credentials/],
    [`elasticsearch:${cluster}/Capitals`, nothing, /^ftl: "Capitals" cannot begin the names of indices/],
    [`elasticsearch:http://127.0.0.1:1`, nothing, /^ftl: elasticsearch:http:\/\/127\.0\.0\.1:1\/ftl: no connection /],
  ];
  const runs = cases.map(async ([from, to]) => runFtl(['store', 'copy', '--from', from, '--to', to]));
  for (const [n, { status, stderr }] of (await Promise.all(runs)).entries()) {
    const [from, , message] = cases[n]!;
    expect({ from, status, stderr }).toEqual({ from, status: 1, stderr: expect.stringMatching(message) as string });
    expect(stderr).not.toContain('secret');
  }
});
