import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceList } from '#server/api/schemas.ts';
import { finished, runFtl, spawnFtl } from '../harness/ftlProcess.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-live-'));
const running: ChildProcess[] = [];
afterAll(async () => {
  for (const child of running.filter(({ exitCode }) => exitCode === null)) {
    child.kill('SIGINT');
    await finished(child);
  }
  await runFtl(['network', 'down'], { cwd: folder });
  rmSync(folder, { recursive: true, force: true });
});

/** `ftl start` without anything else, in a folder of its own. */
async function start() {
  const child = spawnFtl(['start', '--port', '0', '--no-open'], { cwd: folder });
  running.push(child);
  const ended = finished(child);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = '';
  child.stdout?.on('data', (text: Buffer | string) => {
    printed += String(text);
    const url = /FTL is at (http:\/\/127\.0\.0\.1:\d+)/.exec(printed)?.[1];
    if (url !== undefined) resolve(url);
  });
  void ended.then(({ stdout, stderr }) => reject(new Error(`it ended: ${stdout}${stderr}`)));
  const url = await promise;
  return {
    async traces() {
      const answer = await fetch(`${url}/api/v1/traces?sort=startedAt&order=desc&limit=1000`);
      return TraceList.parse(await answer.json()).items;
    },
    async stop() {
      child.kill('SIGINT');
      return ended;
    },
  };
}

interface Status {
  readonly nodes: readonly {
    readonly state: string;
    readonly channels: readonly { readonly height: number | null }[];
  }[];
}

async function status(): Promise<Status> {
  const { stdout } = await runFtl(['network', 'status', '--json'], { cwd: folder });
  return JSON.parse(stdout) as Status;
}

/** Heights of the channel at the peers. */
const heights = ({ nodes }: Status): number[] =>
  nodes.flatMap(({ channels }) => channels.flatMap(({ height }) => (height === null ? [] : [height])));

/** 0 while a peer does not answer. */
async function lowest(): Promise<number> {
  const there = heights(await status());
  return there.length < 4 ? 0 : Math.min(...there);
}

describe('ftl start with no argument', () => {
  let before = 0;

  it('runs a network and shows its transactions, whole', { timeout: 120_000 }, async () => {
    const ftl = await start();
    const whole = async () =>
      (await ftl.traces()).filter(
        ({ code, committed, missing, chaincode }) =>
          code === 'VALID' && chaincode === 'assets' && committed === 4 && missing === 0,
      ).length;
    await expect.poll(whole, { timeout: 60_000, interval: 500 }).toBeGreaterThan(3);
    const { nodes } = await status();
    expect(nodes.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'answers'));
    before = Math.max(...heights({ nodes }));
    expect(before).toBeGreaterThan(4);
    const { status: code, stderr } = await ftl.stop();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('leaves nothing running', async () => {
    const { nodes } = await status();
    expect(nodes.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'stopped'));
    const log = readFileSync(join(folder, 'ftl-data/network/nodes/orderer.example.com/log/node.log'), 'utf8');
    expect(log).toMatch(/stopping/);
  });

  it('continues the ledger at the next start', { timeout: 120_000 }, async () => {
    const ftl = await start();
    await expect.poll(lowest, { timeout: 60_000, interval: 1000 }).toBeGreaterThan(before + 2);
    expect((await ftl.stop()).status).toBe(0);
  });
});

it('a start that is interrupted while the network comes up leaves nothing running either', {
  timeout: 60_000,
}, async () => {
  const ftl = await start();
  expect(await ftl.stop()).toMatchObject({ status: 0, stderr: '' });
  const { nodes } = await status();
  expect(nodes.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'stopped'));
});
