/**
 * How fast lines become records in the store: `node test/perf/collector.ts [--count 1000000] [--only own|stock] [--keep]`;
 * `--batch RECORDS`, `--queue BATCHES` and `--read KIB` try other sizes.
 *
 * Each figure is taken in a process of its own: the baseline (read the file, JSON.parse each line), then the collector from
 * that file into an empty SQLite store, then bringing the summaries up to date.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startCollector } from '#collector/collector.ts';
import { LineSplitter } from '#collector/sources/lineSplitter.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import { writeOwnLog } from './ownLog.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    phase: { type: 'string' },
    file: { type: 'string' },
    keep: { type: 'boolean', default: false },
    batch: { type: 'string', default: '5000' },
    queue: { type: 'string', default: '2' },
    read: { type: 'string', default: '256' },
  },
});

/** Lines that a node writes when it starts. */
const STARTS = /"name":"(nodeCmd|gossip\.service)"|self membership of Endpoint/;

interface Figures {
  readonly phase: string;
  /** Lines for the baseline, else lines read. */
  readonly lines: number;
  readonly records: number;
  readonly seconds: number;
  readonly cpuUs: number;
  /** Resident set: at the start, at its highest. */
  readonly rssStart: number;
  readonly rssPeak: number;
  readonly refreshSeconds: number;
  readonly traces: number;
  readonly diskBytes: number;
}

if (values.phase === undefined) main();
else await runPhase(values.phase, values.file ?? '');

