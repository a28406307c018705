import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Registrar } from '../registrar.ts';
import { ParticipationApi, type ParticipationApiOptions } from './participationApi.ts';

export interface ParticipationTls {
  /** PEM. */
  readonly certificate: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Refuse connections without a client certificate (Fabric, `Admin.TLS.ClientAuthRequired`). */
  readonly clientAuthRequired: boolean;
  /** PEM. */
  readonly clientRoots: readonly (string | Uint8Array)[];
}

export interface ParticipationOptions extends ParticipationApiOptions {
  /** Fabric's `Admin.ListenAddress`. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Null for plain HTTP. */
  readonly tls: ParticipationTls | null;
}

/** Serves the participation API; with TLS, only to clients with a certificate of one of the roots, as Fabric does. */
export class ParticipationServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws whatever listening does, such as EADDRINUSE, and TLS for certificates that cannot be used */
  static async listen(options: ParticipationOptions, registrar: Registrar): Promise<ParticipationServer> {
    const api = new ParticipationApi(options, registrar);
    const { tls } = options;
    const listener: RequestListener = (request, response) => {
      if (tls !== null && !(request.socket instanceof TLSSocket && request.socket.authorized)) {
        response.writeHead(401, { Connection: 'close' }).end();
        return;
      }
      void api.handle(request, response);
    };
    const server = tls === null ? createHttpServer(listener) : createHttpsServer(httpsOptions(tls), listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new ParticipationServer(server);
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

function pem(one: string | Uint8Array): string | Buffer {
  return typeof one === 'string' ? one : Buffer.from(one);
}

function httpsOptions(tls: ParticipationTls): Parameters<typeof createHttpsServer>[0] {
  return {
    cert: pem(tls.certificate),
    key: pem(tls.key),
    minVersion: 'TLSv1.2',
    // Without roots nobody is accepted: an empty list would mean the system's.
    ca: tls.clientRoots.map(pem),
    requestCert: true,
    rejectUnauthorized: tls.clientAuthRequired,
  };
}
