/**
 * How fast a peer validates and commits: `node test/perf/commit.ts [--count 5000] [--block 100] [--value 1024] [--in-flight N] [--ahead N] [--semi-space 64] [--only leveldb]`.
 *
 * A chain is generated with keys made on the spot: transactions of two endorsements each, 3 to 4 kB, that read and write one key.
 * Each configuration is measured in a process of its own, on one and the same chain: the bound first (nothing but the three
 * signatures of each transaction, on the same thread pool), then the whole way from bytes to the ledger, then with each of
 * FastFabric's ideas switched off in turn. On a machine that others use too the share by CPU time is the one to trust.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import type { ReceivedBlock } from '#node/commit/blockStages.ts';
import { startVerificationThreads, verifyBatch, type VerifyRequest } from '#node/crypto/verify.ts';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { policyReference } from '#node/commit/policyBook.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { BlockMaker, definitionWrites, readWriteSet, signedTransaction } from '../harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization } from '../harness/signedChannel.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    block: { type: 'string', default: '100' },
    value: { type: 'string', default: '512' },
    only: { type: 'string' },
    phase: { type: 'string' },
    folder: { type: 'string' },
    'in-flight': { type: 'string' },
    ahead: { type: 'string' },
    threads: { type: 'string' },
    'semi-space': { type: 'string', default: '64' },
  },
});

const CHANNEL = 'perf';
const CHAINCODE = 'basic';

interface Figures {
  readonly phase: string;
  readonly transactions: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the second half of the chain, when nothing is compiled any more; null where it was not told apart. */
  readonly warm: { readonly seconds: number; readonly cpuSeconds: number } | null;
  /** Resident set in MB: when half of the chain was in, and at the end. */
  readonly rssHalf: number;
  readonly rssEnd: number;
  readonly steps: Readonly<Record<string, number>>;
}

const PHASES: readonly { readonly name: string; readonly what: string }[] = [
  { name: 'bound', what: "three signatures a transaction, nothing else, on libuv's threads" },
  { name: 'bound-threads', what: 'the same on verification threads' },
  { name: 'leveldb', what: 'all of it, state in LevelDB' },
  { name: 'memory', what: 'all of it, state in memory (P-I)' },
  { name: 'memory-no-threads', what: "state in memory, signatures on libuv's threads" },
  { name: 'memory-no-history', what: 'state in memory, no history' },
  { name: 'memory-no-overlap', what: 'state in memory, without P-II: blocks one after the other' },
  { name: 'memory-no-parallel', what: 'state in memory, without P-II: blocks and transactions one after the other' },
  { name: 'memory-decode-again', what: 'state in memory, without P-III: each block decoded again for its commit' },
];

if (values.phase === undefined) {
  main();
} else {
  process.stdout.write(JSON.stringify(await run(values.phase, values.folder as string)));
}

