import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BlockStore } from '../blocks/blockStore.ts';
import { PrivateDataStore } from './privateDataStore.ts';

it('after a kill at any moment every stored block has its private data', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'private-kill-'));
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'committingChild.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      said += text;
      timer ??= setTimeout(() => child.kill('SIGKILL'), (round * 29) % 90);
    });
    await once(child, 'close');
    const acknowledged = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
    const blocks = await BlockStore.open(folder, 'generated');
    const store = await PrivateDataStore.open(folder, 'generated', () => 0);
    store.alignWith(blocks.height);
    expect(blocks.height).toBeGreaterThanOrEqual(acknowledged);
    expect([blocks.height, blocks.height + 1]).toContain(store.height);
    const having: number[] = [];
    for (let number = 0; number < blocks.height; number++) {
      having.push((await store.ofBlock(number)).length);
    }
    expect(having).toEqual(having.map((_, number) => (number % 3 === 0 ? 0 : 1)));
    await store.close();
    await blocks.close();
  }
  rmSync(folder, { recursive: true, force: true });
}, 120_000);
