/**
 * How fast shipped lines become records: events over mutual TLS in compressed windows of 2,048, acknowledged when the SQLite store has
 * them; beside it the same file followed by the same collector.
 *
 *     node --heap-growing-percent=50 test/perf/beats.ts [--count 300000] [--workers 2] [--filebeat PATH]
 *
 * The sender is a process of its own: the tests' shipper, or with `--filebeat` (or FILEBEAT) that program. CPU is the collector's.
 * Summaries are left out on both sides.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startCollector } from '#collector/collector.ts';
import type { CollectorOptions } from '#collector/options.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import { freePort } from '../chaincode/freePort.ts';
import { filebeatEvents } from '../harness/lumberjackClient.ts';
import { ship } from '../harness/lumberjackShipper.ts';
import { tlsMaterial } from '../harness/tlsMaterial.ts';
import { writeOwnLog } from './ownLog.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300000' },
    workers: { type: 'string', default: '2' },
    filebeat: { type: 'string', default: process.env['FILEBEAT'] ?? '' },
    ship: { type: 'string' },
    port: { type: 'string', default: '0' },
  },
});
const WINDOW = 2048;

if (values.ship === undefined) await main(Number(values.count));
else await shipAll(values.ship);

async function main(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-'));
  try {
    const { ca, server, client } = tlsMaterial();
    for (const [name, content] of Object.entries({ ca, cert: client.cert, key: client.key })) {
      writeFileSync(join(folder, `${name}.pem`), content);
    }
    const file = join(folder, 'peer.log');
    writeOwnLog(file, count);
    console.log(`Node ${process.version}, ${count.toLocaleString('en')} lines\n`);
    await measure('followed', join(folder, 'followed.db'), { logs: [file] }, ({ collector }) =>
      collector.untilCaughtUp(),
    );
    const port = await freePort();
    const beats = { host: '127.0.0.1', port, tls: { ...server, clientCa: ca } };
    const sender = values.filebeat === '' ? 'tests’ shipper' : 'Filebeat';
    await measure(`shipped by ${sender}`, join(folder, 'shipped.db'), { logs: [], beats }, async ({ registry }) => {
      const child = startSender(folder, file, port);
      try {
        while ((await acknowledged(registry)) < count) await delay(20);
      } finally {
        if (child.exitCode === null) {
          child.kill('SIGTERM');
          await once(child, 'exit');
        }
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Running {
  readonly collector: Awaited<ReturnType<typeof startCollector>>;
  readonly registry: Registry;
}

async function acknowledged(registry: Registry): Promise<number> {
  const metric = await registry.getSingleMetric('ftl_collector_beats_events_acknowledged_total')?.get();
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

async function measure(
  name: string,
  database: string,
  options: CollectorOptions,
  work: (running: Running) => Promise<void>,
): Promise<void> {
  const sqlite = await openSqliteStore(database);
  const store = {
    append: sqlite.append.bind(sqlite),
    checkpoints: sqlite.checkpoints.bind(sqlite),
    refresh: () => Promise.resolve({ refreshed: 0, remaining: 0 }),
  };
  const registry = new Registry();
  const collector = await startCollector(options, { store, registry, logger: pino({ level: 'warn' }) });
  const begin = performance.now();
  const cpu = process.cpuUsage();
  await work({ collector, registry });
  const seconds = (performance.now() - begin) / 1000;
  const used = process.cpuUsage(cpu);
  await collector.stop();
  const { records } = await sqlite.info();
  await sqlite.close();
  const count = Number(values.count);
  const rate = Math.round(count / seconds).toLocaleString('en');
  const micros = ((used.user + used.system) / count).toFixed(1);
  console.log(`${name.padEnd(28)} ${rate} lines/s, ${micros} CPU-µs a line, ${records.toLocaleString('en')} records`);
}

function startSender(folder: string, file: string, port: number): ChildProcess {
  if (values.filebeat === '') {
    return fork(fileURLToPath(import.meta.url), ['--ship', file, '--port', String(port), '--workers', values.workers], {
      execArgv: [],
    });
  }
  writeFileSync(
    join(folder, 'filebeat.yml'),
    `
filebeat.inputs: [{ type: filestream, id: perf, paths: ['${file}'] }]
output.logstash:
  hosts: ['127.0.0.1:${port}']
  worker: ${values.workers}
  loadbalance: true
  bulk_max_size: ${WINDOW}
  ssl: { certificate_authorities: ['${folder}/ca.pem'], certificate: '${folder}/cert.pem', key: '${folder}/key.pem' }
logging: { level: warning, to_stderr: true, to_files: false }
`,
  );
  const flags = ['-c', join(folder, 'filebeat.yml'), '--path.home', join(folder, 'home'), '--strict.perms=false'];
  return spawn(values.filebeat, flags, { stdio: 'ignore' });
}

async function shipAll(file: string): Promise<void> {
  const folder = join(file, '..');
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => readFileSync(join(folder, `${name}.pem`), 'utf8'));
  await ship(filebeatEvents(readFileSync(file), file), {
    port: Number(values.port),
    tls: { ca: ca!, cert: cert!, key: key! },
    workers: Number(values.workers),
    windowSize: WINDOW,
    onAcknowledged: () => undefined,
  });
}
