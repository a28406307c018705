import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import { importAll, type ImportOptions, startCollector } from './collector.ts';
import type { ImportProgress } from './sources/importFiles.ts';
import { CollectorRig, ownLine, ownLines, range } from './testing/collectorRig.ts';
import { MemoryRecords } from './testing/memoryRecords.ts';

const VECTORS = fileURLToPath(new URL('../test/vectors/', import.meta.url));
const BLOCKS = `${VECTORS}fabric-v2.5.9/blocks/`;
const PKI_IDS = `${VECTORS}pki-ids/v2.5.9.json`;

let rig: CollectorRig;
beforeEach(() => {
  rig = new CollectorRig();
});
afterEach(() => rig.remove());

function importInto(store: MemoryRecords, options: ImportOptions) {
  return importAll(options, { store, registry: new Registry(), logger: pino({ level: 'silent' }) });
}

describe('block files', () => {
  it('are picked up as they appear, once', async () => {
    mkdirSync(rig.path('blocks'));
    copyFileSync(`${BLOCKS}mychannel_0.pb`, rig.path('blocks', 'mychannel_0.pb'));
    await rig.start({ blocks: [rig.path('blocks')] });
    const headers = () => [...rig.store.records.values()].filter(({ record }) => record.ftl.point === 'block.header');
    await rig.until(() => headers().length === 1);
    writeFileSync(rig.path('blocks', 'mychannel_1.pb.gz'), gzipSync(readFileSync(`${BLOCKS}mychannel_1.pb`)));
    await rig.until(() => headers().length === 2);
    await rig.collector.untilCaughtUp();
    await rig.stop();
    await rig.start({ blocks: [rig.path('blocks')] });
    await rig.collector.untilCaughtUp();
    expect(await rig.metric('ftl_collector_block_files_total')).toBe(0);
  });

  it('that are damaged become dead letters, and are read when they have been replaced', async () => {
    mkdirSync(rig.path('blocks'));
    const whole = readFileSync(`${BLOCKS}mychannel_1.pb`);
    writeFileSync(rig.path('blocks', '1.pb'), whole.subarray(0, whole.length / 2));
    writeFileSync(rig.path('blocks', 'README'), 'no block at all');
    await rig.start({ blocks: [rig.path('blocks', '*')] });
    await rig.until(() => rig.collector.status().deadLetters === 1);
    writeFileSync(rig.path('blocks', '1.pb'), whole);
    await rig.until(() => rig.store.records.size > 0);
    expect(rig.collector.status().deadLetters).toBe(1);
  });
});

describe('nodes.yaml', () => {
  it('names the writer of its logs and gives identities', async () => {
    const line =
      '{"level":"info","ts":1767225600.123456,"name":"kvledger","caller":"a.go:1","msg":"[mychannel] Committed block [7] with 1 transaction(s) in 9ms (state_validation=1ms block_and_pvtdata_commit=5ms state_commit=2ms) commitHash=[ab]"}\n';
    writeFileSync(rig.path('node-a.log'), line);
    const node = { name: 'peer0.org1.example.com', msp: 'Org1MSP', kind: 'peer', addresses: ['peer0:7051'] };
    await rig.start({ nodes: [{ ...node, logs: [rig.path('node-a.log')] }] });
    await rig.until(() => rig.store.records.size === 2);
    const [identity, commit] = [...rig.store.records.values()].map(({ record }) => record);
    expect(identity?.ftl).toMatchObject({ point: 'node.identity', sender: { address: 'peer0:7051', msp: 'Org1MSP' } });
    expect(commit?.['service.node.name']).toBe('peer0.org1.example.com');
  });

  it('that is wrong stops the start with a reason', async () => {
    await expect(rig.start({ nodes: [{ name: 'x' }] })).rejects.toMatchObject({ code: 'bad_nodes_file' });
  });
});

describe('standard input', () => {
  it('is read to its end', async () => {
    const text = ownLines(0, 500) + ownLine(500).trimEnd();
    const stdin = Readable.from([text.slice(0, 1000), Buffer.from(text.slice(1000))]);
    const store = new MemoryRecords();
    const collector = await startCollector(
      { logs: ['-'] },
      { store, registry: new Registry(), logger: pino({ level: 'silent' }), stdin },
    );
    await collector.untilCaughtUp();
    await collector.stop();
    expect(store.sequence).toEqual(range(0, 501));
  });
});

describe('metrics', () => {
  it('tell what was read, stored and refused, and how far behind each file is', async () => {
    const text = `${ownLines(0, 10)}{"ftl":broken\n`;
    writeFileSync(rig.path('peer0.log'), text);
    await rig.start();
    await rig.untilSequence(10);
    expect(await rig.metric('ftl_collector_lines_total')).toBe(11);
    expect(await rig.metric('ftl_collector_bytes_total')).toBe(text.length);
    expect(await rig.metric('ftl_collector_records_total')).toBe(10);
    const page = await rig.registry.metrics();
    expect(page).toContain('ftl_collector_dead_letters_total{code="bad_json"} 1');
    expect(page).toContain(`ftl_collector_lag_bytes{file="${rig.path('peer0.log')}"} 0`);
    expect(page).toContain(`ftl_collector_lag_seconds{file="${rig.path('peer0.log')}"} 0`);
    expect(page).toContain('ftl_collector_write_seconds_count');
  });
});

