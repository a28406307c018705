import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { TraceMetrics, type TraceMetricsOptions } from '#server/traceMetrics/traceMetrics.ts';
import type { StoredRecord } from '#trace/record.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import type { Trace } from '#trace/trace.ts';
import { recordsOf } from './assembleRecorded.ts';

const RECORDING = fileURLToPath(new URL('../vectors/fabric-v3.1.5', import.meta.url));
const CHANNEL = 'mychannel';
const records = recordsOf(RECORDING, 'all', true);
const SECOND = 1000;

interface Watched {
  readonly store: TraceStore;
  readonly metrics: TraceMetrics;
  /** Adds records as they would come: in parts, with a look after each and this long until the next. */
  readonly feed: (all: readonly StoredRecord[], parts: number, pauseMs: number) => Promise<void>;
  readonly look: (afterMs: number) => Promise<void>;
  /** Values by labels, `name{label="value"}` without the metric's own name. */
  readonly read: (name: string) => Promise<Map<string, number>>;
  /** Labels of the exemplars of the stages' times. */
  readonly exemplars: () => Promise<Readonly<Record<string, string>>[]>;
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function watch(options: Partial<TraceMetricsOptions> = {}, store?: TraceStore): Promise<Watched> {
  const used = store ?? (await openSqliteStore(':memory:'));
  if (store === undefined) open.push(used);
  const registry = new Registry();
  let now = Date.parse('2026-11-21T01:00:00Z');
  const metrics = new TraceMetrics(
    { sample: Infinity, ...options },
    { store: used, registry, logger: pino({ level: 'silent' }), now: () => now },
  );
  open.push(metrics);
  const look = async (afterMs: number) => {
    now += afterMs;
    await metrics.look();
  };
  return {
    store: used,
    metrics,
    look,
    async feed(all, parts, pauseMs) {
      const size = Math.ceil(all.length / parts);
      for (let from = 0; from < all.length; from += size) {
        await used.append(all.slice(from, from + size));
        while ((await used.refresh()).remaining > 0);
        await look(0);
        await look(pauseMs);
      }
    },
    async exemplars() {
      const metric = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'ftl_stage_duration_seconds');
      const values = (metric?.values ?? []) as { exemplar?: { labelSet: Record<string, string> } | null }[];
      return values.flatMap(({ exemplar }) => (exemplar ? [exemplar.labelSet] : []));
    },
    async read(name) {
      const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === name);
      const values = (metric?.values ?? []) as { labels: object; value: number; metricName?: string }[];
      return new Map(
        values.map(({ labels, value, metricName = name }) => [
          `${metricName.slice(name.length)}${Object.values(labels).map(String).join(' ')}`,
          value,
        ]),
      );
    },
  };
}

/** What Go's own peer wrote into the blocks, by code. */
function codesOfBlocks(): Record<string, number> {
  const { blocks } = JSON.parse(readFileSync(`${RECORDING}/validation.json`, 'utf8')) as {
    blocks: { transactions: { txId: string; validationCode: string }[] }[];
  };
  const codes: Record<string, number> = {};
  const seen = new Set<string>();
  for (const { txId, validationCode } of blocks.flatMap(({ transactions }) => transactions)) {
    // One that was ordered twice is one transaction, with the code of the first.
    if (seen.has(txId)) continue;
    seen.add(txId);
    codes[`${CHANNEL} ${validationCode}`] = (codes[`${CHANNEL} ${validationCode}`] ?? 0) + 1;
  }
  return codes;
}

async function allTraces(store: TraceStore): Promise<Trace[]> {
  const { items } = await store.traces({ limit: 1000 });
  const traces = await Promise.all(items.map(({ channel, txId }) => store.trace({ channel, txId })));
  return traces.filter((trace) => trace !== null);
}

