import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SUMMARY_EXAMPLE } from '../api/examples.ts';
import { LiveBlock, LiveGap, TraceSummary } from '../api/schemas.ts';
import type { ServerOptions } from '../httpServer.ts';
import { expectProblem } from '../test/answers.ts';
import { EventReader } from '../test/eventStream.ts';
import { rawRequest, replacing, type TestServer, testServer } from '../test/runningServer.ts';
import { CHANNEL, endorsed, sampleRecords } from '../test/sampleRecords.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function running(options: Partial<ServerOptions> = {}, ...rest: [records?: never[]]): Promise<TestServer> {
  const server = await testServer({ ...options, live: { pollMs: 10, ...options.live } }, ...rest);
  stops.push(() => server.stop());
  return server;
}

async function listen(server: TestServer, headers: Record<string, string> = {}, query = ''): Promise<EventReader> {
  const reader = await EventReader.open(`${server.url}/api/v1/live${query}`, headers);
  stops.push(() => reader.close());
  return reader;
}

/** One that looks for changes as often, and tells of each look before the store does. */
async function looking(pollMs: number, onLook: () => void): Promise<TestServer> {
  const server = await testServer({ live: { pollMs } }, [], (store) =>
    replacing({
      changes: async (revision, options) => {
        onLook();
        return store.changes(revision, options);
      },
    })(store),
  );
  stops.push(() => server.stop());
  return server;
}

const txId = (number: number): string => number.toString(16).padStart(64, '0');

/** Reads on until the trace comes; the IDs of all traces that came. */
async function until(reader: EventReader, wanted: string): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const event = await reader.next();
    if (event === null) throw new Error(`The stream ended before ${wanted}.`);
    if (event.event !== 'trace') continue;
    seen.push(TraceSummary.parse(event.data).txId);
    if (seen.at(-1) === wanted) return seen;
  }
}

