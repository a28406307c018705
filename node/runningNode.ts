import type { GrpcServer } from './grpc/grpcServer.ts';
import type { NodeOperations } from './operations/nodeOperations.ts';

/** A node that serves, of either kind: where it is, and its end. */
export abstract class RunningNode implements AsyncDisposable {
  readonly operations: NodeOperations;
  readonly #server: GrpcServer;
  readonly #stop: () => Promise<void>;
  #stopping: Promise<void> | null = null;

  /** @param stop ends all of it, in reverse order of its start; called once */
  protected constructor(
    parts: { readonly operations: NodeOperations; readonly server: GrpcServer },
    stop: () => Promise<void>,
  ) {
    this.operations = parts.operations;
    this.#server = parts.server;
    this.#stop = stop;
  }

  /** `host:port` that it listens on. */
  get address(): string {
    return this.#server.address;
  }

  /** May be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
