import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A cluster behind a proxy that says when bulk requests were answered. */
export interface WatchedCluster {
  readonly url: string;
  /** Calls once when the cluster has answered as many more bulk requests, before the last answer is passed on. */
  afterBulks(count: number, call: () => void): void;
  /** From now on bulk requests are answered as by a cluster whose disk is full. */
  fill(): void;
  close(): void;
}

const FULL = {
  type: 'cluster_block_exception',
  reason: 'index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];',
};

export async function watchedCluster(clusterUrl: string): Promise<WatchedCluster> {
  let left = Infinity;
  let due: (() => void) | undefined;
  let isFull = false;
  const server = createServer((asked, answer) => {
    const { method, headers } = asked;
    if (isFull && asked.url?.includes('_bulk') === true) {
      asked.resume();
      answer.writeHead(429, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
      answer.end(JSON.stringify({ error: FULL, status: 429 }));
      return;
    }
    const passed = request(new URL(asked.url ?? '/', clusterUrl), { method, headers }, (found) => {
      if (asked.url?.includes('_bulk') === true && --left === 0) due?.();
      answer.writeHead(found.statusCode ?? 502, found.headers);
      pipeline(found, answer).catch(() => passed.destroy());
    });
    passed.on('error', () => answer.destroy());
    pipeline(asked, passed).catch(() => passed.destroy());
  });
  server.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    afterBulks(count, call) {
      left = count;
      due = call;
    },
    fill() {
      isFull = true;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
