/**
 * What endorsing a proposal costs a peer, without network and chaincode process: `node test/perf/endorse.ts [--count 4000] [--value 256]
 * [--in-flight 24]`.
 *
 * Signed proposals, made beforehand, go through all checks, a chaincode that is a function of this process and that reads and writes one
 * key, and the peer's signature. CPU is of the whole process, the threads that verify and sign included; "main" is the share of the event
 * loop's thread. The bound beside it is one verification and one signature by node:crypto, nothing else.
 */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { parseArgs } from 'node:util';
import { policyReference } from '#node/commit/policyBook.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { BlockMaker, definitionWrites, readWriteSet, signedTransaction } from '../harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope, makeOrganization } from '../harness/signedChannel.ts';
import { signedProposal } from '../harness/signedProposal.ts';
import { ownOrganization } from '../harness/testOrganization.ts';
import { TestPeer } from '../harness/testPeer.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '4000' },
    value: { type: 'string', default: '256' },
    'in-flight': { type: 'string', default: '24' },
  },
});
const COUNT = Number(values.count);
const CHANNEL = 'perf';

interface Measured {
  readonly what: string;
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly mainUs: number;
}

async function measure(what: string, count: number, run: () => unknown): Promise<Measured> {
  const [start, cpu, main] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
  await run();
  const seconds = (performance.now() - start) / 1000;
  const all = process.cpuUsage(cpu);
  const own = process.threadCpuUsage(main);
  return {
    what,
    perSecond: Math.round(count / seconds),
    cpuUs: Math.round((all.user + all.system) / count),
    mainUs: Math.round((own.user + own.system) / count),
  };
}

/** Each of `items` once, so many at a time. */
async function inFlight<T>(items: readonly T[], limit: number, run: (item: T) => Promise<unknown>): Promise<void> {
  const iterator = items.values();
  const worker = async (): Promise<void> => {
    for (const item of iterator) {
      await run(item);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

function bound(count: number): Promise<Measured> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const message = new Uint8Array(1500).fill(7);
  const signature = sign('sha256', message, privateKey);
  return measure('bound: one verification, one signature', count, () => {
    for (let i = 0; i < count; i++) {
      verify('sha256', message, publicKey, signature);
      sign('sha256', message, privateKey);
    }
  });
}

const [org1, org2, orderers] = [
  ownOrganization('Org1MSP'),
  ownOrganization('Org2MSP'),
  makeOrganization('OrdererMSP', 'orderer'),
];
await using peer = await TestPeer.open({ signer: org1.node, localMsp: org1.msp });
const maker = new BlockMaker(orderers.node);
const genesis = maker.next([genesisEnvelope(CHANNEL, channelConfig([org1, org2], orderers))]);
const channel = await peer.join(BlockView.fromBytes(genesis));
const definition = definitionWrites({ name: 'basic', policy: policyReference('/Channel/Application/Endorsement') });
await channel.commit(
  maker.next([
    signedTransaction({
      channelId: CHANNEL,
      creator: org1.client,
      endorsers: [org1.node, org2.node],
      chaincode: '_lifecycle',
      version: 'syscc',
      results: readWriteSet([definition]),
    }),
  ]),
);
peer.definitions.packages.set('basic', 'basic:hash');
peer.chaincodes.byPackage.set('basic:hash', async ({ args: [key = '', value = ''], simulator, namespace }) => {
  await simulator.getState(namespace, key);
  await simulator.setState(namespace, key, new Uint8Array(Buffer.from(value)));
  return 'done';
});

const context = {
  address: '127.0.0.1:1',
  certificate: null,
  traceparent: null,
  signal: new AbortController().signal,
};
const endorse = (bytes: Uint8Array): Promise<Uint8Array> => peer.endorser.processProposal(bytes, context);
const proposals = (count: number): readonly Uint8Array[] =>
  Array.from(
    { length: count },
    (_, index) =>
      signedProposal({
        channelId: CHANNEL,
        creator: org1.client,
        chaincode: 'basic',
        args: [`key${index}`, 'v'.repeat(Number(values.value))],
      }).bytes,
  );

await inFlight(proposals(COUNT), 24, endorse);
const rows = [await bound(COUNT)];
for (const limit of [1, Number(values['in-flight'])]) {
  const sent = proposals(COUNT);
  rows.push(await measure(`endorsed, ${limit} at a time`, COUNT, () => inFlight(sent, limit, endorse)));
}
process.stdout.write('| | proposals/s | CPU µs | main µs |\n| --- | ---: | ---: | ---: |\n');
for (const { what, perSecond, cpuUs, mainUs } of rows) {
  process.stdout.write(`| ${what} | ${perSecond} | ${cpuUs} | ${mainUs} |\n`);
}
