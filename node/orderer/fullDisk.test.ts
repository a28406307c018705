import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BlockStore } from '#node/ledger/blocks/blockStore.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { Orderer } from './orderer.ts';
import { writeChildMaterial } from './testing/childNetwork.ts';
import { TestNetwork } from './testing/testChannel.ts';
import {
  allBlocks,
  blockOf,
  broadcast,
  chainOf,
  openOrderer,
  orderedUpTo,
  temporaryFolder,
  txIdsOf,
} from './testing/testOrderer.ts';

const network = new TestNetwork();
let folder: ReturnType<typeof temporaryFolder>;
let orderer: Orderer;

const idOf = (envelope: Uint8Array): string => EnvelopeView.fromBytes(envelope).channelHeader.txId;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await orderer.close();
  folder.remove();
});

function fill(): void {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  vi.spyOn(BlockStore.prototype, 'append').mockRejectedValue(error);
}

function makeRoom(): void {
  vi.restoreAllMocks();
}

/** Resolves when the chain is in trouble. */
async function failing(): Promise<string> {
  for (;;) {
    const { failure } = chainOf(orderer);
    if (failure !== null) {
      return failure;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a ledger that takes no block', () => {
  it('makes the orderer refuse what comes, and keep what it has until there is room', async () => {
    orderer = await openOrderer(folder.path, network);
    await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 2 }));
    fill();
    const sent = Array.from({ length: 3 }, () => network.transaction());
    expect((await broadcast(orderer, sent)).map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    const reason = 'block 1 could not be written: ENOSPC: no space left on device, write';
    expect(await failing()).toBe(reason);
    expect(await broadcast(orderer, [network.transaction()])).toEqual([
      { status: 'SERVICE_UNAVAILABLE', info: reason },
    ]);
    expect(chainOf(orderer).height).toBe(1);
    makeRoom();
    await orderedUpTo(orderer, idOf(sent[2] as Uint8Array));
    expect(chainOf(orderer).failure).toBeNull();
    const last = network.transaction();
    expect(await broadcast(orderer, [last])).toEqual([{ status: 'SUCCESS', info: '' }]);
    expect(await orderedUpTo(orderer, idOf(last))).toEqual([...sent, last].map(idOf));
  });

  it('does not keep it from stopping; the next start has what was acknowledged', async () => {
    orderer = await openOrderer(folder.path, network);
    await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 1 }));
    fill();
    const sent = Array.from({ length: 4 }, () => network.transaction());
    const answers = await broadcast(orderer, sent);
    const accepted = sent.slice(0, answers.filter(({ status }) => status === 'SUCCESS').length);
    await failing();
    await orderer.close();
    makeRoom();
    orderer = await openOrderer(folder.path, network);
    await blockOf(orderer, accepted.length);
    expect(txIdsOf(await allBlocks(orderer))).toEqual(accepted.map(idOf));
  });

  it('is told with a configuration too, which then takes effect once there is room', async () => {
    orderer = await openOrderer(folder.path, network);
    await orderer.registrar.join('mychannel', network.genesis());
    fill();
    const { bundle } = chainOf(orderer);
    expect(await broadcast(orderer, [await network.update(bundle, { maxMessageCount: 2 })])).toMatchObject([
      { status: 'SUCCESS' },
    ]);
    await failing();
    expect(chainOf(orderer).bundle).toBe(bundle);
    makeRoom();
    await blockOf(orderer, 1);
    expect(chainOf(orderer).bundle.orderer?.batchSize.maxMessageCount).toBe(2);
  });
});

describe('a disk that is really full', () => {
  it('ends the stream with SERVICE_UNAVAILABLE; what was acknowledged is there when there is room', async () => {
    const child = writeChildMaterial(folder.path, { maxMessageCount: 7, batchTimeout: '15ms' });
    const script = join(import.meta.dirname, 'testing', 'orderingChild.ts');
    // A limit on the size of files stands for a full disk.
    const limited = 'ulimit -f 300; exec "$0" "$@"';
    const said = execFileSync('sh', ['-c', limited, process.execPath, script, folder.path, 'written'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    const lines = said.trim().split('\n');
    expect(lines.at(-1)).toMatch(/^SERVICE_UNAVAILABLE .*EFBIG/u);
    const acknowledged = lines.slice(0, -1);
    expect(acknowledged.length).toBeGreaterThan(10);
    await (await openOrderer(folder.path, child)).close();
    orderer = await openOrderer(folder.path, child);
    const ids = txIdsOf(await allBlocks(orderer));
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
