/** How to reach a gRPC server. */
export interface ConnectOptions {
  /** `host:port`. */
  readonly address: string;
  /** PEM certificates that the server's chain must end in; null: no TLS. */
  readonly tlsRoots: string | Uint8Array | null;
  /** For mutual TLS, PEM. */
  readonly clientCertificate?: { readonly certificate: string | Uint8Array; readonly key: string | Uint8Array };
  /** Name that the server's certificate must have, where it is not the address's host. */
  readonly serverName?: string;
  /** Bytes; default 100 MiB, as Fabric's. */
  readonly maxMessageBytes?: number;
  readonly keepalive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A call in both directions. Iterating gives what the server sends; a status other than OK throws RpcError. */
export interface ClientStream extends AsyncIterable<Uint8Array> {
  /** Resolves when the connection takes more. */
  send(message: Uint8Array): Promise<void>;
  /** No more will be sent. */
  end(): void;
  /** Gives the call up. */
  cancel(): void;
}

/** One connection to a server, shared by its calls; made when the first call needs it, and again when it broke. */
export interface GrpcClient {
  readonly address: string;
  /** @param path such as `/protos.Endorser/ProcessProposal` @throws RpcError */
  unary(path: string, request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  stream(path: string, options?: CallOptions): ClientStream;
  /** Resolves when the connection stands. @throws RpcError UNAVAILABLE with the reason */
  ready(timeoutMs: number): Promise<void>;
  close(): void;
}
