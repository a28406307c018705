import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

/** Somebody who listens on a free port of this machine. */
export interface StandIn extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or `https://…`. */
  readonly url: URL;
  /** Host and port. */
  readonly address: string;
}

/** Answers requests as it likes; over TLS where its certificate is given. */
export async function standIn(answer: RequestListener, tls?: ServerOptions, port = 0): Promise<StandIn> {
  const server = tls === undefined ? createServer(answer) : createHttpsServer(tls, answer);
  return listening(server, tls === undefined ? 'http' : 'https', port);
}

/** Answers each path with what is JSON, a text, or what happens then; all others with 404. */
export function answers(paths: Readonly<Record<string, object | string | RequestListener>>): RequestListener {
  return (request, response) => {
    const answer = paths[(request.url ?? '').replace(/\?.*$/s, '')];
    if (typeof answer === 'function') answer(request, response);
    else if (answer === undefined) response.writeHead(404).end('404 page not found\n');
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
}

/** Writes what is no HTTP, or ends when it likes. */
export async function rawStandIn(onSocket: (socket: Socket) => void): Promise<StandIn> {
  return listening(createTcpServer(onSocket), 'http', 0);
}

async function listening(server: Server, scheme: string, port: number): Promise<StandIn> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: new URL(`${scheme}://${address}`),
    address,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
