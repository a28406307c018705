import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import type { LogSpecState, MonitoringState } from '#server/api/monitoringSchemas.ts';
import { type OperationsService, operationsService } from '../harness/operationsService.ts';
import { spawnServing } from '../harness/servingFtl.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const NAMES = ['peer0', 'peer1'] as const;
const USUAL = 'endorser=warn:info';
let folder: string;
let nodes: OperationsService[];
let running: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-kill-'));
  nodes = [stack.use(await operationsService()), stack.use(await operationsService())];
  for (const { levels } of nodes) levels.activate(USUAL);
  const targets = nodes.map(({ url }, index) => ({
    targets: [url.host],
    labels: { node: NAMES[index], msp: 'Org1MSP', kind: 'peer' },
  }));
  writeFileSync(join(folder, 'targets.json'), JSON.stringify(targets));
});
afterEach(async () => {
  for (const end of running) await end();
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

/** `ftl start` on the folder's store, until it serves. */
async function startFtl() {
  const store = `sqlite:${join(folder, 'ftl.db')}`;
  const operations = ['--operations', join(folder, 'targets.json')];
  const { url: served, end } = spawnServing(['start', '--store', store, ...operations, '--log-level', 'info']);
  running.push(() => end('SIGKILL').then(() => undefined));
  const url = await served;
  const specOf = (name: string) => `${url}/api/v1/nodes/Org1MSP/${name}/logspec`;
  return {
    end,
    change: (name: string, spec: string) =>
      fetch(specOf(name), {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ spec, minutes: 10 }),
      }),
    state: async (name: string) => (await (await fetch(specOf(name))).json()) as z.output<typeof LogSpecState>,
    monitoring: async () =>
      (await (await fetch(`${url}/api/v1/monitoring`)).json()) as z.output<typeof MonitoringState>,
  };
}

interface Entry {
  readonly id: string;
  readonly restores: string;
  readonly until: number;
}
/** What is written down, by file. */
function writtenDown(): [string, Entry][] {
  const kept = join(folder, 'log-specs');
  return readdirSync(kept)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [join(kept, name), JSON.parse(readFileSync(join(kept, name), 'utf8')) as Entry]);
}
const specs = () => nodes.map(({ levels }) => levels.spec);

describe('log specifications after FTL was killed', { timeout: 60_000 }, () => {
  it('come back when FTL is started again: at once where their time is over, else then or when it stops', async () => {
    const first = await startFtl();
    for (const name of NAMES) expect((await first.change(name, 'gossip=debug:info')).status).toBe(200);
    expect((await first.end('SIGKILL')).signal).toBe('SIGKILL');
    expect(specs()).toEqual(['gossip=debug:info', 'gossip=debug:info']);

    // As if more than ten minutes had gone by.
    const [file, entry] = writtenDown().find(([, { id }]) => id === 'Org1MSP/peer0')!;
    writeFileSync(file, JSON.stringify({ ...entry, until: Date.now() - 1 }));
    const next = await startFtl();
    await vi.waitUntil(() => nodes[0]!.levels.spec === USUAL, { timeout: 20_000 });
    expect(await next.state('peer1')).toMatchObject({
      spec: 'gossip=debug:info',
      change: { restores: USUAL, by: 'operator', problem: null },
    });
    const { items } = await next.monitoring();
    expect(items.find(({ node }) => node === 'peer1')?.logSpecChange).toMatchObject({ restores: USUAL, problem: null });
    const { status, stderr } = await next.end();
    expect(status).toBe(0);
    expect(stderr).toContain('log specification was changed before FTL ended without putting it back');
    expect(stderr).toContain('log specification restored');
    expect(specs()).toEqual([USUAL, USUAL]);
    expect(writtenDown()).toEqual([]);
  });

  it('are whole and the right ones, whenever it is killed', async () => {
    for (let round = 0; round < 3; round++) {
      const ftl = await startFtl();
      const changes = Array.from({ length: 30 }, (_, index) =>
        ftl.change(NAMES[index % 2]!, `gossip=debug:r${round}.l${index}=debug:info`),
      );
      const all = Promise.allSettled(changes);
      await changes[4 + 8 * round];
      await ftl.end('SIGKILL');
      await all;
      expect(writtenDown().map(([, { restores }]) => restores)).toEqual([USUAL, USUAL]);
    }
    const last = await startFtl();
    expect(specs().every((spec) => spec.includes('gossip=debug'))).toBe(true);
    expect((await last.end()).status).toBe(0);
    expect(specs()).toEqual([USUAL, USUAL]);
    expect(writtenDown()).toEqual([]);
  });
});