describe('importAll', () => {
  const recorded = [`${VECTORS}fabric-v2.5.9/logs`, BLOCKS, PKI_IDS.replace('v2.5.9.json', '')];

  it('reads folders of logs and blocks, and adds nothing the second time', async () => {
    const store = await openSqliteStore(rig.path('ftl.db'));
    const progress: ImportProgress[] = [];
    const modules = { store, logger: pino({ level: 'silent' }), registry: new Registry() };
    const first = await importAll({ paths: recorded, onProgress: (at) => progress.push(at) }, modules);
    const blocks = readdirSync(BLOCKS).filter((name) => name.endsWith('.pb')).length;
    expect(first).toMatchObject({ logs: 5, blocks, errors: [], known: 0 });
    expect(first.skipped).toContain(PKI_IDS);
    expect(first.added).toBeGreaterThan(400);
    const last = progress.at(-1);
    expect(last).toMatchObject({ files: 5 + blocks, filesTotal: 5 + blocks, bytes: last?.bytesTotal });
    expect(progress.map((at) => at.bytes)).toEqual(progress.map((at) => at.bytes).toSorted((a, b) => a - b));
    const { records } = await store.info();
    const second = await importAll({ paths: recorded }, modules);
    expect(second).toMatchObject({ added: 0, known: first.added });
    expect((await store.info()).records).toBe(records);
    await store.close();
  });

  it('takes a debug log for a log, whatever bytes its messages hold, and one in a container runtime’s wrapper', async () => {
    mkdirSync(rig.path('logs'));
    // As a 3.1 peer printed it: gossip shows its digests as they are.
    const digest = Buffer.from('9f0954a2453a2cb78fbc7522928d0c0069668f8403672ed463f814c8daca74', 'hex');
    const debug = '2026-11-21 03:33:49.627 UTC 005b DEBU [gossip.pull] Add -> Added <';
    const commit =
      '2026-11-21 03:33:50.082 UTC 0061 INFO [kvledger] commit -> [c] Committed block [1] with 1 transaction(s) in 1ms () commitHash=[]';
    writeFileSync(
      rig.path('logs', 'a.log'),
      Buffer.concat([Buffer.from(debug), digest, Buffer.from(`t, total items: 1\n${commit}\n`)]),
    );
    writeFileSync(
      rig.path('logs', 'b-json.log'),
      `${JSON.stringify({ log: `${commit}\n`, stream: 'stderr', time: '2026-11-21T03:33:50.083Z' })}\n`,
    );
    const store = new MemoryRecords();
    expect(await importInto(store, { paths: [rig.path('logs')] })).toMatchObject({ logs: 2, skipped: [], added: 2 });
  });

  it('gives the same records as following the same lines', async () => {
    const imported = new MemoryRecords();
    await importInto(imported, { paths: [`${VECTORS}fabric-v2.5.9/logs`] });
    for (const name of readdirSync(`${VECTORS}fabric-v2.5.9/logs`)) {
      copyFileSync(`${VECTORS}fabric-v2.5.9/logs/${name}`, rig.path(name));
    }
    await rig.start({ logs: [rig.path('*.gz')] });
    await rig.collector.untilCaughtUp();
    expect([...rig.store.records.keys()].toSorted()).toEqual([...imported.records.keys()].toSorted());
  });

  it('gives a start-up dump the same IDs whether the file ends behind it or goes on', async () => {
    const whole = gunzipSync(readFileSync(`${VECTORS}fabric-v2.5.9/logs/peer0.org1.log.gz`)).toString();
    const afterDump = whole.indexOf('\n', whole.indexOf('rootcert:')) + 1;
    const dumpEnd = whole.indexOf('\n', afterDump) + 1;
    const grown = new MemoryRecords();
    for (const end of [dumpEnd, whole.length]) {
      writeFileSync(rig.path('peer0.log'), whole.slice(0, end));
      await importInto(grown, { paths: [rig.path('peer0.log')] });
    }
    const once = new MemoryRecords();
    await importInto(once, { paths: [rig.path('peer0.log')] });
    expect([...grown.records.keys()].toSorted()).toEqual([...once.records.keys()].toSorted());
  });

  it('reads rotated files of a stream in the order in which they were written', async () => {
    writeFileSync(rig.path('peer0.log.2.gz'), gzipSync(ownLines(0, 5)));
    writeFileSync(rig.path('peer0.log.1'), ownLines(5, 8));
    writeFileSync(rig.path('peer0.log'), ownLines(8, 10).trimEnd());
    const result = await importInto(rig.store, { paths: [rig.folder] });
    expect(result).toMatchObject({ logs: 3, lines: 10, added: 10 });
    expect(rig.store.sequence).toEqual(range(0, 10));
  });

  it('keeps what a torn archive holds and names it', async () => {
    const whole = gzipSync(ownLines(0, 2000));
    writeFileSync(rig.path('peer0.log.gz'), whole.subarray(0, whole.length / 2));
    writeFileSync(rig.path('peer1.log'), ownLines(5000, 5010));
    const { errors } = await importInto(rig.store, { paths: [rig.path('peer0.log.gz'), rig.path('peer1.log')] });
    expect(errors).toMatchObject([{ file: rig.path('peer0.log.gz'), code: 'torn_gzip' }]);
    expect(rig.store.records.size).toBeGreaterThan(500);
    expect(rig.store.sequence).toContain(5009);
  });

  it('refuses a path that is not there', async () => {
    await expect(importInto(rig.store, { paths: [rig.path('nothing.log')] })).rejects.toMatchObject({
      code: 'no_such_file',
    });
  });

  it('stops when told to', async () => {
    writeFileSync(rig.path('peer0.log'), ownLines(0, 20_000));
    const abort = new AbortController();
    const paths = [rig.path('peer0.log')];
    const running = importInto(rig.store, {
      paths,
      readBytes: 4096,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });
});
