import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server that listens: where it does, and how it ends. */
export class HttpListener {
  readonly #server: Server;

  protected constructor(server: Server) {
    this.#server = server;
  }

  /** `host:port`. */
  get address(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests under way are answered first, within a grace; connections without one are closed. */
  close(graceMs = 2000): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(late);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }
}

/** @param port 0 for any that is free @throws whatever listening does, such as EADDRINUSE */
export async function listenOn(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
