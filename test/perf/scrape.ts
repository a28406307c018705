/**
 * What a scrape of `/metrics` takes of a busy peer's event loop, where it holds up all else: milliseconds of its
 * thread's CPU for one scrape, of the loop at work (more where others want the processor), its longest stretch without a break. The client is a thread of its own, which asks over
 * HTTP as Prometheus does, with compression; the peer's metrics are filled as those of channels with 8 chaincodes each.
 *
 *     node test/perf/scrape.ts
 */
import { createServer, connect, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { RPC_STATUS, type RpcStatus } from '#node/grpc/rpcError.ts';
import { NodeOperations } from '#node/operations/nodeOperations.ts';
import { type PeerMetrics, peerMetrics } from '#node/operations/nodeMetrics.ts';

const SCRAPES = 200;
const SOCKETS = 500;
const GOAL_MS = 5;

if (isMainThread) {
  await measure();
} else {
  await scrape(workerData as { readonly url: string; readonly gzip: boolean });
}

/** Asks again and again; tells the octets of the last answer. */
async function scrape({ url, gzip }: { readonly url: string; readonly gzip: boolean }): Promise<void> {
  const headers = { 'accept-encoding': gzip ? 'gzip' : 'identity' };
  const once = async (): Promise<number> => (await (await fetch(url, { headers })).text()).length;
  for (let warm = 0; warm < 30; warm++) {
    await once();
  }
  parentPort?.postMessage('warm', []);
  await new Promise((resolve) => parentPort?.once('message', resolve));
  let length = 0;
  for (let done = 0; done < SCRAPES; done++) {
    length = await once();
  }
  parentPort?.postMessage(length, []);
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-scrape-'));
  const operations = await NodeOperations.start(
    {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      metrics: { provider: 'prometheus' },
      version: 'benchmark',
      commit: '',
      folder,
    },
    { sink: { debug() {}, info() {}, warn() {}, error() {} } },
  );
  const metrics = peerMetrics(operations.registry);
  const sockets = await openSockets();
  process.stdout.write(
    `goal: ${GOAL_MS} ms of CPU; ${SOCKETS} connections\n` +
      '  channels   series   octets   compressed   CPU, ms a scrape   loop at work, ms   longest stretch, ms\n',
  );
  for (const channels of [1, 4]) {
    fill(metrics, channels);
    const series = (await operations.registry.metrics()).split('\n').filter((line) => /^[^#]/.test(line)).length;
    for (const gzip of [false, true]) {
      const figures = await measureOne(`http://${operations.address}/metrics`, gzip);
      const cells = [
        channels,
        series,
        figures.octets,
        gzip ? 'yes' : 'no',
        figures.cpu,
        figures.active,
        figures.longest,
      ];
      const widths = [10, 8, 8, 12, 18, 18, 21];
      process.stdout.write(`${cells.map((cell, index) => String(cell).padStart(widths[index] ?? 0)).join(' ')}\n`);
    }
  }
  await sockets.close();
  await operations.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measureOne(url: string, gzip: boolean) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, gzip } });
  await message(worker);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = performance.eventLoopUtilization();
  const cpuBefore = process.threadCpuUsage();
  worker.postMessage('go', []);
  const octets = await message(worker);
  const { active } = performance.eventLoopUtilization(before);
  const { user, system } = process.threadCpuUsage(cpuBefore);
  delay.disable();
  await worker.terminate();
  const cpu = ((user + system) / 1000 / SCRAPES).toFixed(2);
  return { octets, cpu, active: (active / SCRAPES).toFixed(2), longest: ((delay.max - 1e6) / 1e6).toFixed(2) };
}

function message(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** What a peer has open: files to count, handles to name. */
async function openSockets(): Promise<{ close(): Promise<void> }> {
  const ends: Socket[] = [];
  const server = createServer((socket) => ends.push(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { readonly port: number };
  for (let index = 0; index < SOCKETS; index++) {
    ends.push(
      await new Promise<Socket>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket));
      }),
    );
  }
  return {
    async close() {
      for (const end of ends) {
        end.destroy();
      }
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function fill(metrics: PeerMetrics, count: number): void {
  const channels = Array.from({ length: count }, (_, index) => `channel${index}`);
  const chaincodes = Array.from({ length: 8 }, (_, index) => `chaincode${index}`);
  const types = ['GET_STATE', 'PUT_STATE', 'DEL_STATE', 'GET_STATE_BY_RANGE', 'QUERY_STATE_NEXT', 'GET_PRIVATE_DATA'];
  for (const channel of channels) {
    metrics.blocks.committed(channel, 1000, 0.01);
    metrics.state.height(channel, 1000);
    for (const chaincode of chaincodes) {
      const id = `${chaincode}_1.0:${'0123456789abcdef'.repeat(4)}`;
      for (const success of [true, false]) {
        metrics.endorser.completed({ channel, chaincode }, success, 0.02);
      }
      for (const type of types) {
        metrics.chaincode.shimRequestReceived(type, channel, id);
        metrics.chaincode.shimRequestCompleted(type, channel, id, true, 0.001);
      }
      metrics.chaincode.launched(id, true, 1);
    }
    for (const dataType of ['block', 'filtered_block', 'block_and_pvtdata']) {
      const labels = { channel, filtered: String(dataType === 'filtered_block'), data_type: dataType };
      metrics.deliver.requestsReceived.inc(labels);
      metrics.deliver.requestsCompleted.inc({ ...labels, success: 'true' });
      metrics.deliver.blocksSent.inc(labels);
    }
  }
  for (const method of ['ProcessProposal', 'Endorse', 'Submit', 'CommitStatus', 'Evaluate']) {
    const calls = metrics.grpc.method('protos.Endorser', method, 'unary');
    for (const status of Object.keys(RPC_STATUS).slice(0, 6) as RpcStatus[]) {
      calls.received();
      calls.completed(status, 0.01);
    }
  }
}