function main(): void {
  const count = Number(values.count);
  const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-commit-'));
  try {
    const bytes = generate(count, Number(values.block), folder);
    console.log(
      `Node ${process.version}, ${availableParallelism()} cores; ${count} transactions of ${bytes} bytes in blocks of ${values.block}\n`,
    );
    console.log(
      '| | tx/s | CPU µs/tx | of the bound: rate, CPU | second half: tx/s, CPU µs/tx, of the bound | RSS half, end (MB) | steps, ms a block |',
    );
    console.log('| --- | --: | --: | --: | --: | --: | --- |');
    let [bound, boundCpu] = [0, 0];
    for (const { name, what } of PHASES) {
      if (values.only !== undefined && !name.startsWith('bound') && !values.only.split(',').includes(name)) {
        continue;
      }
      const figures = inProcess(name, folder);
      const rate = figures.transactions / figures.seconds;
      bound ||= rate;
      const cpu = figures.cpuSeconds / figures.transactions;
      boundCpu ||= cpu;
      const steps = Object.entries(figures.steps)
        .map(([step, us]) => `${step} ${(us / 1000 / (figures.transactions / Number(values.block))).toFixed(1)}`)
        .join(', ');
      console.log(
        `| ${what} | ${Math.round(rate).toLocaleString('en')} | ${Math.round(cpu * 1e6)} | ${Math.round((rate / bound) * 100)} %, ${Math.round((boundCpu / cpu) * 100)} % | ${warmHalf(figures, bound)} | ${figures.rssHalf}, ${figures.rssEnd} | ${steps} |`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function warmHalf({ warm, transactions }: Figures, bound: number): string {
  if (warm === null) {
    return '';
  }
  const half = transactions / 2;
  const rate = half / warm.seconds;
  const cpu = Math.round((warm.cpuSeconds / half) * 1e6);
  return `${Math.round(rate).toLocaleString('en')}, ${cpu}, ${Math.round((rate / bound) * 100)} %`;
}

function inProcess(phase: string, folder: string): Figures {
  const args = ['--phase', phase, '--folder', folder, '--count', values.count, '--block', values.block];
  for (const name of ['in-flight', 'ahead', 'threads'] as const) {
    if (values[name] !== undefined) args.push(`--${name}`, values[name]);
  }
  // Decoded blocks live a little longer than the 16 MB that V8 gives young objects: with room for them far less is moved about.
  const heap = `--max-semi-space-size=${values['semi-space']}`;
  const child = spawnSync(process.execPath, [heap, fileURLToPath(import.meta.url), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) {
    throw new Error(`${phase} ended with status ${child.status}`);
  }
  return JSON.parse(child.stdout) as Figures;
}

/** Writes the chain, one file a block; the size of a transaction. */
function generate(count: number, perBlock: number, folder: string): number {
  const [org1, org2] = [makeOrganization('Org1MSP', 'peer'), makeOrganization('Org2MSP', 'peer')];
  const orderers = makeOrganization('OrdererMSP', 'orderer');
  const maker = new BlockMaker(orderers.node);
  const save = (data: readonly Uint8Array[]): void =>
    writeFileSync(join(folder, `${maker.number}.pb`), maker.next(data));
  save([genesisEnvelope(CHANNEL, channelConfig([org1, org2], orderers))]);
  const common = { channelId: CHANNEL, creator: org1.client, endorsers: [org1.node, org2.node] };
  const definition = definitionWrites({ name: CHAINCODE, policy: policyReference('/Channel/Application/Endorsement') });
  save([
    signedTransaction({
      ...common,
      chaincode: '_lifecycle',
      version: 'syscc',
      results: readWriteSet([{ namespace: CHAINCODE }, definition]),
    }),
  ]);
  let size = 0;
  const value = 'x'.repeat(Number(values.value));
  for (let made = 0; made < count; ) {
    const data: Uint8Array[] = [];
    for (; data.length < perBlock && made < count; made++) {
      const key = `asset${made}`;
      const results = readWriteSet([
        {
          namespace: '_lifecycle',
          reads: [{ key: `namespaces/fields/${CHAINCODE}/Sequence`, version: { block: 1, tx: 0 } }],
        },
        { namespace: CHAINCODE, reads: [{ key, version: null }], writes: [{ key, value }] },
      ]);
      const args = ['CreateAsset', key, value];
      data.push(signedTransaction({ ...common, chaincode: CHAINCODE, args, results }));
    }
    size = data[0]?.length ?? 0;
    save(data);
  }
  return size;
}

function* chain(folder: string): Generator<ReceivedBlock> {
  const blocks = 2 + Math.ceil(Number(values.count) / Number(values.block));
  for (let number = 0; number < blocks; number++) {
    yield { view: BlockView.fromBytes(readFileSync(join(folder, `${number}.pb`))) };
  }
}

async function run(phase: string, folder: string): Promise<Figures> {
  if (phase !== 'bound' && !phase.includes('no-threads') && !phase.includes('no-parallel')) {
    startVerificationThreads(Number(values.threads ?? availableParallelism()));
  }
  return phase.startsWith('bound') ? runBound(folder) : runPipeline(phase, folder);
}

/** Everything but the checks themselves is prepared before the clock runs. */
async function runBound(folder: string): Promise<Figures> {
  const requests: VerifyRequest[] = [];
  let bundle: ChannelBundle | null = null;
  for (const { view } of chain(folder)) {
    if (view.number === 0) {
      bundle = ChannelBundle.fromBlock(view);
      continue;
    }
    const { mspManager } = bundle as ChannelBundle;
    for (const envelope of view.number === 1 ? [] : view.envelopes) {
      const { creator } = envelope.signatureHeader;
      const key = mspManager.deserializeIdentity(creator).publicKey;
      requests.push({ key, message: envelope.payloadBytes, signature: envelope.signature });
      const { action } = envelope.transaction;
      for (const { endorser, signature } of action.endorsements) {
        const message = Buffer.concat([action.proposalResponsePayloadBytes, endorser]);
        requests.push({ key: mspManager.deserializeIdentity(endorser).publicKey, message, signature });
      }
    }
  }
  const { seconds, cpuSeconds } = await clocked(async () => {
    const results = await verifyBatch(requests);
    if (results.includes(false)) throw new Error('a signature does not hold');
  });
  const rss = megabytes();
  return {
    phase: 'bound', // of either kind
    transactions: requests.length / 3,
    seconds,
    cpuSeconds,
    warm: null,
    rssHalf: rss,
    rssEnd: rss,
    steps: {},
  };
}

async function runPipeline(phase: string, folder: string): Promise<Figures> {
  const ledgerFolder = mkdtempSync(join(tmpdir(), 'ftl-perf-ledger-'));
  const ledger = await PeerLedger.open({
    folder: ledgerFolder,
    channelId: CHANNEL,
    state: phase === 'leveldb' ? 'leveldb' : 'memory',
    history: !phase.includes('no-history'),
  });
  const pipeline = await BlockPipeline.open(
    {
      overlap: !phase.includes('no-overlap') && !phase.includes('no-parallel'),
      parallel: !phase.includes('no-parallel'),
      decodeOnce: !phase.includes('decode-again'),
      ...(values['in-flight'] === undefined ? {} : { inFlight: Number(values['in-flight']) }),
      ...(values.ahead === undefined ? {} : { lookAhead: Number(values.ahead) }),
    },
    { ledger },
  );
  const steps: Record<string, number> = {};
  const [count, half] = [Number(values.count), Number(values.count) / 2];
  let [transactions, rssHalf] = [0, 0];
  let [halfAt, halfCpu] = [0, process.cpuUsage()];
  const { seconds, cpuSeconds } = await clocked(async () => {
    for await (const block of pipeline.run(chain(folder))) {
      if (block.transactions.some(({ code }) => code !== 0)) {
        throw new Error(`block ${block.number}: ${block.transactions.find(({ code }) => code !== 0)?.reason}`);
      }
      for (const [step, us] of Object.entries(block.durations)) {
        steps[step] = (steps[step] ?? 0) + us;
      }
      transactions += block.number < 2 ? 0 : block.transactions.length;
      if (rssHalf === 0 && transactions >= half) {
        rssHalf = megabytes();
        [halfAt, halfCpu] = [performance.now(), process.cpuUsage()];
      }
    }
  });
  const used = process.cpuUsage(halfCpu);
  const warm = { seconds: (performance.now() - halfAt) / 1000, cpuSeconds: (used.user + used.system) / 1e6 };
  const rssEnd = megabytes();
  await ledger.close();
  rmSync(ledgerFolder, { recursive: true, force: true });
  if (transactions !== count) throw new Error(`${transactions} transactions of ${count}`);
  return { phase, transactions, seconds, cpuSeconds, warm, rssHalf, rssEnd, steps };
}

async function clocked(work: () => Promise<void>): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const used = process.cpuUsage(cpu);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (used.user + used.system) / 1e6 };
}

function megabytes(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}