/** A number from the server's own metrics. */
async function metric(server: TestServer, name: string): Promise<number> {
  const text = await (await server.get('/metrics')).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe('GET /api/v1/live', () => {
  it('starts now, and sends what comes, with the revision as ID', async () => {
    const server = await running();
    const reader = await listen(server);
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.response.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(reader.response.headers.get('content-encoding')).toBeNull();
    const start = await server.store.revision();
    expect(await reader.nextBlock()).toEqual({ retry: '2000', id: String(start) });
    await server.add(endorsed(txId(1), CHANNEL, '30'));
    expect(await until(reader, txId(1))).toEqual([txId(1)]);
    expect(Number(reader.lastId)).toBeGreaterThan(start);
  });

  it('serves any number of listeners from one look at the store', async () => {
    let looks = 0;
    const server = await looking(10, () => (looks += 1));
    const readers = await Promise.all(Array.from({ length: 8 }, () => listen(server)));
    for (const reader of readers) await reader.nextBlock();
    const before = looks;
    await server.add(endorsed(txId(1), CHANNEL, '30'));
    await Promise.all(readers.map((reader) => until(reader, txId(1))));
    const during = looks - before;
    // All eight were told within the few looks that one listener would need as well; each event was read once.
    expect(await metric(server, 'ftl_server_live_events_total{event="trace"}')).toBe(1);
    expect(during).toBeGreaterThan(0);
  });

  it('does not look while nobody listens', async () => {
    let looks = 0;
    const server = await looking(5, () => (looks += 1));
    const reader = await listen(server);
    await reader.nextBlock();
    await vi.waitUntil(() => looks >= 2, { timeout: 10_000 });
    await reader.close();
    while ((await metric(server, 'ftl_server_live_listeners')) > 0);
    // The timer set when the last listener left fires before this one, of the same process: then there is no other.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const after = looks;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(looks).toBe(after);
    const back = await listen(server);
    await back.nextBlock();
    await server.add(endorsed(txId(1), CHANNEL, '30'));
    await until(back, txId(1));
  });

  it('resumes after Last-Event-ID without losing anything', async () => {
    const server = await running();
    const first = await listen(server);
    await first.nextBlock();
    await server.add(endorsed(txId(1), CHANNEL, '30'));
    await until(first, txId(1));
    const seenUpTo = first.lastId ?? '';
    await first.close();
    for (const number of [2, 3, 4]) await server.add(endorsed(txId(number), CHANNEL, '31'));
    const second = await listen(server, { 'Last-Event-ID': seenUpTo });
    expect(await until(second, txId(4))).toEqual([txId(2), txId(3), txId(4)]);
    await server.add(endorsed(txId(5), CHANNEL, '32'));
    expect(await until(second, txId(5))).toEqual([txId(5)]);
  });

  it('replays from the very start with after=0, in several reads, blocks too', async () => {
    const server = await running({ live: { batch: 3 } }, []);
    const records = sampleRecords();
    for (const record of records) await server.add([record]);
    const reader = await listen(server, {}, '?after=0');
    const blocks: unknown[] = [];
    const traces = new Set<string>();
    const all = (await server.store.traces({})).items.length;
    while (traces.size < all || blocks.length < 2) {
      const event = await reader.next();
      if (event?.event === 'block') blocks.push(LiveBlock.parse(event.data));
      else if (event?.event === 'trace') {
        const trace = TraceSummary.parse(event.data);
        traces.add(`${trace.channel} ${trace.txId}`);
      }
    }
    expect(traces.size).toBe(all);
  });

  it('tells of a gap when too much was missed, and goes on with what comes', async () => {
    const server = await running({ live: { batch: 2, maxReplay: 4 } }, []);
    for (let number = 1; number <= 20; number++) await server.add(endorsed(txId(number), CHANNEL, '30'));
    const reader = await listen(server, { 'Last-Event-ID': '0' });
    let sent = 0;
    let event = await reader.next();
    for (; event?.event === 'trace'; event = await reader.next()) sent += 1;
    expect(sent).toBe(4);
    expect(event?.event).toBe('gap');
    const gap = LiveGap.parse(event?.data);
    expect(gap).toMatchObject({ reason: 'too_far_behind', to: await server.store.revision() });
    expect(event?.id).toBe(String(gap.to));
    await server.add(endorsed(txId(21), CHANNEL, '31'));
    expect(await until(reader, txId(21))).toEqual([txId(21)]);
  });

  it('tells of a gap when the store never had that revision', async () => {
    const server = await running();
    const reader = await listen(server, { 'Last-Event-ID': '999999999' });
    const event = await reader.next();
    expect(event).toMatchObject({ event: 'gap', data: { from: 999_999_999, reason: 'unknown_revision' } });
    await server.add(endorsed(txId(1), CHANNEL, '30'));
    await until(reader, txId(1));
  });

  it('keeps an idle stream open with comments', async () => {
    const server = await running({ live: { heartbeatMs: 10 } });
    const reader = await listen(server);
    await reader.nextBlock();
    expect(await reader.nextBlock()).toEqual({ '': 'heartbeat' });
  });

  it('goes on after the store has failed for a while', async () => {
    let failing = false;
    const server = await looking(5, () => {
      if (failing) throw new Error('disk is away');
    });
    const reader = await listen(server);
    await reader.nextBlock();
    failing = true;
    await server.add(endorsed(txId(1), CHANNEL, '30'));
    while ((await metric(server, 'ftl_server_live_poll_errors_total')) === 0);
    failing = false;
    expect(await until(reader, txId(1))).toEqual([txId(1)]);
  });

  it('refuses one listener too many, and lets the next in when one leaves', async () => {
    const server = await running({ live: { maxListeners: 2 } });
    const first = await listen(server);
    await listen(server);
    const response = await server.get('/api/v1/live');
    expect(response.headers.get('retry-after')).toBe('10');
    await expectProblem(response, 503, 'too_many_listeners');
    await first.close();
    while ((await metric(server, 'ftl_server_live_listeners')) > 1);
    expect((await listen(server)).response.status).toBe(200);
  });

  it.each(['x', '-1', '1.5', '99999999999999999999'])('refuses the ID %s', async (id) => {
    const server = await running();
    const problem = await expectProblem(
      await server.get('/api/v1/live', { 'Last-Event-ID': id }),
      400,
      'invalid_request',
    );
    expect(problem.issues?.[0]?.path).toBe('Last-Event-ID');
    await expectProblem(await server.get('/api/v1/live?after=-1'), 400, 'invalid_request');
  });

  it('is 503 while the store cannot be read, before the stream begins', async () => {
    const server = await testServer();
    await server.store.close();
    const response = await server.get('/api/v1/live');
    expect(response.headers.get('retry-after')).toBe('5');
    await expectProblem(response, 503, 'store_unavailable');
    await server.close();
  });

  it('answers HEAD without opening a stream', async () => {
    const server = await running();
    const { response } = await rawRequest(`${server.url}/api/v1/live`, { method: 'HEAD' });
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(await metric(server, 'ftl_server_live_listeners')).toBe(0);
  });
});

describe('a slow reader', () => {
  it('is held to a bounded queue, then jumps to the latest with a gap', async () => {
    // Changes of half a megabyte each, so that the buffers of the operating system are soon full.
    const weight = 512 * 1024;
    let revision = 1;
    const changed = { ...SUMMARY_EXAMPLE, participants: ['x'.repeat(weight)] };
    const server = await testServer(
      { live: { pollMs: 5, maxBufferedBytes: 64 * 1024 } },
      [],
      replacing({
        revision: async () => revision,
        changes: async (after) => ({
          revision,
          blocks: [],
          traces: after < revision ? [{ ...changed, txId: txId(revision) }] : [],
        }),
      }),
    );
    stops.push(() => server.stop());
    const slow = await slowSocket(server.port);
    stops.push(async () => slow.destroy());
    const fast = await listen(server);
    while ((await metric(server, 'ftl_server_live_listeners')) < 2);
    const changes = 60;
    for (; revision <= changes; ) {
      revision += 1;
      // The fast one gets every change all the same.
      expect(await until(fast, txId(revision))).toEqual([txId(revision)]);
    }
    // Now the slow one reads: what was under way, then the gap, then the next change.
    const text = readAll(slow);
    await text.until('event: gap\ndata: ');
    expect(text.length()).toBeLessThan((changes * weight) / 2);
    const gap = LiveGap.parse(JSON.parse(await text.until('\n')));
    expect(gap.reason).toBe('slow_reader');
    expect(gap.to).toBe(revision);
    expect(await metric(server, 'ftl_server_live_gaps_total')).toBe(1);
    revision += 1;
    await text.until(txId(revision));
  });
});

/** Asks for the stream and then reads nothing. */
async function slowSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.pause();
      socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

/** Searches what comes; `until` gives what came before the words. */
function readAll(socket: Socket): { length(): number; until(words: string): Promise<string> } {
  let text = '';
  let length = 0;
  let wake: (() => void) | undefined;
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => {
    length += part.length;
    text += part;
    wake?.();
  });
  socket.resume();
  return {
    length: () => length,
    async until(words) {
      for (;;) {
        const at = text.indexOf(words);
        if (at >= 0) {
          const before = text.slice(0, at);
          text = text.slice(at + words.length);
          return before;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
