import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { HttpListener, listenOn } from '#node/http/httpListener.ts';
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
export class ParticipationServer extends HttpListener {
  /** @throws GrpcServerError `address_in_use`, `bad_address`; TLS for certificates that cannot be used */
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
    await listenOn(server, options, "administrators' service");
    return new ParticipationServer(server);
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
