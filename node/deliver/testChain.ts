import { ChannelBundle } from '#node/channel/bundle.ts';
import type { CallContext } from '#node/grpc/service.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { Chain } from './chain.ts';
import { type DeliverAnswer, readResponse } from './deliverResponse.ts';
import type { Delivery, DeliverService } from './deliverService.ts';

/** For tests: a chain in memory that grows when told. */
export class TestChain implements Chain {
  readonly channelId: string;
  readonly firstBlock: number;
  bundle: ChannelBundle;
  failure: string | null = null;
  /** How many blocks were asked for. */
  reads = 0;
  readonly #blocks: BlockView[];
  readonly #waiting = new Set<() => void>();

  /** @param blocks the first of them a configuration, if it has number 0 */
  constructor(
    channelId: string,
    blocks: readonly Uint8Array[],
    options: { readonly firstBlock?: number; readonly bundle?: ChannelBundle } = {},
  ) {
    this.channelId = channelId;
    this.#blocks = blocks.map((bytes) => BlockView.fromBytes(bytes));
    this.firstBlock = options.firstBlock ?? 0;
    this.bundle = options.bundle ?? ChannelBundle.fromBlock(this.#blocks[0] as BlockView);
  }

  get height(): number {
    return this.firstBlock + this.#blocks.length;
  }

  /** Readers that wait for a block. */
  get waiting(): number {
    return this.#waiting.size;
  }

  async block(number: number): Promise<BlockView | null> {
    this.reads++;
    return this.#blocks[number - this.firstBlock] ?? null;
  }

  add(...blocks: readonly Uint8Array[]): void {
    this.#blocks.push(...blocks.map((bytes) => BlockView.fromBytes(bytes)));
    for (const wake of this.#waiting) {
      wake();
    }
  }

  async waitForBlock(number: number, signal: AbortSignal): Promise<void> {
    while (this.height <= number) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#waiting.delete(resolve);
    }
  }
}

export function callContext(more: Partial<CallContext> = {}): CallContext {
  return {
    address: '127.0.0.1:40000',
    certificate: null,
    traceparent: null,
    signal: new AbortController().signal,
    ...more,
  };
}

export async function* requestsOf(...requests: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* requests;
}

/** Numbers of the blocks that were sent, and the status behind them. */
export async function outcome(answers: AsyncIterable<Uint8Array>): Promise<readonly (number | string)[]> {
  const told: (number | string)[] = [];
  for await (const bytes of answers) {
    told.push(tell(readResponse(bytes)));
  }
  return told;
}

export function tell(answer: DeliverAnswer): number | string {
  switch (answer.kind) {
    case 'status':
      return `status ${answer.status}`;
    case 'block':
      return answer.block.number;
    default:
      return answer.block.getNumber();
  }
}

/** Answers to some requests over one call. */
export function answered(
  service: DeliverService,
  delivery: Delivery,
  requests: readonly Uint8Array[],
  context: CallContext = callContext(),
): Promise<readonly (number | string)[]> {
  return outcome(service.handle(delivery, requestsOf(...requests), context));
}

/** What the call is ended with when a client goes away. */
export const CANCELLED = new RpcError('CANCELLED', 'the client went away');
