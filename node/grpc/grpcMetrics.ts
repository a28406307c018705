import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { Counter, type Registry } from 'prom-client';
import { ByLabels, HeldCounter, HeldHistogram } from '#node/metrics/heldSeries.ts';
import type { RpcStatus } from './rpcError.ts';
import type { Method } from './service.ts';

type MethodLabel = 'service' | 'method';

/** What a server counts of one method. */
export interface MethodMetrics {
  received(): void;
  messageReceived(): void;
  messageSent(): void;
  completed(status: RpcStatus, seconds: number): void;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** gRPC's codes as Go writes them. */
const CODES: Readonly<Record<RpcStatus, string>> = {
  OK: 'OK',
  CANCELLED: 'Canceled',
  UNKNOWN: 'Unknown',
  INVALID_ARGUMENT: 'InvalidArgument',
  DEADLINE_EXCEEDED: 'DeadlineExceeded',
  NOT_FOUND: 'NotFound',
  ALREADY_EXISTS: 'AlreadyExists',
  PERMISSION_DENIED: 'PermissionDenied',
  RESOURCE_EXHAUSTED: 'ResourceExhausted',
  FAILED_PRECONDITION: 'FailedPrecondition',
  ABORTED: 'Aborted',
  OUT_OF_RANGE: 'OutOfRange',
  UNIMPLEMENTED: 'Unimplemented',
  INTERNAL: 'Internal',
  UNAVAILABLE: 'Unavailable',
  DATA_LOSS: 'DataLoss',
  UNAUTHENTICATED: 'Unauthenticated',
};

/** What a node's gRPC server counts, under Fabric's names (internal/pkg/comm, common/grpcmetrics). */
export class GrpcMetrics {
  readonly #opened: Counter;
  readonly #closed: Counter;
  readonly #unary: Calls;
  readonly #stream: Calls;
  readonly #messagesReceived: HeldCounter<MethodLabel>;
  readonly #messagesSent: HeldCounter<MethodLabel>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#opened = new Counter({
      name: 'grpc_comm_conn_opened',
      help: 'gRPC connections opened. Open minus closed is the active number of connections.',
      registers,
    });
    this.#closed = new Counter({
      name: 'grpc_comm_conn_closed',
      help: 'gRPC connections closed. Open minus closed is the active number of connections.',
      registers,
    });
    this.#unary = calls(registry, 'unary');
    this.#stream = calls(registry, 'stream');
    const messages = (what: 'received' | 'sent'): HeldCounter<MethodLabel> =>
      new HeldCounter({
        name: `grpc_server_stream_messages_${what}`,
        help: `The number of stream messages ${what}.`,
        labelNames: ['service', 'method'],
        registers,
      });
    this.#messagesReceived = messages('received');
    this.#messagesSent = messages('sent');
  }

  /** @param service full name, such as `protos.Endorser` */
  method(service: string, method: string, kind: Method['kind']): MethodMetrics {
    const labels = { service: service.replaceAll('.', '_'), method };
    const { received, completed, duration } = kind === 'unary' ? this.#unary : this.#stream;
    const isReceived = received.held(labels);
    const messageReceived = this.#messagesReceived.held(labels);
    const messageSent = this.#messagesSent.held(labels);
    const byCode = new ByLabels((code) => ({
      completed: completed.held({ ...labels, code }),
      duration: duration.held({ ...labels, code }),
    }));
    return {
      received: () => isReceived.inc(),
      messageReceived: () => messageReceived.inc(),
      messageSent: () => messageSent.inc(),
      completed(status, seconds) {
        const ofCode = byCode.of(CODES[status]);
        ofCode.completed.inc();
        ofCode.duration.observe(seconds);
      },
    };
  }

  /**
   * Counts connections that are made to a port of this process.
   * @returns ends it
   */
  connections(port: number): () => void {
    const opened = (message: unknown): void => {
      const { socket } = message as { readonly socket: Socket };
      if (socket.localPort === port) {
        this.#opened.inc();
        socket.once('close', () => this.#closed.inc());
      }
    };
    subscribe('net.server.socket', opened);
    return () => unsubscribe('net.server.socket', opened);
  }
}

interface Calls {
  readonly received: HeldCounter<MethodLabel>;
  readonly completed: HeldCounter<MethodLabel | 'code'>;
  readonly duration: HeldHistogram<MethodLabel | 'code'>;
}

function calls(registry: Registry, kind: 'unary' | 'stream'): Calls {
  const registers = [registry];
  return {
    received: new HeldCounter({
      name: `grpc_server_${kind}_requests_received`,
      help: `The number of ${kind} requests received.`,
      labelNames: ['service', 'method'],
      registers,
    }),
    completed: new HeldCounter({
      name: `grpc_server_${kind}_requests_completed`,
      help: `The number of ${kind} requests completed.`,
      labelNames: ['service', 'method', 'code'],
      registers,
    }),
    duration: new HeldHistogram({
      name: `grpc_server_${kind}_request_duration`,
      help: `The time to complete a ${kind} request.`,
      labelNames: ['service', 'method', 'code'],
      buckets: BUCKETS,
      registers,
    }),
  };
}
