import { setTimeout as delay } from 'node:timers/promises';
import type { Signer } from '#node/crypto/sign.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { validationCodeName } from '#node/protos/enumNames.ts';
import { ClientError } from './clientError.ts';
import { filteredBlocks } from './deliver.ts';
import { orAborted } from './orAborted.ts';

/** What became of a transaction. */
export interface CommitStatus {
  readonly txId: string;
  readonly block: number;
  /** `TxValidationCode`. */
  readonly code: number;
  readonly codeName: string;
}

export interface CommitWatcherOptions {
  readonly channelId: string;
  /** Between attempts to listen again after the peer was lost. Default 500. */
  readonly retryMs?: number;
}

export interface CommitWatcherModules {
  readonly client: GrpcClient;
  readonly signer: Signer;
}

/**
 * Listens to the blocks of one peer and tells those who wait what became of their transactions. Where the peer is lost it goes on,
 * as soon as it can, with the block after the last that it saw: nobody's transaction is passed over.
 */
export class CommitWatcher {
  readonly #options: CommitWatcherOptions;
  readonly #modules: CommitWatcherModules;
  readonly #waiting = new Map<string, (status: CommitStatus) => void>();
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #next: number | null = null;
  #lastError: unknown = null;
  readonly #running: Promise<void>;

  constructor(options: CommitWatcherOptions, modules: CommitWatcherModules) {
    this.#options = options;
    this.#modules = modules;
    this.#ready.promise.catch(() => {});
    this.#running = this.#listen();
  }

  /** Number of the block after the last that was seen; null before the first. */
  get height(): number | null {
    return this.#next;
  }

  /**
   * Resolves when blocks come; transactions that are sent from then on are seen.
   * @throws the signal's reason, or what was wrong with the peer until then where something was
   */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#orReason(this.#ready.promise, signal, null);
  }

  /**
   * To be called before the transaction is sent.
   * @throws the signal's reason, with what was wrong with the peer as its cause's cause where something was
   */
  async wait(txId: string, signal: AbortSignal): Promise<CommitStatus> {
    const { promise, resolve } = Promise.withResolvers<CommitStatus>();
    this.#waiting.set(txId, resolve);
    try {
      return await this.#orReason(promise, signal, txId);
    } finally {
      this.#waiting.delete(txId);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new ClientError('call', 'closed'));
    await this.#running;
  }

  async #orReason<T>(promise: Promise<T>, signal: AbortSignal, txId: string | null): Promise<T> {
    try {
      return await orAborted(promise, signal);
    } catch (cause) {
      if (this.#lastError === null) {
        throw cause;
      }
      const { address } = this.#modules.client;
      throw new ClientError('call', `${address}: blocks cannot be followed: ${textOf(this.#lastError)}`, {
        address,
        ...(txId === null ? {} : { txId }),
        cause,
      });
    }
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    const { client, signer } = this.#modules;
    const { channelId, retryMs = 500 } = this.#options;
    while (!signal.aborted) {
      try {
        // The newest block comes at once, and with it the knowledge that those after it will.
        const request = { channelId, from: this.#next ?? ('newest' as const) };
        for await (const block of filteredBlocks(client, request, signer, signal)) {
          this.#next = block.number + 1;
          this.#lastError = null;
          this.#ready.resolve();
          for (const { txId, code } of block.transactions) {
            const status = { txId, block: block.number, code, codeName: validationCodeName(code) };
            this.#waiting.get(txId)?.(status);
          }
        }
      } catch (error) {
        this.#lastError = signal.aborted ? this.#lastError : error;
      }
      await delay(retryMs, undefined, { signal }).catch(() => {});
    }
    this.#ready.reject(signal.reason);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
