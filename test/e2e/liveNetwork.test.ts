import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceList } from '#server/api/schemas.ts';
import { runFtl } from '../harness/ftlProcess.ts';
import { type ServingFtl, spawnServing } from '../harness/servingFtl.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-live-'));
const running: ServingFtl[] = [];
afterAll(async () => {
  for (const ftl of running) await ftl.end('SIGINT');
  await runFtl(['network', 'down'], { cwd: folder });
  rmSync(folder, { recursive: true, force: true });
});

/** The default network, with ports that nobody else takes between two starts. */
const LAYOUT = `organizations:
  - { name: Orderer, domain: example.com, orderers: [{ name: orderer, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Org1, peers: &peers [{ port: 0, chaincodePort: 0, operationsPort: 0 }, { port: 0, chaincodePort: 0, operationsPort: 0 }] }
  - { name: Org2, peers: *peers }
chaincodes: [{ name: assets, port: 0 }]
`;

/** `ftl start` without anything else. */
async function start(cwd = folder) {
  const ftl = spawnServing(['start'], { cwd });
  running.push(ftl);
  const url = await ftl.url;
  return {
    printed: () => ftl.printed(),
    async traces() {
      const answer = await fetch(`${url}/api/v1/traces?sort=startedAt&order=desc&limit=1000`);
      return TraceList.parse(await answer.json()).items;
    },
    stop: () => ftl.end('SIGINT'),
  };
}

interface Status {
  readonly nodes: readonly {
    readonly state: string;
    readonly channels: readonly { readonly height: number | null }[];
  }[];
}

async function status(cwd = folder): Promise<Status> {
  const { stdout } = await runFtl(['network', 'status', '--json'], { cwd });
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

  beforeAll(async () => {
    writeFileSync(join(folder, 'layout.yaml'), LAYOUT);
    await runFtl(['network', 'create', '--layout', 'layout.yaml'], { cwd: folder });
  });

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

it('makes the network where there is none, and leaves nothing running if it is interrupted at once', {
  timeout: 60_000,
}, async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const ftl = await start(empty);
  expect(await ftl.stop()).toMatchObject({ status: 0, stderr: '' });
  expect(ftl.printed()).toMatch(/Made a network in .*: 3 organisations, 4 peers, 1 orderer/);
  const { nodes } = await status(empty);
  expect(nodes.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'stopped'));
});
