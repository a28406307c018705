import type { NetworkFolder } from './networkFolder.ts';
import { processFiles } from './nodeProcesses.ts';
import { stopProcess } from './processes.ts';

/**
 * Ends every process of a network; its ledgers stay. Resolves when all are gone.
 * @returns names of those that ran
 * @throws NetworkError `not_found`
 */
export async function downNetwork(folder: NetworkFolder, graceMs = 10_000): Promise<readonly string[]> {
  const stopped = await Promise.all(
    processFiles(folder, folder.read()).map(async ({ name, pid }) => ((await stopProcess(pid, graceMs)) ? name : null)),
  );
  return stopped.filter((name) => name !== null);
}
