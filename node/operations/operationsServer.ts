import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { checkServerTls } from '#node/grpc/tlsMaterial.ts';
import { HttpListener, listenOn } from '#node/http/httpListener.ts';

export interface OperationsTls {
  /** PEM. */
  readonly certificate: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** Nobody is served without a certificate of one of the roots. */
  readonly clientAuthRequired: boolean;
  /** PEM. */
  readonly clientRoots: readonly (string | Uint8Array)[];
}

export interface OperationsServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Null for plain HTTP. */
  readonly tls: OperationsTls | null;
}

export interface Route {
  /** With TLS, only for clients with a certificate. */
  readonly secure: boolean;
  /** Answers. What it throws becomes status 500. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
}

/** By path. */
export type Routes = Readonly<Record<string, Route>>;

/** As Fabric's server has it. */
const READ_MS = 10_000;
/** What may go back as a header, as it came. */
const REQUEST_ID = /^[\x21-\x7e]{1,256}$/;

/**
 * HTTP server of the operations service (Fabric, `fabhttp`). With TLS a client may show a certificate: one that ends in none of the
 * roots ends the connection, none at all is enough for what is not `secure`.
 */
export class OperationsServer extends HttpListener {
  /** @throws GrpcServerError `address_in_use`, `bad_address`, and for certificates that cannot be used */
  static async listen(
    options: OperationsServerOptions,
    modules: { readonly routes: Routes; readonly onUnauthorized?: (url: string, address: string) => void },
  ): Promise<OperationsServer> {
    const { tls } = options;
    const routes = new Map(Object.entries(modules.routes));
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      response.setHeader('X-Request-Id', requestId(request));
      const route = routes.get((request.url ?? '').replace(/\?.*$/s, ''));
      if (route === undefined) {
        response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
      } else if (route.secure && tls !== null && !isAuthorized(request)) {
        modules.onUnauthorized?.(request.url ?? '', request.socket.remoteAddress ?? '');
        response.writeHead(401).end();
      } else {
        void answer(route, request, response);
      }
    };
    const limits = {
      requestTimeout: READ_MS,
      headersTimeout: READ_MS,
      keepAliveTimeout: READ_MS,
      connectionsCheckingInterval: READ_MS / 2,
    };
    const server = tls === null ? createHttpServer(limits, listener) : httpsServer(tls, limits, listener);
    await listenOn(server, options, 'operations service');
    // Such as too many open files: a connection that could not be taken.
    server.on('error', () => {});
    return new OperationsServer(server);
  }
}

/** So that nothing in it can be taken for HTML. */
function escapedAsGo(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Sends JSON as Go's encoders do; `line` with a line feed. */
export function sendJson(response: ServerResponse, status: number, value: object, line = false): void {
  const text = JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, escapedAsGo);
  const body = Buffer.from(line ? `${text}\n` : text);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
}

async function answer(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await route.handle(request, response);
  } catch {
    if (!response.headersSent) {
      response.writeHead(500);
    }
    response.end();
  }
}

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

function isAuthorized({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && socket.authorized;
}

function httpsServer(
  tls: OperationsTls,
  limits: object,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  checkServerTls({ certificate: tls.certificate, key: tls.key, clientRoots: tls.clientRoots }, 'operations TLS');
  const server = createHttpsServer(
    {
      ...limits,
      cert: Buffer.from(tls.certificate as string),
      key: Buffer.from(tls.key as string),
      minVersion: 'TLSv1.2',
      // Without roots nobody is accepted: no list would mean the system's.
      ca: tls.clientRoots.map((root) => Buffer.from(root as string)),
      requestCert: true,
      rejectUnauthorized: tls.clientAuthRequired,
    },
    listener,
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    // Node goes on with a certificate that it does not trust; Go does not.
    if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) {
      socket.destroy();
    }
  });
  return server;
}
