import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { CollectorError, messageOf } from '../errors.ts';
import type { NodeEntry } from '../nodesFile.ts';
import type { DeadLetters } from '../pipeline/deadLetters.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import type { RecordStore } from '../pipeline/storeWriter.ts';
import { BeatsConnection, type HeldBytes } from './beatsConnection.ts';
import type { BeatsOptions } from './beatsOptions.ts';
import { BeatsStreams } from './beatsStreams.ts';
import { Complaints } from './complaints.ts';
import { type BeatsMetrics, createBeatsMetrics } from './metrics.ts';
import { Peer } from './peer.ts';

export interface BeatsSourceModules {
  readonly pipeline: RecordPipeline;
  readonly deadLetters: DeadLetters;
  readonly store: Pick<RecordStore, 'checkpoints'>;
  readonly nodes: readonly NodeEntry[];
  readonly registry: Registry;
  readonly logger: Logger;
  /** Longest line in bytes. */
  readonly maxLineBytes: number;
}

export interface BeatsStatus {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly connections: number;
  /** Events received and not acknowledged. */
  readonly waiting: number;
}

const HANDSHAKE_MS = 20_000;

/** Takes what Filebeats (and Logstash) ship with the lumberjack protocol; see docs/beats.md. */
export class BeatsSource {
  readonly #options: BeatsOptions;
  readonly #modules: BeatsSourceModules;
  readonly #metrics: BeatsMetrics;
  readonly #streams: BeatsStreams;
  readonly #server: Server;
  readonly #complaints: Complaints;
  readonly #connections = new Set<BeatsConnection>();
  /** Those among them too that are still shaking hands. */
  readonly #sockets = new Set<Socket>();
  /** By remote address. */
  readonly #peers = new Map<string, Peer>();
  readonly #held: HeldBytes = { bytes: 0 };
  #address: AddressInfo | null = null;
  #stopped: Promise<void> | undefined;

  constructor(options: BeatsOptions, modules: BeatsSourceModules) {
    this.#options = options;
    this.#modules = modules;
    this.#metrics = createBeatsMetrics(modules.registry, {
      connections: () => this.#connections.size,
      waiting: () => this.#waiting(),
    });
    this.#streams = new BeatsStreams(
      { orderMs: options.orderMs, maxLineBytes: modules.maxLineBytes },
      { ...modules, onRepeated: () => this.#metrics.repeated.inc() },
    );
    this.#complaints = new Complaints(modules.logger);
    this.#server = this.#createServer();
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('drop', () => this.#refuse('too_many', 'there are more connections than are taken'));
  }

  /** @throws CollectorError `beats_listen` if the address can't be had or the certificate is none */
  async start(): Promise<void> {
    const { host, port, tls } = this.#options;
    const listening = Promise.withResolvers<void>();
    this.#server.once('error', listening.reject);
    this.#server.listen({ host, port }, () => listening.resolve());
    try {
      await listening.promise;
    } catch (error) {
      throw new CollectorError(
        'beats_listen',
        `events of Beats can't be taken at ${host}:${port}: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
    this.#server.on('error', (error) => this.#modules.logger.error({ err: error }, 'the Beats listener failed'));
    this.#address = this.#server.address() as AddressInfo;
    const how = tls === null ? 'in plain text' : tls.clientCa === undefined ? 'over TLS' : 'over mutual TLS';
    this.#modules.logger.info(
      { ...this.#address },
      `events of Beats are taken at ${host}:${this.#address.port} ${how}`,
    );
  }

  /** Whether nothing that came waits to be acknowledged. */
  get caughtUp(): boolean {
    return this.#waiting() === 0;
  }

  status(): BeatsStatus {
    const { host, tls } = this.#options;
    return {
      host,
      port: this.#address?.port ?? 0,
      tls: tls !== null,
      connections: this.#connections.size,
      waiting: this.#waiting(),
    };
  }

  /** Takes no more, acknowledges what came as soon as it is stored, and closes. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await Promise.all([...this.#connections].map((connection) => connection.stop()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #createServer(): Server {
    const { tls } = this.#options;
    if (tls === null) return createTcpServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    try {
      const server = createTlsServer(
        {
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          minVersion: 'TLSv1.2',
          handshakeTimeout: HANDSHAKE_MS,
          allowHalfOpen: true,
        },
        (socket) => this.#accept(socket),
      );
      server.on('tlsClientError', (error, socket) => {
        this.#refuse('tls', explainTls(error, tls.clientCa !== undefined), socket.remoteAddress);
        socket.destroy();
      });
      return server;
    } catch (error) {
      throw new CollectorError('beats_listen', `the certificate or key for Beats can't be used: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #accept(socket: Socket): void {
    if (this.#stopped !== undefined) {
      socket.destroy();
      return;
    }
    const address = socket.remoteAddress ?? 'unknown';
    const peer = this.#peers.get(address) ?? new Peer();
    this.#peers.set(address, peer);
    this.#metrics.accepted.inc();
    const connection = new BeatsConnection(socket, this.#options, {
      ...this.#modules,
      streams: this.#streams,
      metrics: this.#metrics,
      complaints: this.#complaints,
      held: this.#held,
      peer,
      onClosed: () => {
        this.#connections.delete(connection);
        peer.delete(connection);
        if (peer.size === 0) this.#peers.delete(address);
      },
    });
    this.#connections.add(connection);
    peer.add(connection);
    this.#modules.logger.debug({ peer: connection.name }, 'a sender has connected');
  }

  #refuse(reason: string, why: string, peer = 'a sender'): void {
    this.#metrics.refused.inc({ reason });
    this.#complaints.say(peer, reason, `${peer} is not let in: ${why}`);
  }

  #waiting(): number {
    let events = 0;
    for (const connection of this.#connections) events += connection.waiting;
    return events;
  }
}

function explainTls(error: Error, mutual: boolean): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ERR_SSL_HTTP_REQUEST' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return 'it does not speak TLS (output.logstash.ssl of the sender)';
  }
  if (mutual && code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') {
    return 'it shows no certificate (output.logstash.ssl.certificate of the sender)';
  }
  return `the TLS handshake failed: ${error.message}`;
}
