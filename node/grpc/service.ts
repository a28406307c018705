import type { ClientCertificate } from './clientCertificate.ts';

/** Who calls, and how long the call lives. */
export interface CallContext {
  /** `host:port` of the connection's other end. */
  readonly address: string;
  /** That the other end showed, where its chain ends in the server's client roots; else null. To be asked for while the call lives: it takes some 20 µs. */
  readonly certificate: ClientCertificate | null;
  /** The client's W3C trace context, as its metadata has it; null without one, or with one that breaks the format. */
  readonly traceparent: string | null;
  /** Aborted when the call is cancelled, its deadline passes, its connection breaks or the server stops. */
  readonly signal: AbortSignal;
}

/** One method of a service. Requests and responses are protobuf bytes: each room decodes what it needs, as far as it needs it. */
export type Method =
  | {
      readonly kind: 'unary';
      /** Rejects with `RpcError` for a status of its own; anything else becomes UNKNOWN, as in Go. */
      readonly handle: (request: Uint8Array, context: CallContext) => Promise<Uint8Array>;
    }
  | {
      readonly kind: 'serverStream';
      readonly handle: (request: Uint8Array, context: CallContext) => AsyncIterable<Uint8Array>;
    }
  | {
      readonly kind: 'stream';
      /**
       * Requests come as the client sends them, no more than a few ahead of what is taken. The next response is asked for only when
       * the connection took the one before: a slow reader holds up nothing but its own call. Returning ends the call with OK.
       */
      readonly handle: (requests: AsyncIterable<Uint8Array>, context: CallContext) => AsyncIterable<Uint8Array>;
    };

/** A gRPC service: full name, such as `protos.Endorser`, and its methods, such as `ProcessProposal`. */
export interface GrpcService {
  readonly name: string;
  readonly methods: Readonly<Record<string, Method>>;
  /** Calls at a time, of all methods; more are refused with RESOURCE_EXHAUSTED. 0 or absent: no limit (Fabric, `peer.limits.concurrency`). */
  readonly maxConcurrency?: number;
}
