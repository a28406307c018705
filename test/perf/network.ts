/**
 * A network of FTL's own nodes under load: one orderer, two organisations with a peer each, one chaincode as a service, TLS, blocks of up
 * to 100 transactions; all of them processes of their own, on one machine, with the process that sends the load.
 *
 *     node test/perf/network.ts [--count 5000] [--in-flight 100] [--until committed|ordered] [--tracing on|off|both] [--rounds 6]
 *                               [--against CHECKOUT] [--flags=V8-FLAGS] [--profile FOLDER]
 *
 * With `both` two such networks stand side by side, with and without trace records, and the load goes to them in turn (ABBA): each
 * process is as warm as its counterpart, and what else the machine does meets both. So do, with `--against`, a network of this checkout
 * and one of another, such as the state before a change (`.`: the same without the flags). CPU is what the kernel counted for all threads
 * of a process, in the time from a run's first proposal to its last commit. `--profile` writes a CPU profile of every process.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connect } from '#node/grpc/grpcClient.ts';
import { createNetwork } from '#node/network/createNetwork.ts';
import { downNetwork } from '#node/network/downNetwork.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { runningProcess } from '#node/network/processes.ts';
import { upNetwork } from '#node/network/upNetwork.ts';
import type { LoadResult, LoadRun } from './networkLoad.ts';
import { type ProcessUse, processUse, residentMb, THREADS, totalOf } from './processUse.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    'in-flight': { type: 'string', default: '100' },
    until: { type: 'string', default: 'committed' },
    tracing: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '6' },
    'warm-up': { type: 'string', default: '3000' },
    'batch-timeout': { type: 'string', default: '200ms' },
    against: { type: 'string' },
    flags: { type: 'string', default: '' },
    profile: { type: 'string' },
  },
});
if (values.against !== undefined && values.tracing === 'both') {
  throw new Error('--against compares two checkouts with --tracing on or off, not both');
}
const RUN: LoadRun = {
  count: Number(values.count),
  inFlight: Number(values['in-flight']),
  until: values.until === 'ordered' ? 'ordered' : 'committed',
};
const LAYOUT = `
organizations:
  - { name: Orderer, domain: example.com, orderers: [{ name: orderer, port: 0, adminPort: 0, operationsPort: 0 }] }
  - { name: Org1, peers: [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
  - { name: Org2, peers: [{ port: 0, chaincodePort: 0, operationsPort: 0 }] }
channels: [{ name: mychannel, batch: { timeout: ${values['batch-timeout']}, maxMessageCount: 100 } }]
chaincodes: [{ name: assets, port: 0, collections: [] }]
`;
const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const LOAD = fileURLToPath(new URL('networkLoad.ts', import.meta.url));
const READY_MS = 120_000;
const PARTS = ['two peers', 'orderer', 'chaincode', 'load'] as const;
type Part = (typeof PARTS)[number];

/** One of the networks that are compared. */
interface Kind {
  readonly name: string;
  readonly tracing: boolean;
  readonly checkout: string;
  /** For V8, of each process but the load's. */
  readonly flags: readonly string[];
}

/** What a run took, per transaction and part. */
interface Measured extends LoadResult {
  readonly use: Readonly<Record<Part, ProcessUse>>;
}

function silent(): void {}

function pidsOf(files: readonly { readonly pid: string }[]): Promise<number[]> {
  return Promise.all(files.map(async ({ pid }) => (await runningProcess(pid)) as number));
}

/** A network that runs, and the process that sends it its load. */
class Bench {
  readonly #folder: NetworkFolder;
  readonly #load: ChildProcess;
  readonly #pids: Readonly<Record<Part, readonly number[]>>;

  private constructor(folder: NetworkFolder, load: ChildProcess, pids: Record<Part, readonly number[]>) {
    this.#folder = folder;
    this.#load = load;
    this.#pids = pids;
  }

  static async up(path: string, { tracing, checkout, flags }: Kind): Promise<Bench> {
    const commands = { program: process.execPath, args: [...flags, join(checkout, 'bin/ftl.js')] };
    const folder = new NetworkFolder(path);
    const { organizations, chaincodes } = await createNetwork(path, LAYOUT);
    const orderers = organizations.flatMap((one) => one.orderers.map(({ host }) => folder.node(host)));
    const peers = organizations.flatMap((one) => one.peers.map(({ host }) => folder.node(host)));
    if (!tracing) {
      for (const { folder: node } of orderers) {
        appendFileSync(join(node, 'orderer.yaml'), OFF);
      }
      for (const { folder: node } of peers) {
        appendFileSync(join(node, 'core.yaml'), OFF);
      }
    }
    try {
      await upNetwork({ folder, commands }, { connect, onProgress: silent }, AbortSignal.timeout(READY_MS));
      const load = fork(LOAD, [path]);
      await once(load, 'message');
      return new Bench(folder, load, {
        'two peers': await pidsOf(peers),
        orderer: await pidsOf(orderers),
        chaincode: await pidsOf(chaincodes.map(({ name }) => folder.chaincode(name))),
        load: [load.pid as number],
      });
    } catch (error) {
      await downNetwork(folder);
      throw error;
    }
  }

