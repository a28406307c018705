import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { seekEnvelope } from '#node/deliver/seekEnvelope.ts';
import { agreed } from '#node/client/endorse.ts';
import { deliveredBlocks } from '#node/client/deliver.ts';
import { createProposal, signProposal } from '#node/client/proposal.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { peerProcess } from '#node/network/nodeProcesses.ts';
import { startProcess, stopProcess } from '#node/network/processes.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cuttingProxy } from '../harness/cuttingProxy.ts';
import { runFtl } from '../harness/ftlProcess.ts';
import { CHANNEL, FTL, LiveNetwork, STEADY } from '../harness/liveNetwork.ts';
import { SteadyClient } from '../harness/steadyClient.ts';

const PEER1 = 'peer0.org1.example.com';
const PEER2 = 'peer0.org2.example.com';
const MAX_MESSAGE = 1024 * 1024;
const WAIT_MS = 30_000;
/** Of `common.BlockMetadataIndex`. */
const TRANSACTIONS_FILTER = 2;
const COMMIT_HASH = 4;
const GRPC_HEADERS = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

let network: LiveNetwork;
let steady: SteadyClient;
let clients = 0;
/** Of all steady clients. */
const acknowledged: string[] = [];

beforeAll(async () => {
  network = await LiveNetwork.start({
    steady: true,
    peers: { 'chaincode.executetimeout': '3s', 'peer.maxRecvMsgSize': MAX_MESSAGE },
    orderer: { 'General.MaxRecvMsgSize': MAX_MESSAGE },
    batch: { absoluteMaxBytes: MAX_MESSAGE, preferredMaxBytes: MAX_MESSAGE / 2 },
  });
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
});
beforeEach(() => {
  steady = new SteadyClient(network, { prefix: `client${clients++}-` });
});
afterEach(async () => {
  await steady.stop();
  acknowledged.push(...steady.acknowledged);
});

/** How a call ended: gRPC status, `OK`. */
async function statusOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'OK';
  } catch (error) {
    if (error instanceof RpcError) {
      return error.status;
    }
    throw error;
  }
}

async function exchange(client: GrpcClient, path: string, kind: 'unary' | 'stream', bytes: Uint8Array) {
  const options = { timeoutMs: WAIT_MS };
  if (kind === 'unary') {
    await client.unary(path, bytes, options);
    return;
  }
  const stream = client.stream(path, options);
  // What ends the call is told to whoever reads.
  stream.send(bytes).catch(() => {});
  stream.end();
  for await (const _ of stream) {
    // Answers as they come.
  }
}

const SERVICES = [
  [PEER1, '/protos.Endorser/ProcessProposal', 'unary'],
  [PEER1, '/protos.Snapshot/Generate', 'unary'],
  [PEER1, '/protos.Snapshot/Cancel', 'unary'],
  [PEER1, '/protos.Snapshot/QueryPendings', 'unary'],
  [PEER1, '/protos.Deliver/Deliver', 'stream'],
  [PEER1, '/protos.Deliver/DeliverFiltered', 'stream'],
  [PEER1, '/protos.Deliver/DeliverWithPrivateData', 'stream'],
  ['orderer.example.com', '/orderer.AtomicBroadcast/Broadcast', 'stream'],
  ['orderer.example.com', '/orderer.AtomicBroadcast/Deliver', 'stream'],
] as const;

describe('what is no request', () => {
  it.each(SERVICES)('%s %s: has a status of its own, and disturbs nobody', async (host, path, kind) => {
    const client = network.connectTo(host);
    const send = (bytes: Uint8Array): Promise<string> => statusOf(() => exchange(client, path, kind, bytes));
    expect(await send(Buffer.from('no message'))).toBe('INTERNAL');
    expect(await send(new Uint8Array(3 * MAX_MESSAGE))).toBe('RESOURCE_EXHAUSTED');
    // Nothing at all is a message, and an answer or an error tells what it lacks.
    expect(await send(new Uint8Array(0))).toBe(kind === 'unary' ? 'UNKNOWN' : 'OK');
    for (let round = 0; round < 10; round++) {
      expect(await send(randomBytes(300))).toMatch(/^(?:INTERNAL|UNKNOWN|OK)$/);
    }
    client.close();
    await steady.more(1);
  });

  it('is of no use where chaincode registers: only who has a certificate of the peer comes in', async () => {
    const { chaincodePort } = network.org1.peers[0] as (typeof network.org1.peers)[0];
    const socket = connectTls({ port: chaincodePort, host: '127.0.0.1', rejectUnauthorized: false });
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const [ended] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(ended.code).toMatch(/ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/);
    await steady.more(1);
  });
});

/** Open files of a process, sockets among them. */
function openFiles(pid: number): number {
  return execFileSync('ls', [`/proc/${pid}/fd`], { encoding: 'utf8' }).split('\n').length;
}

