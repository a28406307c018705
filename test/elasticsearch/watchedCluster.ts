import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A cluster behind a proxy that says when bulk requests were answered. */
export interface WatchedCluster {
  readonly url: string;
  /** Calls once when the cluster has answered as many more bulk requests, before the last answer is passed on. */
  afterBulks(count: number, call: () => void): void;
  close(): void;
}

export async function watchedCluster(clusterUrl: string): Promise<WatchedCluster> {
  let left = Infinity;
  let due: (() => void) | undefined;
  const server = createServer((asked, answer) => {
    const { method, headers } = asked;
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
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