function main(): void {
  const count = Number(values.count);
  const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-'));
  try {
    console.log(`Node ${process.version}, ${count.toLocaleString('en')} lines each\n`);
    console.log(
      '| what | lines/s | CPU µs a line | records | CPU µs a record | peak RSS MB (start) | disk bytes a record |',
    );
    console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
    for (const kind of ['own', 'stock'] as const) {
      if (values.only !== undefined && values.only !== kind) continue;
      const file = join(folder, `${kind}.log`);
      if (kind === 'own') writeOwnLog(file, count);
      else writeStock(file, count);
      const lineBytes = Math.round(statSync(file).size / count);
      for (const phase of ['baseline', 'collector']) {
        const child = spawnSync(
          process.execPath,
          [
            ...process.execArgv,
            fileURLToPath(import.meta.url),
            ...process.argv.slice(2),
            '--phase',
            phase,
            '--file',
            file,
          ],
          { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
        );
        show(`${kind} (${lineBytes} B a line), ${phase}`, JSON.parse(child.stdout) as Figures);
      }
      if (!values.keep) rmSync(file);
    }
  } finally {
    if (values.keep) console.log(`\nFiles kept in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function show(title: string, figures: Figures): void {
  const { lines, records, seconds, cpuUs, rssPeak, rssStart, diskBytes } = figures;
  const cells = [
    title,
    Math.round(lines / seconds).toLocaleString('en'),
    (cpuUs / lines).toFixed(2),
    records.toLocaleString('en'),
    records > 0 ? (cpuUs / records).toFixed(2) : '',
    `${mega(rssPeak)} (${mega(rssStart)})`,
    records > 0 ? (diskBytes / records).toFixed(0) : '',
  ];
  console.log(`| ${cells.join(' | ')} |`);
  if (figures.traces > 0) {
    const rate = Math.round(figures.traces / figures.refreshSeconds).toLocaleString('en');
    console.log(
      `\n${figures.traces.toLocaleString('en')} summaries afterwards: ${figures.refreshSeconds.toFixed(1)} s, ${rate} a second\n`,
    );
  }
}

async function runPhase(phase: string, file: string): Promise<void> {
  const rssStart = process.memoryUsage.rss();
  let rssPeak = rssStart;
  const sampler = setInterval(() => {
    rssPeak = Math.max(rssPeak, process.memoryUsage.rss());
  }, 20);
  const stopSampling = () => clearInterval(sampler);
  const figures = await (phase === 'baseline' ? baseline(file, stopSampling) : collect(file, stopSampling));
  process.stdout.write(JSON.stringify({ phase, ...figures, rssStart, rssPeak }));
}

type Measured = Omit<Figures, 'phase' | 'rssStart' | 'rssPeak'>;

/** What nobody can do without: read and JSON.parse. */
async function baseline(file: string, measured: () => void): Promise<Measured> {
  const handle = await open(file, 'r');
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let lines = 0;
  const splitter = new LineSplitter(1 << 24, {
    line(bytes, start, end) {
      lines++;
      try {
        JSON.parse(bytes.toString('latin1', start, end));
      } catch {
        // A stock log has a few lines that are none.
      }
    },
    tooLong: () => undefined,
  });
  const stop = stopwatch();
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length);
    if (bytesRead === 0) break;
    splitter.push(buffer, bytesRead);
  }
  const spent = stop();
  measured();
  await handle.close();
  return { lines, records: 0, ...spent, refreshSeconds: 0, traces: 0, diskBytes: 0 };
}

/** The collector as it runs, following the file; summaries come after and are timed apart. */
async function collect(file: string, measured: () => void): Promise<Measured> {
  const database = `${file}.db`;
  const sqlite = await openSqliteStore(database);
  const registry = new Registry();
  const store = {
    append: sqlite.append.bind(sqlite),
    checkpoints: sqlite.checkpoints.bind(sqlite),
    refresh: () => Promise.resolve({ refreshed: 0, remaining: 0 }),
  };
  const stop = stopwatch();
  const sizes = {
    batchRecords: Number(values.batch),
    queueBatches: Number(values.queue),
    readBytes: Number(values.read) * 1024,
  };
  const collector = await startCollector(
    { logs: [file], ...sizes },
    { store, registry, logger: pino({ level: 'warn' }) },
  );
  await collector.untilCaughtUp();
  await collector.stop();
  const spent = stop();
  measured();
  const { added, deadLetters } = collector.status();
  if (deadLetters > 0) process.stderr.write(`${deadLetters} dead letters\n`);
  const diskBytes = filesOf(database);
  const begin = performance.now();
  for (let remaining = 1; remaining > 0; ) ({ remaining } = await sqlite.refresh({ limit: 500 }));
  const refreshSeconds = (performance.now() - begin) / 1000;
  const { traces } = await sqlite.info();
  await sqlite.close();
  for (const ending of ['', '-wal', '-shm']) rmSync(database + ending, { force: true });
  return { lines: await linesOf(file), records: added, ...spent, refreshSeconds, traces, diskBytes };
}

function stopwatch(): () => { seconds: number; cpuUs: number } {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const used = process.cpuUsage(cpu);
    return { seconds: (performance.now() - begin) / 1000, cpuUs: used.user + used.system };
  };
}

function filesOf(database: string): number {
  return ['', '-wal'].reduce((sum, ending) => {
    const stats = statSync(database + ending, { throwIfNoEntry: false });
    return sum + (stats?.size ?? 0);
  }, 0);
}

async function linesOf(file: string): Promise<number> {
  const handle = await open(file, 'r');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  let lines = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length);
    if (bytesRead === 0) break;
    for (let at = buffer.indexOf(10); at >= 0 && at < bytesRead; at = buffer.indexOf(10, at + 1)) lines++;
  }
  await handle.close();
  return lines;
}

/** The recorded stock JSON logs again and again, each time with other transaction IDs, block numbers and times. */
function writeStock(file: string, count: number): void {
  const folder = fileURLToPath(new URL('../vectors/fabric-v3.1.5/logs/', import.meta.url));
  const recorded = readdirSync(folder)
    .filter((name) => name.startsWith('peer') && name.endsWith('.gz'))
    .map((name) =>
      gunzipSync(readFileSync(join(folder, name)))
        .toString('utf8')
        .trimEnd()
        .split('\n'),
    );
  const txIds = new Set(recorded.flatMap((lines) => lines.flatMap(txIdsIn)));
  const out = openSync(file, 'w');
  let written = 0;
  for (let round = 0; written < count; round++) {
    const mask = createHash('sha256').update(`${round}`).digest('hex');
    const lines: string[] = [];
    for (const line of recorded[round % recorded.length] ?? []) {
      // A node starts once for each time that its log is repeated, not all over again.
      if (round >= recorded.length && STARTS.test(line)) continue;
      if (written++ >= count) break;
      lines.push(round === 0 ? line : shifted(line, round, mask, txIds));
    }
    writeSync(out, `${lines.join('\n')}\n`);
  }
  closeSync(out);
}

/** Transaction IDs in a line; other runs of 64 digits are PKI-IDs and hashes. */
function txIdsIn(line: string): string[] {
  return [...line.matchAll(/(?:"txID":"|TxId \[|txid = \[|Validating Tx |Transaction |txId = )([0-9a-f]{64})/g)].map(
    (match) => match[1] ?? '',
  );
}

/**
 * The line as it would read `round` hours later. Transaction IDs change digit by digit, so that short ones stay beginnings of
 * full ones; nodes stay who they are.
 */
function shifted(line: string, round: number, mask: string, txIds: ReadonlySet<string>): string {
  return line
    .replaceAll(/\b[0-9a-f]{64}\b/g, (id) => (txIds.has(id) ? xored(id, mask) : id))
    .replace(
      /("txID":"|shorttxid=|\[)([0-9a-f]{8})(?=["\] ])/g,
      (_all, before: string, id: string) => before + xored(id, mask),
    )
    .replace(/"ts":(\d+)/, (_all, seconds: string) => `"ts":${Number(seconds) + round * 3600}`)
    .replaceAll(/\bblock \[(\d+)\]/g, (_all, block: string) => `block [${Number(block) + round * 100}]`);
}

function xored(id: string, mask: string): string {
  let result = '';
  for (let at = 0; at < id.length; at++) {
    result += (Number.parseInt(id[at] ?? '0', 16) ^ Number.parseInt(mask[at] ?? '0', 16)).toString(16);
  }
  return result;
}
