import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { sha256 } from '#node/crypto/hash.ts';
import type { ClientCertificate } from './clientCertificate.ts';

/** What all calls of a connection have in common. */
export class ServerConnection {
  /** `host:port` of the other end. */
  readonly address: string;
  readonly #socket: unknown;
  #certificate: ClientCertificate | null | undefined;

  private constructor(socket: Socket | undefined) {
    const { remoteAddress, remotePort } = socket ?? {};
    this.address = remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
    this.#socket = socket;
  }

  static of({ session }: ServerHttp2Stream): ServerConnection {
    if (session === undefined) {
      return new ServerConnection(undefined);
    }
    let known = connections.get(session);
    if (known === undefined) {
      known = new ServerConnection(session.destroyed ? undefined : session.socket);
      connections.set(session, known);
    }
    return known;
  }

  /** That the other end showed, where its chain ends in the server's client roots. */
  get certificate(): ClientCertificate | null {
    this.#certificate ??= certificateOf(this.#socket);
    return this.#certificate;
  }
}

const connections = new WeakMap<object, ServerConnection>();

function certificateOf(socket: unknown): ClientCertificate | null {
  if (!(socket instanceof TLSSocket) || socket.destroyed || !socket.authorized) {
    return null;
  }
  const { raw } = socket.getPeerCertificate();
  // Without one, Node gives an empty object.
  return (raw as Buffer | undefined) === undefined ? null : { der: Uint8Array.from(raw), hash: sha256(raw) };
}
