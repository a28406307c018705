import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockSource, FedChain } from '#node/deliver/blockSource.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { NO_TRACER, type Tracer } from '#node/tracing/tracer.ts';
import { JoinedChannels, type JoinedChannelsModules, type JoinedChannelsOptions } from './joinedChannels.ts';
import { LedgerFolders } from './ledgerFolders.ts';

/** For tests: gives blocks from a list, as they come. */
export class ListSource implements BlockSource {
  readonly rejected: { readonly block: number; readonly reason: string }[] = [];
  configChanges = 0;
  readonly #chain: FedChain;
  readonly #blocks: Uint8Array[];
  #wake: () => void = () => {};

  constructor(chain: FedChain, blocks: readonly Uint8Array[]) {
    this.#chain = chain;
    this.#blocks = [...blocks];
  }

  add(...blocks: readonly Uint8Array[]): void {
    this.#blocks.push(...blocks);
    this.#wake();
  }

  /** Takes another block's place. */
  put(number: number, block: Uint8Array): void {
    this.#blocks[number] = block;
  }

  async *blocks(signal: AbortSignal) {
    let number = this.#chain.height;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const bytes = this.#blocks[number];
      if (bytes === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else {
        yield { view: BlockView.fromBytes(bytes), sender: { kind: 'orderer' as const, address: 'orderer:7050' } };
        number++;
      }
    }
  }

  reject(block: number, reason: string): void {
    this.rejected.push({ block, reason });
  }

  configChanged(): void {
    this.configChanges++;
  }
}

export interface TestPeer extends AsyncDisposable {
  readonly folder: string;
  readonly channels: JoinedChannels;
  readonly sources: Map<string, ListSource>;
  readonly failures: unknown[];
  /** Ends the peer and starts it again on what is on the disk. */
  restart(): Promise<JoinedChannels>;
}

/** A peer without services: its channels, in a folder that goes with it. */
export async function testPeer(
  blocks: readonly Uint8Array[],
  options: Partial<Omit<JoinedChannelsOptions, 'folders'>> & { readonly tracer?: Partial<Tracer> } = {},
  modules: Partial<JoinedChannelsModules> = {},
): Promise<TestPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'ftl-peer-'));
  const { tracer = {}, ...rest } = options;
  const sources = new Map<string, ListSource>();
  const failures: unknown[] = [];
  const start = async (): Promise<JoinedChannels> => {
    const channels = await JoinedChannels.open(
      { mspId: 'Org1MSP', ...rest, folders: new LedgerFolders(folder) },
      {
        tracer: { ...NO_TRACER, ...tracer },
        sources: (chain) => {
          const source = new ListSource(chain, blocks);
          sources.set(chain.channelId, source);
          return source;
        },
        onFailure: (_, error) => failures.push(error),
        ...modules,
      },
    );
    channels.start();
    return channels;
  };
  let channels = await start();
  return {
    folder,
    sources,
    failures,
    get channels() {
      return channels;
    },
    async restart() {
      await channels.close();
      channels = await start();
      return channels;
    },
    async [Symbol.asyncDispose]() {
      await channels.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when a chain holds a block. */
export function reached(
  chain: { waitForBlock(number: number, signal: AbortSignal): Promise<void> } | null,
  number: number,
): Promise<void> {
  return chain === null
    ? Promise.reject(new Error('no such channel'))
    : chain.waitForBlock(number, new AbortController().signal);
}
