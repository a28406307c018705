import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GrpcServerError } from '#node/grpc/grpcServerError.ts';

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

/**
 * @param port 0 for any that is free
 * @param what the service, in messages
 * @throws GrpcServerError `address_in_use`, `bad_address`
 */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  what: string,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code === 'EADDRINUSE'
      ? new GrpcServerError(
          'address_in_use',
          `${host}:${port}, the address of the ${what}, is taken by another process: end it, or configure another port`,
          { cause },
        )
      : new GrpcServerError('bad_address', `the ${what} cannot listen on ${host}:${port}: ${message}`, { cause });
  }
}
