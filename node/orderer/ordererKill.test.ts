import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { verifyBlockSignatures, verifyChain } from '#node/commit/verifyBlock.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { writeChildMaterial } from './testing/childNetwork.ts';
import { bundleOf } from './testing/testChannel.ts';
import { allBlocks, openOrderer, temporaryFolder, txIdsOf } from './testing/testOrderer.ts';

it.each(['written', 'synced'] as const)(
  'an orderer that is killed with -9 loses and doubles nothing that it acknowledged (%s)',
  async (pending) => {
    const folder = temporaryFolder();
    const network = writeChildMaterial(folder.path, { maxMessageCount: 7, batchTimeout: '15ms' });
    const acknowledged: string[] = [];
    try {
      for (let round = 0; round < 5; round++) {
        acknowledged.push(...(await killedAfter(folder.path, pending, (round * 29) % 100)));
      }
      // What the log still has is put into blocks.
      await (await openOrderer(folder.path, network, { pending })).close();
      const orderer = await openOrderer(folder.path, network, { pending });
      const blocks = await allBlocks(orderer);
      await orderer.close();
      const ids = txIdsOf(blocks);
      expect(acknowledged.length).toBeGreaterThan(20);
      expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
      const bundle = bundleOf(blocks[0] as BlockView);
      for (const [index, block] of blocks.slice(1).entries()) {
        verifyChain(block, { height: index + 1, hash: blocks[index]?.hash ?? null }, 'mychannel');
        await verifyBlockSignatures(block, bundle);
      }
    } finally {
      folder.remove();
    }
  },
  60_000,
);

/** IDs that a child acknowledged before it was killed, some time after the first. */
async function killedAfter(folder: string, pending: string, delayMs: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'testing', 'orderingChild.ts');
  const child = spawn(process.execPath, [script, folder, pending], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    said += text;
    timer ??= setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  await once(child, 'close');
  const lines = said.slice(0, said.lastIndexOf('\n')).split('\n');
  expect(lines.filter((line) => !/^[0-9a-f]{64}$/u.test(line))).toEqual([]);
  return lines;
}
