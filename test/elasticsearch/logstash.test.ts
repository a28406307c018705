import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openStore } from '#trace/store/openStore.ts';
import { POINTS } from '#trace/points.ts';
import type { TraceRecord } from '#trace/record.ts';
import type { TraceSummary } from '#trace/trace.ts';
import { spawnServing } from '../harness/servingFtl.ts';
import { type StorePlace, storePlace } from './freshStore.ts';

/** What Logstash's filter made of a transaction's records; see test/unit/elk. */
const golden = JSON.parse(readFileSync(new URL('../vectors/elk/golden.json', import.meta.url), 'utf8')) as {
  readonly outputs: Readonly<Record<string, readonly { readonly id?: string; readonly document?: TraceRecord }[]>>;
};
const documents = golden.outputs['records.ndjson']!.flatMap(({ id, document }) =>
  id === undefined || document === undefined ? [] : [{ id, record: document }],
);

let place: StorePlace;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  place = storePlace(inject('elasticsearchUrl'));
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await place.destroy();
});

/** A real `ftl serve`; its URL. */
async function serve(...more: readonly string[]): Promise<string> {
  const ftl = spawnServing(['serve', '--store', place.url, ...more]);
  ends.push(() => ftl.end());
  return ftl.url;
}

async function ask<T>(url: string, body?: string): Promise<T> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', body, headers });
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** As the output of elk/logstash/pipeline/records.conf does. */
async function shipAsLogstash(): Promise<readonly number[]> {
  const lines = documents.map(({ id, record }) => {
    const kind = POINTS[record.ftl.point].scope === 'network' ? 'network' : 'records';
    const action = { create: { _index: `${place.prefix}-${kind}`, _id: id } };
    return `${JSON.stringify(action)}\n${JSON.stringify(record)}\n`;
  });
  const answer = await ask<{ items: readonly { readonly create: { readonly status: number } }[] }>(
    `${inject('elasticsearchUrl')}/_bulk`,
    lines.join(''),
  );
  return answer.items.map(({ create }) => create.status);
}

const listOf = async (url: string) => (await ask<{ items: readonly TraceSummary[] }>(`${url}/api/v1/traces`)).items;

test('what Logstash alone writes becomes traces on the page of an `ftl serve`, and is forgotten by its retention', async () => {
  const sqlite = await openStore('sqlite::memory:');
  ends.push(() => sqlite.close());
  await sqlite.append(documents);
  while ((await sqlite.refresh()).remaining > 0);
  const { items: expected } = await sqlite.traces({});
  expect(expected.map(({ code }) => code)).toContain('VALID');

  const page = await serve();
  expect(await listOf(page)).toEqual([]);
  expect(new Set(await shipAsLogstash())).toEqual(new Set([201]));
  await expect.poll(() => listOf(page), { timeout: 60_000, interval: 100 }).toEqual(expected);
  expect(new Set(await shipAsLogstash())).toEqual(new Set([409]));
  const shown = new Map<string, unknown>();
  for (const { channel, txId } of expected) {
    const trace = await ask(`${page}/api/v1/traces/${txId}?channel=${channel}&exact=true`);
    expect(trace).toEqual(asJson(await sqlite.trace({ channel, txId })));
    shown.set(txId, trace);
  }
  expect(shown.size).toBe(expected.length);
  for (const [path, list] of [
    ['nodes', await sqlite.nodes()],
    ['channels', await sqlite.channels()],
  ] as const) {
    const { items } = await ask<{ items: unknown }>(`${page}/api/v1/${path}`);
    expect({ path, items }).toEqual({ path, items: asJson(list) });
  }

  await serve('--retention', '1s');
  await expect.poll(() => listOf(page), { timeout: 60_000, interval: 100 }).toEqual([]);
});

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
