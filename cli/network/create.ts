import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { createNetwork } from '#node/network/createNetwork.ts';
import type { Layout } from '#node/network/layout.ts';
import { NetworkError } from '#node/network/networkError.ts';
import type { NetworkFolder } from '#node/network/networkFolder.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

export async function createCommandRun(dir: string, layoutFile: string | undefined): Promise<void> {
  const layout = await createNetworkIn(dir, layoutFile);
  const path = relative('.', resolve(dir)) || '.';
  print(`A network is in ${path}: ${summary(layout)}.`);
  print(`Start it with \`ftl network up${path === join('ftl-data', 'network') ? '' : ` --dir ${path}`}\`.`);
}

/** @throws NetworkError */
export async function createNetworkIn(dir: string, layoutFile: string | undefined): Promise<Layout> {
  const text = layoutFile === undefined ? '' : readLayoutFile(layoutFile);
  return createNetwork(resolve(dir), text, { base: layoutFile === undefined ? '.' : dirname(layoutFile) });
}

/** Makes a network where there is none yet. @throws NetworkError */
export async function bringInto(
  folder: NetworkFolder,
  layoutFile: string | undefined,
  say: (line: string) => void,
): Promise<void> {
  if (!folder.exists) {
    const layout = await createNetworkIn(folder.path, layoutFile);
    say(`Made a network in ${relative('.', folder.path)}: ${summary(layout)}.`);
  }
}

function readLayoutFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NetworkError('bad_layout', `the layout ${file} cannot be read: ${reason}`, { cause });
  }
}

function summary({ organizations, channels, chaincodes }: Layout): string {
  const peers = organizations.flatMap((one) => one.peers);
  const orderers = organizations.flatMap((one) => one.orderers);
  return [
    counted(organizations.length, 'organisation'),
    counted(peers.length, 'peer'),
    counted(orderers.length, 'orderer'),
    counted(channels.length, 'channel'),
    counted(chaincodes.length, 'chaincode'),
  ].join(', ');
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