describe('a connection', () => {
  it('that is cut anywhere, to a peer or to the orderer, ends its calls with UNAVAILABLE and leaves nothing open', async () => {
    const seek = await seekEnvelope({ channelId: CHANNEL, from: 'oldest', to: 'newest' }, network.client);
    const proposal = createProposal(network.request(['put', 'cut', 'value']), network.client);
    const signed = await signProposal(proposal, network.client);
    const envelope = await network.envelope(await network.endorse(['put', 'cut', 'value']));
    const calls = [
      [PEER1, '/protos.Endorser/ProcessProposal', 'unary', signed],
      [PEER1, '/protos.Deliver/Deliver', 'stream', seek],
      [network.ordererHost, '/orderer.AtomicBroadcast/Deliver', 'stream', seek],
      [network.ordererHost, '/orderer.AtomicBroadcast/Broadcast', 'stream', envelope],
    ] as const;
    const pids = [await network.pidOf(PEER1), await network.pidOf(network.ordererHost)];
    const before = pids.map(openFiles);
    const WHOLE = Number.MAX_SAFE_INTEGER;
    // TLS alone takes some 2 kB each way.
    const cuts = [1, 300, 1500, 2500, 3200, 4000, 5000, 7000].flatMap((bytes) => [
      { up: bytes, down: WHOLE },
      { up: WHOLE, down: bytes },
    ]);
    for (const [host, path, kind, bytes] of calls) {
      await Promise.all(
        cuts.map(async (after) => {
          const proxy = await cuttingProxy(network.addressOf(host).port, after);
          const client = network.connectTo(host, proxy.port);
          expect(await statusOf(() => exchange(client, path, kind, bytes))).toMatch(/^(?:UNAVAILABLE|OK|UNKNOWN)$/);
          client.close();
          proxy.close();
        }),
      );
    }
    await expect.poll(() => pids.map((pid, i) => openFiles(pid) - (before[i] as number) < 5)).toEqual([true, true]);
    await steady.more(3);
  });
});

describe('readers who do not read', () => {
  it('cost a node little, however many blocks wait for them', async () => {
    // Some 5 MB of blocks.
    for (let round = 0; round < 3; round++) {
      await Promise.all([0, 1, 2, 3].map((number) => network.submit(large(number))));
    }
    const seek = await seekEnvelope({ channelId: CHANNEL, from: 'oldest' }, network.client);
    for (const [host, path] of [
      [PEER1, '/protos.Deliver/Deliver'],
      [network.ordererHost, '/orderer.AtomicBroadcast/Deliver'],
    ] as const) {
      const before = await residentBytes(host);
      const { port, tlsRoots } = network.addressOf(host);
      const readers = Array.from({ length: 40 }, () =>
        connectHttp2(`https://127.0.0.1:${port}`, { ca: tlsRoots, servername: host }),
      );
      // A message of gRPC: not compressed, so long.
      const message = Buffer.concat([Buffer.alloc(5), seek]);
      message.writeUInt32BE(seek.length, 1);
      await Promise.all(
        readers.map(async (reader) => {
          const call = reader.request({ ...GRPC_HEADERS, ':path': path });
          call.write(message);
          await once(call, 'response');
        }),
      );
      await steady.more(10);
      // All blocks for all of them would be 200 MB and more.
      expect((await residentBytes(host)) - before).toBeLessThan(120e6);
      for (const reader of readers) {
        reader.destroy();
      }
    }
    await steady.more(3);
  });
});

/** Takes some 0.4 MB in a block. */
function large(number: number): string[] {
  return ['put', `large${number}`, randomBytes(100_000).toString('hex')];
}

async function residentBytes(host: string): Promise<number> {
  const pid = await network.pidOf(host);
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
}

describe('chaincode', () => {
  it('that dies, hangs or disagrees is told of, and no other chaincode notices', async () => {
    const told = async (...args: string[]) =>
      (await network.propose(network.request(args))).answers.map(({ response }) => response.message);
    const hangs = told('hang');
    await steady.more(3);
    expect(await hangs).toEqual([0, 1].map(() => expect.stringMatching(/timeout expired while executing transaction/)));
    const dies = told('die');
    await steady.more(3);
    expect(await dies).toEqual([0, 1].map(() => expect.stringMatching(/chaincode stream terminated/)));
    const { answers } = await network.propose(network.request(['differ', 'key']));
    expect(answers.map(({ response }) => response.status)).toEqual([200, 200]);
    expect(Buffer.compare(answers[0]?.payload as Uint8Array, answers[1]?.payload as Uint8Array)).not.toBe(0);
    expect((await network.submit(['put', 'after', 'all'])).codeName).toBe('VALID');
    await steady.more(1);
  });
});

describe('a node that is killed under load', () => {
  it.each([() => network.ordererHost, () => PEER1])(
    'comes back, and those who go on trying go on (%#)',
    async (hostOf) => {
      const others = [1, 2, 3].map((number) => new SteadyClient(network, { prefix: `other${number}-${clients++}-` }));
      await Promise.all(others.map((one) => one.more(5)));
      await network.kill(hostOf());
      await network.up();
      await Promise.all(others.map((one) => one.more(3, { failing: true })));
      await Promise.all(others.map((one) => one.stop()));
      expect(others.map(({ failures }) => failures.length > 0)).toEqual([true, true, true]);
      acknowledged.push(...others.flatMap((one) => one.acknowledged));
    },
  );
});

