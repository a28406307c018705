/**
 * Makes the vendored logs of `test/vectors/fabric-v3.1.5` out of the complete ones: whole lines only, in order, unaltered.
 * Run: `node test/truth/make/reduceLogs.ts FULL_LOGS_FOLDER OUT_FOLDER`; prints how many lines of each logger stayed.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

/** After each start of a process this many lines stay whatever their logger, so that decoders meet the chatter too. */
const START_UP_LINES = 150;
/** Before each start and at the end of the log: what a node wrote last tells when it died. */
const LAST_LINES = 20;
/** How many lines that show one and the same certificate stay in each log. */
const CERTIFICATE_LINES = 3;

const DROPPED_LOGGERS = new Set(['grpc', 'orderer.common.cluster.step']);
const DROPPED_DEBUG = new Map<string, RegExp>([
  ['gateway', /^Found (remote|local) endorser/],
  ['endorser', /^ccInterest/],
  ['committer.txvalidator', /Dispatch (starts|completes)|validateTx (starts|completes)|^Transaction is for channel/],
  ['orderer.consensus.etcdraft', /^Sending msg of|^Current active nodes/],
]);
/** Of these loggers only such debug lines stay. */
const KEPT_DEBUG = new Map<string, RegExp>([
  ['lockbasedtxmgr', /^constructing new tx simulator txid/],
  ['validation', /marked as (valid|invalid)/],
  ['blkstorage', /^Indexing block/],
  [
    'gossip.comm',
    /Block message|StateResponse|state_request|data request.*BLOCK_MSG|DataUpdate: Type: BLOCK_MSG|Leadership Message/,
  ],
  [
    'gossip.gossip',
    /Block message|StateResponse|state_request|data request.*BLOCK_MSG|DataUpdate: Type: BLOCK_MSG|Leadership Message/,
  ],
]);
const ALIVE_WITH_CERTIFICATE = /Alive Message:.*PKI-id:([0-9a-f]{64}).*BEGIN CERTIFICATE/s;

interface Entry {
  readonly level: string;
  readonly name: string;
  readonly msg: string;
}

function entryOf(line: string): Entry | null {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return null;
  }
}

function isStart({ name, msg }: Entry): boolean {
  return (
    (name === 'nodeCmd' && msg.startsWith('Starting peer:')) ||
    (name === 'orderer.common.server' && msg.startsWith('Orderer config values:'))
  );
}

/** The lines that stay. */
export function reduce(lines: readonly string[]): string[] {
  let sinceStart = 0;
  const certificates = new Map<string, number>();
  const entries = lines.map(entryOf);
  const starts = entries.flatMap((entry, i) => (entry !== null && isStart(entry) ? [i] : []));
  const ends = [...starts.slice(1), lines.length];
  return lines.filter((line, i) => {
    const entry = entries[i] ?? null;
    if (entry === null) return line !== '';
    if (ends.some((end) => i < end && i >= end - LAST_LINES)) return true;
    sinceStart = isStart(entry) ? 0 : sinceStart + 1;
    if (sinceStart < START_UP_LINES) return true;
    if (DROPPED_LOGGERS.has(entry.name)) return false;
    if (entry.level !== 'debug') return true;
    const shown = ALIVE_WITH_CERTIFICATE.exec(entry.msg)?.[1];
    if (shown !== undefined && entry.name === 'gossip.gossip') {
      const times = (certificates.get(shown) ?? 0) + 1;
      certificates.set(shown, times);
      if (times <= CERTIFICATE_LINES) return true;
    }
    const kept = KEPT_DEBUG.get(entry.name);
    if (kept !== undefined) return kept.test(entry.msg);
    return !(DROPPED_DEBUG.get(entry.name)?.test(entry.msg) ?? false);
  });
}

function countByLogger(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const entry = entryOf(line);
    const key = entry === null ? '(not JSON)' : `${entry.name} ${entry.level}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function main(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const totals = new Map<string, { full: number; kept: number }>();
  for (const file of readdirSync(from).toSorted()) {
    const bytes = readFileSync(path.join(from, file));
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    const lines = text.split('\n').filter((line) => line !== '');
    const kept = reduce(lines);
    const full = countByLogger(lines);
    const left = countByLogger(kept);
    for (const [logger, n] of full) {
      const total = totals.get(logger) ?? { full: 0, kept: 0 };
      totals.set(logger, { full: total.full + n, kept: total.kept + (left.get(logger) ?? 0) });
    }
    const name = file.replace(/\.gz$/, '');
    const packed = gzipSync(`${kept.join('\n')}\n`, { level: 9 });
    writeFileSync(path.join(to, `${name}.gz`), packed);
    console.log(`${name}: ${lines.length} lines, kept ${kept.length}, ${packed.length} bytes`);
  }
  for (const [logger, { full, kept }] of [...totals].toSorted((a, b) => b[1].full - a[1].full))
    console.log(`| ${logger} | ${full} | ${kept} |`);
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined) throw new Error('usage: reduceLogs.ts FULL_LOGS_FOLDER OUT_FOLDER');
  main(from, to);
}
