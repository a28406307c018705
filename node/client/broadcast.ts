import { common, orderer } from '@hyperledger/fabric-protos';
import type { ClientStream, GrpcClient } from '#node/grpc/client.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { callError } from './call.ts';
import { ClientError } from './clientError.ts';
import { orAborted } from './orAborted.ts';

const BROADCAST = '/orderer.AtomicBroadcast/Broadcast';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One stream of transactions to an orderer, opened when the first is sent and again after it broke. The orderer answers in the order
 * in which they were sent.
 */
export class Broadcaster {
  readonly #client: GrpcClient;
  #stream: { readonly calls: ClientStream; readonly waiting: Waiting[] } | null = null;
  #closed = false;

  constructor(client: GrpcClient) {
    this.#client = client;
  }

  get address(): string {
    return this.#client.address;
  }

  /**
   * Hands a transaction to the orderer; resolves when it took it.
   * @param envelope serialised `common.Envelope`
   * @throws ClientError `not_broadcast` with the orderer's status and reason, `call` where the stream broke; the signal's reason. In
   * both of the latter cases the orderer may have it
   */
  async send(envelope: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#closed) {
      throw new ClientError('call', `${this.address}: closed`, { address: this.address });
    }
    const { calls, waiting } = (this.#stream ??= this.#open());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push({ resolve, reject });
    // A stream that breaks under the write rejects whoever waits on it, with the status that ended it.
    calls.send(envelope).catch(() => {});
    // Whoever gives up stays in the row: the answer still comes, in its turn.
    await (signal === undefined ? promise : orAborted(promise, signal));
  }

  /** Those that still wait for an answer are rejected. */
  close(): void {
    this.#closed = true;
    this.#stream?.calls.cancel();
    this.#stream = null;
  }

  #open(): { readonly calls: ClientStream; readonly waiting: Waiting[] } {
    const stream = { calls: this.#client.stream(BROADCAST), waiting: [] };
    void this.#read(stream);
    return stream;
  }

  async #read(stream: { readonly calls: ClientStream; readonly waiting: Waiting[] }): Promise<void> {
    const { address } = this;
    let reason: unknown = new ClientError('call', `${address}: the orderer ended the stream`, { address });
    try {
      for await (const bytes of stream.calls) {
        const answer = decodeMessage(orderer.BroadcastResponse, bytes, 'orderer.BroadcastResponse');
        const next = stream.waiting.shift();
        const refusal = refusalOf(answer, address);
        if (refusal === null) {
          next?.resolve();
        } else {
          next?.reject(refusal);
        }
      }
    } catch (error) {
      reason = callError(error, { address });
    }
    if (this.#stream === stream) {
      this.#stream = null;
    }
    stream.calls.cancel();
    for (const { reject } of stream.waiting.splice(0)) {
      reject(reason);
    }
  }
}

function refusalOf(answer: orderer.BroadcastResponse, address: string): ClientError | null {
  const status = answer.getStatus();
  if (status === common.Status.SUCCESS) {
    return null;
  }
  const name = statusName(status);
  return new ClientError('not_broadcast', `${address}: ${name}: ${answer.getInfo()}`, { address, status: name });
}

/** `common.Status` by name. */
export function statusName(status: number): string {
  return Object.entries(common.Status).find(([, value]) => value === status)?.[0] ?? `STATUS_${status}`;
}

/** As one `Broadcaster`, for a single transaction. @throws ClientError */
export async function broadcast(client: GrpcClient, envelope: Uint8Array): Promise<void> {
  const broadcaster = new Broadcaster(client);
  try {
    await broadcaster.send(envelope);
  } finally {
    broadcaster.close();
  }
}