describe('a peer that hangs', () => {
  it('is told of in good time, and the others are not waited for', async () => {
    const pid = await network.pidOf(PEER2);
    process.kill(pid, 'SIGSTOP');
    const { status, stdout } = await runFtl(['network', 'status', '--json', '--dir', network.folder.path]);
    process.kill(pid, 'SIGCONT');
    const { nodes } = JSON.parse(stdout) as { nodes: { name: string; state: string; error: string | null }[] };
    expect([status, nodes.filter(({ state }) => state !== 'answers')]).toEqual([
      1,
      [expect.objectContaining({ name: PEER2, state: 'silent', error: expect.stringMatching(/DEADLINE_EXCEEDED/) })],
    ]);
    await steady.more(1);
  });
});

describe('a peer whose disk is full', () => {
  it('stops there and says so, and endorses nothing; the others go on, and it catches up when there is room', async () => {
    const { folder, org2 } = network;
    const node = org2.peers[0] as (typeof org2.peers)[0];
    const { pid, data, log } = folder.node(PEER2);
    await stopProcess(pid, WAIT_MS);
    const { size } = statSync(join(data, 'ledgersData/chains/chains', CHANNEL, 'blockfile_000000'));
    // A limit on the size of files stands for a full disk; sh counts in 512 bytes.
    const limited = `ulimit -f ${Math.ceil((size + 500_000) / 512)}; exec "$0" "$@"`;
    await startProcess(peerProcess(folder, node, { program: 'sh', args: ['-c', limited, FTL.program, ...FTL.args] }));
    await Promise.all([0, 1, 2, 3].map((number) => steadily(large(number))));
    const said = (): string => readFileSync(log, 'utf8');
    await expect.poll(said, { timeout: WAIT_MS }).toMatch(/EFBIG.*channel cannot go on/);
    await steady.more(3);
    const admin = network.connections.signer(org2, 'Admin');
    const client = network.connectTo(PEER2);
    const delivered = async () => {
      for await (const { number } of deliveredBlocks(client, 'peer', { channelId: CHANNEL, from: 'oldest' }, admin)) {
        return number;
      }
      return null;
    };
    await expect(delivered()).rejects.toMatchObject({ code: 'not_delivered', status: 'SERVICE_UNAVAILABLE' });
    await expect(network.propose(network.request(['get', 'key']), { endorsers: [client] })).rejects.toMatchObject({
      cause: { status: 'UNAVAILABLE', message: expect.stringMatching(/takes no more blocks: .*EFBIG/) },
    });
    client.close();
    const health = await fetch(`http://127.0.0.1:${node.operationsPort}/healthz`);
    expect([health.status, await health.json()]).toEqual([
      503,
      expect.objectContaining({
        failed_checks: [
          expect.objectContaining({ component: `channel ${CHANNEL}`, reason: expect.stringMatching(/EFBIG/) }),
        ],
      }),
    ]);
    expect(await stopProcess(pid, WAIT_MS)).toBe(true);
    await network.up();
  });
});

describe('in the end', () => {
  it('all that was acknowledged is in the ledger, once and valid, and both peers have the same', async () => {
    // Ordered after everything else, and committed by both peers when this returns.
    await network.submit(['put', 'last', 'of all']);
    await steady.stop();
    await network.submit(['put', 'last', 'indeed']);
    acknowledged.push(...steady.acknowledged.splice(0));
    const [blocks, others] = await Promise.all(network.peers.map((peer) => network.blocks(peer)));
    const codes = new Map<string, number[]>();
    for (const block of blocks ?? []) {
      for (const [index, { channelHeader }] of block.envelopes.entries()) {
        const code = block.metadata[TRANSACTIONS_FILTER]?.[index] as number;
        codes.set(channelHeader.txId, [...(codes.get(channelHeader.txId) ?? []), code]);
      }
    }
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(acknowledged.filter((txId) => codes.get(txId)?.join() !== '0')).toEqual([]);
    // The hash of a commit covers all changes of the state up to it.
    const ends = [blocks?.at(-1), others?.at(-1)].map((block) => {
      const { number, hash, metadata } = block as BlockView;
      return { number, hash, flags: metadata[TRANSACTIONS_FILTER], commitHash: metadata[COMMIT_HASH] };
    });
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[0]?.commitHash?.length).toBeGreaterThan(30);
  });
});

/** As the steady client's. */
async function steadily(args: readonly string[]): Promise<void> {
  const { proposal, answers } = await network.propose(network.request(args, { chaincode: STEADY }), {
    endorsers: [network.peers[0]],
  });
  await network.order(await network.envelope({ proposal, ...agreed(answers) }));
  acknowledged.push(proposal.txId);
}