  async run(run: LoadRun): Promise<Measured> {
    const before = this.#uses();
    this.#load.send(run);
    const [result] = (await once(this.#load, 'message')) as [LoadResult];
    const after = this.#uses();
    const use = byPart((part) => byThread((thread) => (after[part][thread] - before[part][thread]) / run.count));
    return { ...result, use };
  }

  /** Megabytes of each process. */
  resident(part: Part): readonly number[] {
    return this.#pids[part].map(residentMb);
  }

  async down(): Promise<void> {
    const ended = once(this.#load, 'exit');
    this.#load.disconnect();
    await ended;
    await downNetwork(this.#folder);
  }

  #uses(): Record<Part, ProcessUse> {
    return byPart((part) => {
      const uses = this.#pids[part].map(processUse);
      return byThread((thread) => uses.reduce((sum, one) => sum + one[thread], 0));
    });
  }
}

const OFF = 'ftl:\n  tracing:\n    enabled: false\n';

function byPart<T>(of: (part: Part) => T): Record<Part, T> {
  return Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<Part, T>;
}

function byThread(of: (thread: keyof ProcessUse) => number): ProcessUse {
  return Object.fromEntries(THREADS.map((thread) => [thread, of(thread)])) as ProcessUse;
}

const COMPARED: readonly (readonly [string, (measured: Measured) => number])[] = [
  ['two peers, CPU', ({ use }) => totalOf(use['two peers'])],
  ['orderer, CPU', ({ use }) => totalOf(use.orderer)],
  ['nodes, CPU', ({ use }) => totalOf(use['two peers']) + totalOf(use.orderer)],
  ['time', ({ seconds }) => seconds],
];

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function spread(numbers: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return `${median(numbers).toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function inMs({ p50, p95, p99 }: LoadResult['commit']): string {
  return [p50, p95, p99].map((ms) => ms.toFixed(0)).join(' / ');
}

function rowOf(name: string, { seconds, endorse, submit, commit, use }: Measured): string {
  const cpu = PARTS.map((part) => totalOf(use[part]).toFixed(3));
  const rate = (RUN.count / seconds).toFixed(0);
  const load = (loadavg()[0] as number).toFixed(1);
  return `| ${[name, rate, inMs(commit), inMs(endorse), inMs(submit), ...cpu, load].join(' | ')} |`;
}

function kindsOf({ tracing, against, flags }: typeof values): readonly Kind[] {
  const kind = { checkout: CHECKOUT, flags: flags === '' ? [] : flags.split(' ') };
  const [on, off] = [
    { ...kind, name: 'tracing on', tracing: true },
    { ...kind, name: 'tracing off', tracing: false },
  ];
  if (tracing === 'both') {
    return [on, off];
  }
  const own = tracing === 'on' ? on : off;
  return against === undefined
    ? [own]
    : [
        { ...own, name: 'this checkout' },
        { ...own, name: 'the other', checkout: resolve(against), flags: [] },
      ];
}

const kinds = kindsOf(values);
const names = kinds.map(({ name }) => name);
const root = mkdtempSync(join(tmpdir(), 'ftl-perf-network-'));
if (values.profile !== undefined) {
  const folder = resolve(values.profile);
  mkdirSync(folder, { recursive: true });
  process.env['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-dir=${folder}`;
}
const benches = new Map<string, Bench>();
try {
  for (const kind of kinds) {
    benches.set(kind.name, await Bench.up(join(root, String(benches.size)), kind));
  }
  for (const bench of benches.values()) {
    await bench.run({ ...RUN, count: Number(values['warm-up']) });
  }
  print(
    `| network | tx/s | commit p50 / p95 / p99 ms | endorse | submit | ${PARTS.map((part) => `${part}, CPU ms`).join(' | ')} | machine's load |`,
  );
  print(`| --- ${'| ---: '.repeat(5 + PARTS.length)}|`);
  const results = new Map<string, Measured[]>(names.map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const measured = await (benches.get(name) as Bench).run(RUN);
      results.get(name)?.push(measured);
      print(rowOf(name, measured));
    }
  }
  print('');
  for (const [name, runs] of results) {
    print(
      `${name}: ${spread(
        runs.map(({ seconds }) => RUN.count / seconds),
        0,
      )} tx/s`,
    );
    for (const part of PARTS) {
      const cpu = spread(
        runs.map(({ use }) => totalOf(use[part])),
        3,
      );
      const threads = THREADS.map(
        (thread) => `${thread} ${median(runs.map(({ use }) => use[part][thread])).toFixed(3)}`,
      );
      const resident = (benches.get(name) as Bench).resident(part).map((mb) => mb.toFixed(0));
      print(
        `  ${part.padEnd(10)} ${cpu} CPU-ms a transaction: ${threads.join(', ')}; ${resident.join(' and ')} MB resident`,
      );
    }
  }
  const [first, second] = names.map((name) => results.get(name) as Measured[]);
  if (first !== undefined && second !== undefined) {
    for (const [what, of] of COMPARED) {
      const more = first.map((one, index) => (of(one) / of(second[index] as Measured) - 1) * 100);
      print(`${names.join(' against ')}: ${what} ${spread(more, 1)} %`);
    }
  }
} finally {
  for (const bench of benches.values()) {
    await bench.down();
  }
  rmSync(root, { recursive: true, force: true });
}
