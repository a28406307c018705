import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallContext } from '#node/grpc/service.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { Orderer, type OrdererModules, type OrdererOptions } from '../orderer.ts';
import type { OrderingChain } from '../orderingChain.ts';
import { answerOf, type TestNetwork } from './testChannel.ts';

export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'orderer-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function openOrderer(
  folder: string,
  network: TestNetwork,
  options: Partial<OrdererOptions> = {},
  modules: Partial<OrdererModules> = {},
): Promise<Orderer> {
  return Orderer.open(
    {
      folder: join(folder, 'ledger'),
      pendingFolder: join(folder, 'pending'),
      serverCertificate: network.server.pem,
      retryMs: 20,
      ...options,
    },
    { signer: network.signer, ...modules },
  );
}

export const CALLER: CallContext = {
  address: '127.0.0.1:40000',
  certificate: null,
  traceparent: null,
  signal: new AbortController().signal,
};

/** Sends envelopes on one stream and gives the answers until it ends. */
export async function broadcast(
  orderer: Orderer,
  envelopes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  context: CallContext = CALLER,
): Promise<ReturnType<typeof answerOf>[]> {
  const { broadcast: method } = orderer;
  if (method.kind !== 'stream') {
    throw new Error('Broadcast is no stream');
  }
  const answers: ReturnType<typeof answerOf>[] = [];
  for await (const response of method.handle(asyncOf(envelopes), context)) {
    answers.push(answerOf(response));
  }
  return answers;
}

async function* asyncOf<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void> {
  yield* items;
}

export function chainOf(orderer: Orderer, channelId = 'mychannel'): OrderingChain {
  const chain = orderer.registrar.chain(channelId);
  if (chain === null) {
    throw new Error(`no channel ${channelId}`);
  }
  return chain;
}

/** Waits for a block. */
export async function blockOf(orderer: Orderer, number: number, channelId?: string): Promise<BlockView> {
  const chain = chainOf(orderer, channelId);
  await chain.waitForBlock(number, AbortSignal.timeout(20_000));
  return (await chain.block(number)) as BlockView;
}

/** All blocks that are there. */
export async function allBlocks(orderer: Orderer, channelId?: string): Promise<BlockView[]> {
  const chain = chainOf(orderer, channelId);
  const blocks: BlockView[] = [];
  for (let number = 0; number < chain.height; number++) {
    blocks.push((await chain.block(number)) as BlockView);
  }
  return blocks;
}

/** IDs of the transactions in blocks, in order. */
export function txIdsOf(blocks: readonly BlockView[]): string[] {
  return blocks.flatMap(({ envelopes }) => envelopes.map(({ channelHeader }) => channelHeader.txId)).filter(Boolean);
}

/** IDs of all transactions, in order, once this one is among them. */
export async function orderedUpTo(orderer: Orderer, txId: string, channelId?: string): Promise<string[]> {
  const chain = chainOf(orderer, channelId);
  const signal = AbortSignal.timeout(20_000);
  for (;;) {
    const { height } = chain;
    const ids = txIdsOf(await allBlocks(orderer, channelId));
    if (ids.includes(txId)) {
      return ids;
    }
    await chain.waitForBlock(height, signal);
  }
}