const total = (counts: Iterable<number>) => [...counts].reduce((sum, one) => sum + one, 0);
const DAY = 86_400 * SECOND;
const numberOf = ({ record }: StoredRecord): number => record.ftl.block?.number ?? 0;
function movedBy(one: StoredRecord, milliseconds: number): StoredRecord {
  const moved = structuredClone(one);
  const time = moved.record['@timestamp'];
  const micros = time.slice(23, 26);
  const at = new Date(Date.parse(time) + milliseconds).toISOString().replace('Z', `${micros}Z`);
  return Object.assign(moved, { record: Object.assign(moved.record, { '@timestamp': at }) });
}
const ms = (time: string | null) => (time === null ? Number.NaN : Date.parse(time));

describe('on the recorded network', () => {
  test('transactions are counted as the blocks hold them, findings as the store counts them', async () => {
    const { feed, look, read, store } = await watch();
    await feed(records, 7, SECOND / 10);
    await look(10 * SECOND);
    expect(Object.fromEntries(await read('ftl_transactions_total'))).toEqual(codesOfBlocks());

    const { findings } = await store.statistics({ channel: CHANNEL });
    expect(findings.length).toBeGreaterThan(4);
    const expected = new Map(findings.map(({ code, severity, count }) => [`${CHANNEL} ${code} ${severity}`, count]));
    expect(await read('ftl_findings_total')).toEqual(expected);

    const traces = await allTraces(store);
    const never = traces.filter((trace) =>
      trace.findings.some(({ code, severity }) => code === 'never_ordered' && severity === 'warning'),
    );
    expect(await read('ftl_endorsed_never_ordered')).toEqual(new Map([[CHANNEL, never.length]]));
    // They may be on their way.
    expect(await read('ftl_partially_committed')).toEqual(new Map([[CHANNEL, 0]]));
    await look(60 * SECOND);
    expect(await read('ftl_partially_committed')).toEqual(
      new Map([[CHANNEL, traces.filter(({ missing, code }) => missing.length > 0 && code !== null).length]]),
    );
  });

  test('a trace that changes again and again is counted once', async () => {
    const { feed, look, read, store } = await watch();
    await feed(records, 23, 20 * SECOND);
    await look(10 * SECOND);
    expect(Object.fromEntries(await read('ftl_transactions_total'))).toEqual(codesOfBlocks());
    const before = await read('ftl_stage_duration_seconds');
    const told = async () =>
      [...(await read('ftl_findings_total'))].filter(([labels]) => !labels.includes('not_committed_by'));
    const findings = await told();
    // A record that nobody had sent yet: every trace of the block changes, no figure does.
    const late = records.find(({ record }) => record.ftl.point === 'gossip.commit')!;
    const copy = { id: 'f'.repeat(16), record: { ...late.record, 'service.node.name': 'peer9.org9.example.com' } };
    await store.append([copy]);
    await store.refresh();
    await look(0);
    await look(60 * SECOND);
    expect(Object.fromEntries(await read('ftl_transactions_total'))).toEqual(codesOfBlocks());
    expect(await read('ftl_stage_duration_seconds')).toEqual(before);
    expect(await told()).toEqual(findings);
  });

  test('exemplars name the transaction, as far as its ID is one of Fabric’s', async () => {
    const { feed, look, exemplars, store } = await watch();
    await feed(records, 1, 0);
    await look(10 * SECOND);
    const traceIds = new Map((await allTraces(store)).map(({ txId, traceId }) => [txId, traceId]));
    const told = await exemplars();
    expect(told.length).toBeGreaterThan(20);
    for (const labels of told) {
      expect(labels).toEqual({ trace_id: traceIds.get(labels['tx_id']!), tx_id: labels['tx_id'] });
    }

    // Names and values may have 128 characters together: of a transaction's ID there is room for 83.
    const long = await watch();
    const renamed = JSON.stringify(records).replaceAll(/[\da-f]{64}/g, (id) =>
      traceIds.has(id) ? id.padEnd(84, 'x') : id,
    );
    await long.feed(JSON.parse(renamed) as StoredRecord[], 1, 0);
    await long.look(10 * SECOND);
    const labels = await long.exemplars();
    expect(labels.length).toBe(told.length);
    // What has no ID of its own goes by its place, which is short.
    expect(labels.filter(({ tx_id: id = 'block:' }) => !id.startsWith('block:'))).toEqual([]);
  });

  test('stages are told by node, and agree with the traces', async () => {
    const { feed, look, read, store } = await watch();
    await feed(records, 1, 0);
    await look(10 * SECOND);
    const traces = (await allTraces(store)).filter(({ code }) => code !== null);
    const told = await read('ftl_stage_duration_seconds');

    // Worked out here from the traces' edges, a different way than the server does: in milliseconds, by dates.
    const endorsements = traces.flatMap(({ edges }) =>
      edges.filter(
        ({ point, status, durationUs }) => point === 'endorse' && Number(status) < 400 && status !== null && durationUs,
      ),
    );
    const byPeer = new Map<string, number[]>();
    for (const { to, durationUs } of endorsements) byPeer.set(to, [...(byPeer.get(to) ?? []), (durationUs ?? 0) / 1e6]);
    expect(byPeer.size).toBeGreaterThan(1);
    for (const [peer, seconds] of byPeer) {
      const [msp, node] = peer.split('/');
      const labels = `${CHANNEL} endorse ${msp} ${node}`;
      expect([labels, told.get(`_count${labels}`)]).toEqual([labels, seconds.length]);
      expect(told.get(`_sum${labels}`)).toBeCloseTo(
        seconds.reduce((sum, one) => sum + one, 0),
        6,
      );
    }
    const ordered = traces.filter(({ stages }) => stages.order.durationUs !== null);
    const orders = [...told].filter(([labels]) => labels.startsWith('_count') && labels.includes(' order '));
    expect(orders.reduce((sum, [, count]) => sum + count, 0)).toBe(ordered.length);

    const commits = traces.flatMap(({ commits: all, stages }) =>
      all.filter(({ at }) => ms(at) <= ms(stages.commit.endedAt) && stages.commit.startedAt !== null),
    );
    const committed = [...told].filter(([labels]) => labels.startsWith('_count') && labels.includes(' commit '));
    expect(committed.reduce((sum, [, count]) => sum + count, 0)).toBe(commits.length);
    const slowest = (stage: 'deliver' | 'commit') =>
      Math.max(...traces.map(({ stages }) => (stages[stage].durationUs ?? 0) / 1e6));
    for (const stage of ['deliver', 'commit'] as const) {
      const longest = [...told].filter(([labels]) => labels.startsWith('_bucket') && labels.includes(` ${stage} `));
      // No node took longer than the whole stage of the slowest transaction: all fall into the buckets up to there.
      const bound = Math.min(...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30].filter((one) => one >= slowest(stage)));
      const within = longest.filter(([labels]) => labels.startsWith(`_bucket${bound} `));
      const all = longest.filter(([labels]) => labels.startsWith('_bucket+Inf'));
      expect(within.map(([, count]) => count)).toEqual(all.map(([, count]) => count));
      expect(all.length).toBeGreaterThan(2);
    }
  });

  test('what was in the store before is not counted, what comes then is', async () => {
    const first = await watch();
    const half = Math.floor(records.length / 2);
    await first.feed(records.slice(0, half), 1, 0);
    const known = (await first.store.statistics({ channel: CHANNEL })).outcomes;
    const next = await watch({ pollMs: 5, settleMs: 0 }, first.store);
    next.metrics.start();
    await first.feed(records.slice(half), 3, 0);
    const all = codesOfBlocks();
    await expect
      .poll(async () => (await next.read('ftl_transactions_total')).get(`${CHANNEL} VALID`), { timeout: 20_000 })
      .toBe((all[`${CHANNEL} VALID`] ?? 0) - (known['VALID'] ?? 0));
  });

  test('a peer whose blocks stop coming is behind, by blocks and by time', async () => {
    const lost = 'peer0.org3.example.com';
    const { feed, look, read, store } = await watch();
    const after = (block: number) =>
      records.filter(
        ({ record }) => !(record['service.node.name'] === lost && (record.ftl.block?.number ?? -1) > block),
      );
    await feed(after(20), 1, 0);
    await look(10 * SECOND);
    const highest = Math.max(...(await store.blocks({ limit: 1000 })).items.map(({ number }) => number));
    const behind = await read('ftl_peer_behind_blocks');
    expect(behind.get(`${CHANNEL} ${lost} Org3MSP`)).toBe(highest - 20);
    expect([...behind.values()].filter((blocks) => blocks === 0)).toHaveLength(4);
    const lacking = await store.block(CHANNEL, 21);
    const seconds = (Date.parse('2026-11-21T01:00:10Z') - Date.parse(lacking?.firstSeenAt ?? '')) / 1000;
    expect((await read('ftl_peer_behind_seconds')).get(`${CHANNEL} ${lost} Org3MSP`)).toBeCloseTo(seconds, 3);
    // It catches up.
    await feed(records, 1, 6 * SECOND);
    expect((await read('ftl_peer_behind_blocks')).get(`${CHANNEL} ${lost} Org3MSP`)).toBe(0);
    expect((await read('ftl_peer_behind_seconds')).get(`${CHANNEL} ${lost} Org3MSP`)).toBe(0);
    expect(await read('ftl_partially_committed')).toEqual(new Map([[CHANNEL, 0]]));
  });

  test('a peer that has lacked blocks for a week is not waited for, another one is', async () => {
    const [gone, late] = ['peer0.org3.example.com', 'peer1.org1.example.com'];
    const { feed, look, read } = await watch();
    const height = Math.max(...records.map(numberOf));
    /** As far as these peers have them. */
    const until = (block: number, has: Readonly<Record<string, number>>) =>
      records.filter((one) => numberOf(one) <= Math.min(block, has[one.record['service.node.name'] ?? ''] ?? height));
    const partly = async () => (await read('ftl_partially_committed')).get(CHANNEL);
    await feed(until(40, { [gone]: 20 }), 1, 10 * SECOND);
    await look(60 * SECOND);
    expect(await partly()).toBeGreaterThan(0);
    await look(8 * DAY);
    await feed(until(height - 10, { [gone]: 20 }), 1, 10 * SECOND);
    await look(60 * SECOND);
    expect(await partly()).toBe(0);
    const today = until(height, { [gone]: 20, [late]: height - 10 })
      .filter((one) => numberOf(one) > height - 10)
      .map((one) => movedBy(one, 8 * DAY));
    await feed(today, 1, 10 * SECOND);
    await look(60 * SECOND);
    expect(await partly()).toBeGreaterThan(0);
  });

  test('labels and histograms stay within their bounds, and all is counted nevertheless', async () => {
    const { feed, look, read } = await watch({ maxHistograms: 3, maxCodes: 1, maxNodes: 2 });
    await feed(records, 1, 0);
    await look(10 * SECOND);
    const codes = await read('ftl_transactions_total');
    expect([...codes.keys()]).toEqual([expect.any(String), `${CHANNEL} other`]);
    expect(total(codes.values())).toBe(total(Object.values(codesOfBlocks())));
    const histograms = [...(await read('ftl_stage_duration_seconds')).keys()].filter((key) => key.startsWith('_count'));
    expect(histograms.filter((key) => !key.endsWith('other other')).length).toBeLessThanOrEqual(3);
    expect(histograms).toContain(`_count${CHANNEL} commit other other`);
    expect((await read('ftl_peer_behind_blocks')).size).toBeLessThanOrEqual(2);
  });

  test('where there are too many, a sample is measured, and the rest is told', async () => {
    const { feed, look, read } = await watch({ sample: 10 });
    await feed(records, 1, 0);
    await look(10 * SECOND);
    const all = total(Object.values(codesOfBlocks()));
    expect(await read('ftl_server_uncounted_traces_total')).toEqual(new Map([['sampled', all - 10]]));
  });
});
