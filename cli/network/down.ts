import { resolve } from 'node:path';
import { downNetwork } from '#node/network/downNetwork.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';

export async function downCommandRun(dir: string): Promise<void> {
  const stopped = await downNetwork(new NetworkFolder(resolve(dir)));
  process.stdout.write(stopped.length === 0 ? 'Nothing was running.\n' : `Ended ${stopped.join(', ')}.\n`);
}
