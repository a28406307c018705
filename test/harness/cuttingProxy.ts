import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly port: number;
  close(): void;
}

/** For tests: passes on what goes to a port of this machine, and cuts the connection after so many bytes of one direction. */
export async function cuttingProxy(
  port: number,
  after: { readonly up: number; readonly down: number },
): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1' });
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    const pass = (from: Socket, to: Socket, limit: number): void => {
      let passed = 0;
      from.on('data', (bytes: Buffer) => {
        to.write(bytes.subarray(0, limit - passed));
        passed += bytes.length;
        if (passed >= limit) {
          // What it still takes goes out first.
          setImmediate(cut);
        }
      });
      from.on('error', cut).on('close', cut);
      sockets.add(from);
    };
    pass(near, far, after.up);
    pass(far, near, after.down);
  });
  server.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close() {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
    },
  };
}
