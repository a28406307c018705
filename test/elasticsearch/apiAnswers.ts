import { pino } from 'pino';
import { startServer } from '#server/httpServer.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import type { TraceSummary } from '#trace/trace.ts';

/** Paths with their answers, letter by letter; of a page the items (`next` is every store's own). */
export type ApiAnswers = ReadonlyMap<string, string>;

interface Listed {
  readonly items: readonly Partial<TraceSummary>[];
  readonly next: string | null;
}

/** What the API says of a store: every list in every order, every trace with its records, every block, all else there is. */
export async function apiAnswers(store: TraceStore): Promise<ApiAnswers> {
  while ((await store.refresh()).remaining > 0);
  const server = await startServer({ port: 0, version: '0.0.0' }, { store, logger: pino({ level: 'silent' }) });
  try {
    const answers = new Map<string, string>();
    const get = async (path: string): Promise<string> => {
      const response = await fetch(`${server.url}/api/v1${path}`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
      return text;
    };
    const one = async (path: string) => void answers.set(path, await get(path));
    const pages = async (path: string, limit: number) => {
      const items: Listed['items'][number][] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page = JSON.parse(await get(`${path}limit=${limit}${more}`)) as Listed;
        items.push(...page.items);
        cursor = page.next;
      }
      answers.set(path, JSON.stringify(items));
      return items;
    };

    for (const sort of ['startedAt', 'durationUs', 'block']) {
      for (const order of ['asc', 'desc']) await pages(`/traces?sort=${sort}&order=${order}&`, 17);
    }
    const traces = await pages('/traces?', 1000);
    for (const query of queriesOf(traces)) await pages(`/traces?${query}&`, 100);
    for (const { txId = '', channel = '' } of traces) {
      const scope = `?channel=${encodeURIComponent(channel)}&exact=true`;
      await one(`/traces/${encodeURIComponent(txId)}${scope}`);
      await one(`/traces/${encodeURIComponent(txId)}/records${scope}`);
    }
    const blocks = (await pages('/blocks?', 7)) as { readonly channel: string; readonly number: number }[];
    for (const { channel, number } of blocks) await one(`/blocks/${encodeURIComponent(channel)}/${number}`);
    for (const path of ['/nodes', '/channels', '/leaders', '/findings', '/statistics']) await one(path);
    const start = Date.parse(traces[traces.length >> 1]?.startedAt ?? '2026-01-01T00:00:00Z');
    for (const query of [
      'bucketUs=1000000',
      `from=${new Date(start).toISOString()}`,
      `to=${new Date(start).toISOString()}&bucketUs=7000000`,
      ...blocks.slice(0, 1).map(({ channel }) => `channel=${channel}`),
    ]) {
      await one(`/statistics?${query}`);
    }
    return answers;
  } finally {
    await server.close();
  }
}

/** Searches by whatever the traces have to offer. */
function queriesOf(traces: Listed['items']): string[] {
  const distinct = (values: (trace: Listed['items'][number]) => readonly (string | null | undefined)[]) => [
    ...new Set(traces.flatMap((trace) => [...values(trace)]).filter((value) => typeof value === 'string')),
  ];
  const started = distinct(({ startedAt }) => [startedAt]).toSorted();
  const middle = started[started.length >> 1] ?? '2026-01-01T00:00:00Z';
  return [
    ...asked(
      'channel',
      distinct(({ channel }) => [channel]),
    ),
    ...asked('code', ['NONE', ...distinct(({ code }) => [code])]),
    ...asked(
      'chaincode',
      distinct(({ chaincode }) => [chaincode]),
    ),
    ...asked(
      'function',
      distinct((trace) => [trace.function]),
    ),
    ...asked(
      'participant',
      distinct(({ participants = [] }) => participants.map((id) => id.split('/').at(-1))),
    ),
    ...asked(
      'finding',
      distinct(({ findings = [] }) => findings.map(({ code }) => code)),
    ),
    ...asked('text', ['admin', 'PEER0 org2', 'basic transfer', 'conflict', '0a', 'no such thing']),
    ...asked('txId', distinct(({ txId }) => [txId?.slice(0, 4)]).slice(0, 20)),
    ...asked('from', [middle]),
    ...asked('to', [middle]),
    'minDurationUs=2000000',
    'maxDurationUs=2000000',
    'block=5',
  ];
}

function asked(name: string, values: readonly string[]): string[] {
  return values.map((value) => `${name}=${encodeURIComponent(value)}`);
}
