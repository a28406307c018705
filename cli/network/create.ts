import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { createNetwork } from '#node/network/createNetwork.ts';
import { type Layout, readLayout } from '#node/network/layout.ts';
import { NetworkError } from '#node/network/networkError.ts';
import type { NetworkFolder } from '#node/network/networkFolder.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

export async function createCommandRun(dir: string, layoutFile: string | undefined): Promise<void> {
  const layout = await createNetworkIn(dir, layoutFile);
  const path = relative('.', resolve(dir)) || '.';
  print(`A network is in ${path}: ${summary(layout)}.`);
  print(`Start it with \`ftl network up${path === join('ftl-data', 'network') ? '' : ` --dir ${forShell(path)}`}\`.`);
}

function forShell(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** @throws NetworkError */
export async function createNetworkIn(dir: string, layoutFile: string | undefined): Promise<Layout> {
  const text = layoutFile === undefined ? '' : readLayoutFile(layoutFile);
  requireOneOrderer(readLayout(text));
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
  } else if (layoutFile !== undefined) {
    say(`There is a network in ${relative('.', folder.path)} already: ${layoutFile} is not read.`);
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

/** What `createNetwork` makes can have more, for orderers of another maker; these here cannot agree with each other. */
function requireOneOrderer({ organizations }: Pick<Layout<unknown>, 'organizations'>): void {
  const orderers = organizations.flatMap((one) => one.orderers);
  if (orderers.length > 1) {
    throw new NetworkError(
      'bad_layout',
      `the layout cannot be used:\n  organizations: ${orderers.length} orderers: FTL's orderer orders alone, one is the most`,
    );
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
