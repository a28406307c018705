/**
 * How fast lines become records in Elasticsearch: our collector, and beside it Filebeat, from the same file into the same server (the
 * minimal distribution, 512 MB of heap, one shard, no replica), on the same machine, one after the other.
 *
 *     node test/perf/elasticsearch.ts [--count 1000000] [--filebeat PATH] [--heap MIB]
 *
 * `--filebeat` (or FILEBEAT) names its program; without one its row is left out, and said to be. Both reach Elasticsearch through the
 * same proxy, which answers `GET /`: Filebeat asks it, and the minimal distribution has no answer. CPU is that of the shipping process.
 * Filebeat's index has the mapping of ours, its bulks 2,000 events, two workers. Our collector also bounds, numbers and checks what it
 * reads; summaries come after and are timed apart.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startCollector } from '#collector/collector.ts';
import { openStore } from '#trace/store/openStore.ts';
import { ElasticsearchNode } from '../harness/elasticsearch.ts';
import { writeOwnLog } from './ownLog.ts';
import { processUse, residentMb, totalOf } from './processUse.ts';
import { versionProxy } from './versionProxy.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    filebeat: { type: 'string', default: process.env['FILEBEAT'] ?? '' },
    heap: { type: 'string', default: '512' },
    collect: { type: 'string' },
    store: { type: 'string', default: '' },
  },
});

const WARM_UP = 100_000;

interface Shipped {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly documents: number;
  readonly peakMb: number;
  readonly refreshSeconds?: number;
  readonly traces?: number;
}

if (values.collect === undefined) await main(Number(values.count));
else process.send?.(await collect(values.collect, values.store));

async function main(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-'));
  const elasticsearch = await ElasticsearchNode.start({ heapMiB: Number(values.heap), optimising: true });
  const proxy = await versionProxy(Number(new URL(elasticsearch.url).port), '9.5.3');
  try {
    const file = join(folder, 'own.log');
    writeOwnLog(file, count);
    const url = `http://127.0.0.1:${proxy.port}`;
    console.log(
      `Node ${process.version}, ${count.toLocaleString('en')} lines of ${Math.round(statSync(file).size / count)} bytes\n`,
    );
    console.log('| | lines/s | CPU-s a million lines | peak RSS MB | documents |');
    console.log('| --- | ---: | ---: | ---: | ---: |');
    // Elasticsearch compiles what it does often: neither of the two is to pay for that.
    const warmUp = join(folder, 'warm-up.log');
    writeOwnLog(warmUp, Math.min(count, WARM_UP));
    await inChild(warmUp, `elasticsearch:${url}/warm-up`);
    const ours = await inChild(file, `elasticsearch:${url}/perf`);
    show('our collector', count, ours);
    if (values.filebeat === '') console.log('\nFilebeat was not measured: --filebeat names no program.');
    else show('Filebeat', count, await filebeat(file, count, elasticsearch.url, url, folder));
    const { refreshSeconds = 0, traces = 0 } = ours;
    const rate = Math.round(traces / refreshSeconds).toLocaleString('en');
    console.log(
      `\n${traces.toLocaleString('en')} summaries afterwards: ${refreshSeconds.toFixed(1)} s, ${rate} a second`,
    );
  } finally {
    proxy.close();
    await elasticsearch.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function show(name: string, count: number, { seconds, cpuSeconds, documents, peakMb }: Shipped): void {
  const rate = Math.round(count / seconds).toLocaleString('en');
  const cpu = ((cpuSeconds / count) * 1e6).toFixed(1);
  console.log(`| ${name} | ${rate} | ${cpu} | ${Math.round(peakMb)} | ${documents.toLocaleString('en')} |`);
}

async function inChild(file: string, store: string): Promise<Shipped> {
  const child = fork(fileURLToPath(import.meta.url), ['--collect', file, '--store', store], {
    execArgv: ['--heap-growing-percent=50'],
  });
  const [answer] = (await Promise.race([once(child, 'message'), failed(child)])) as [Shipped];
  return answer;
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`the collector ended with ${code} before it was done`);
}

/** The collector as it runs, following the file. */
async function collect(file: string, url: string): Promise<Shipped> {
  const inner = await openStore(url);
  const store = {
    append: inner.append.bind(inner),
    checkpoints: inner.checkpoints.bind(inner),
    refresh: () => Promise.resolve({ refreshed: 0, remaining: 0 }),
  };
  const peak = peakOf(process.pid);
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const collector = await startCollector(
    { logs: [file] },
    { store, registry: new Registry(), logger: pino({ level: 'warn' }) },
  );
  await collector.untilCaughtUp();
  await collector.stop();
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - begin) / 1000;
  const peakMb = peak();
  const refreshed = performance.now();
  for (let remaining = 1; remaining > 0; ) ({ remaining } = await inner.refresh({ limit: 5000 }));
  const refreshSeconds = (performance.now() - refreshed) / 1000;
  const { records, traces } = await inner.info();
  await inner.close();
  const cpuSeconds = (used.user + used.system) / 1e6;
  return { seconds, cpuSeconds, documents: records, peakMb, refreshSeconds, traces };
}

async function filebeat(file: string, count: number, direct: string, url: string, folder: string): Promise<Shipped> {
  await request(`${direct}/filebeat`, 'PUT', {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { ...(await ownMapping(direct)), dynamic: false },
  });
  const home = join(folder, 'filebeat');
  mkdirSync(home);
  writeFileSync(
    join(home, 'filebeat.yml'),
    `
filebeat.inputs:
  - type: filestream
    id: perf
    paths: ['${file}']
    parsers: [{ ndjson: { target: '', overwrite_keys: true } }]
queue.mem: { events: 16384, flush.min_events: 2000, flush.timeout: 1s }
output.elasticsearch: { hosts: ['${url}'], index: filebeat, worker: 2, bulk_max_size: 2000, allow_older_versions: true }
setup: { template.enabled: false, ilm.enabled: false }
logging: { level: warning, to_stderr: true, to_files: false }
`,
  );
  const child = spawn(
    values.filebeat,
    ['-c', join(home, 'filebeat.yml'), '--path.home', home, '--strict.perms=false'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error(`${values.filebeat} does not start`);
  const peak = peakOf(pid);
  const begin = performance.now();
  try {
    for (;;) {
      await delay(200);
      if (child.exitCode !== null) throw new Error(`Filebeat ended with ${child.exitCode}`);
      const documents = await indexed(direct);
      if (documents < count) continue;
      const seconds = (performance.now() - begin) / 1000;
      return { seconds, cpuSeconds: totalOf(processUse(pid)) / 1000, documents, peakMb: peak() };
    }
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

async function ownMapping(url: string): Promise<object> {
  const indices = (await request(`${url}/perf-records*/_mapping`, 'GET')) as Record<string, { mappings: object }>;
  const [index] = Object.values(indices);
  if (index === undefined) throw new Error('our store has no index of records');
  return index.mappings;
}

async function indexed(url: string): Promise<number> {
  const answer = (await request(`${url}/filebeat/_stats/indexing`, 'GET')) as {
    indices: { filebeat: { primaries: { indexing: { index_total: number } } } };
  };
  return answer.indices.filebeat.primaries.indexing.index_total;
}

async function request(url: string, method: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Samples the resident memory of a process until it is asked for the highest. */
function peakOf(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMb(pid));
  }, 50);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
