import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StoreError } from '#trace/store/errors.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { ElasticsearchNode } from '../harness/elasticsearch.ts';
import { contentsOf } from './contents.ts';
import { expectedContents, importInto, writeOwnLogs } from './ownLogs.ts';

const KILLS = 2;
const folder = mkdtempSync(join(tmpdir(), 'ftl-disturbed-'));
let node: ElasticsearchNode;

beforeAll(async () => {
  node = await ElasticsearchNode.start({
    settings: {
      // Hardly anything may wait for its turn: whoever writes at the same time as others is refused with 429.
      'thread_pool.write.size': 1,
      'thread_pool.write.queue_size': 1,
      // How often the disk is looked at; more often is not allowed.
      'cluster.info.update.interval': '10s',
      'cluster.routing.allocation.disk.threshold_enabled': true,
      ...watermarks(ROOMY),
    },
  });
});
afterAll(async () => {
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Of the disk that must be free: any has as much, and none. */
const ROOMY = '1b';
const FULL = '900tb';

function watermarks(free: string): Record<string, string> {
  return Object.fromEntries(
    ['low', 'high', 'flood_stage'].map((name) => [`cluster.routing.allocation.disk.watermark.${name}`, free]),
  );
}

async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(`${node.url}${path}`, {
    ...(body !== undefined && { method: 'PUT', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** Whether the flood stage has made the records' index read-only. */
async function isBlocked(prefix: string): Promise<boolean> {
  const settings = await ask<Record<string, { settings: { index: { blocks?: { read_only_allow_delete?: string } } } }>>(
    `/${prefix}-records/_settings`,
  );
  return Object.values(settings).some(({ settings: { index } }) => index.blocks?.read_only_allow_delete === 'true');
}

async function fillDisk(): Promise<void> {
  await ask('/_cluster/settings', { persistent: watermarks(FULL) });
  while (!(await isBlocked('full'))) await delay(200);
}

/** The store, with something done while its n-th batch is on its way, and the codes of all errors. */
function observed(
  store: TraceStore,
  during: ReadonlyMap<number, () => Promise<void>>,
  onError: (code: string) => void,
) {
  let batches = 0;
  return new Proxy(store, {
    get(target, name: keyof TraceStore) {
      const method = target[name] as (...values: unknown[]) => unknown;
      if (name !== 'append') return method.bind(target);
      return async (...values: Parameters<TraceStore['append']>) => {
        const [result] = await Promise.allSettled([target.append(...values), during.get(++batches)?.()]);
        if (result.status === 'fulfilled') return result.value;
        if (result.reason instanceof StoreError) onError(result.reason.code);
        throw result.reason;
      };
    },
  });
}

const nothing = () => undefined;

test('killed with kill -9 in the middle of an import, again and again: nothing is lost, nothing double', async () => {
  const logs = writeOwnLogs(join(folder, 'killed'), 20_000);
  let killed = 0;
  const kill = async () => {
    await delay(killed * 15);
    await node.kill();
    killed++;
    await node.restart();
  };
  const store = await openStore(`elasticsearch:${node.url}/killed`, { elasticsearch: { retryMs: 1000 } });
  const during = new Map(Array.from({ length: KILLS }, (_, n) => [2 + 2 * n, kill]));
  await importInto(observed(store, during, nothing), logs);
  expect(killed).toBe(KILLS);
  expect(await contentsOf(store)).toEqual(await expectedContents(logs));
  await store.close();
});

test('with a full disk nothing is taken, nothing is lost, and all goes on by itself when there is room', async () => {
  const logs = writeOwnLogs(join(folder, 'full'), 10_000);
  const store = await openStore(`elasticsearch:${node.url}/full`);
  const codes: string[] = [];
  let freed: Promise<unknown> | undefined;
  const onError = (code: string) => {
    codes.push(code);
    freed ??= ask('/_cluster/settings', { persistent: watermarks(ROOMY) });
  };
  await importInto(observed(store, new Map([[2, fillDisk]]), onError), logs);
  await freed;
  expect(new Set(codes)).toEqual(new Set(['disk_full']));
  expect(await contentsOf(store)).toEqual(await expectedContents(logs));
  await store.close();
});

test('too much to do: who is refused with 429 comes again', async () => {
  const logs = writeOwnLogs(join(folder, 'busy'), 6000);
  const store = await openStore(`elasticsearch:${node.url}/busy`);
  // The same from all sides: what one has written, another one knows.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const own = await openStore(`elasticsearch:${node.url}/busy`);
      await importInto(own, logs);
      await own.close();
    }),
  );
  const { nodes } = await ask<{ nodes: Record<string, { thread_pool: { write: { rejected: number } } }> }>(
    '/_nodes/stats/thread_pool',
  );
  expect(Object.values(nodes)[0]?.thread_pool.write.rejected).toBeGreaterThan(0);
  expect(await contentsOf(store)).toEqual(await expectedContents(logs));
  await store.close();
});
