import { join } from 'node:path';
import { CHANNEL } from './interopLayout.ts';
import type { InteropNetwork } from './interopNetwork.ts';
import type { PeerCommand } from './peerCommand.ts';
import { until } from './until.ts';

export interface ChainInfo {
  readonly height: number;
  readonly currentBlockHash: string;
  readonly previousBlockHash?: string;
}

/** For `osnadmin channel`. */
export function joinArguments({ folder }: InteropNetwork): readonly string[] {
  return ['join', '--channelID', CHANNEL, '--config-block', folder.genesisBlock(CHANNEL)];
}

/** Resolves when clients may use it. @throws Error with what it said */
export async function joinOrderer(network: InteropNetwork): Promise<void> {
  for (const orderer of network.ordering.orderers) {
    const { status, stdout, stderr } = await network.osnadmin(joinArguments(network), orderer);
    if (status !== 0 || !stdout.startsWith('Status: 201')) {
      throw new Error(`${orderer.host} did not join: ${stdout}${stderr}`);
    }
  }
  const host = network.organization('Org1').peers[0]?.host as string;
  const fetch = ['channel', 'fetch', 'newest', network.file('newest.block'), '-c', CHANNEL, ...network.ordererFlags];
  // Go's orderer elects a leader before it serves anybody.
  await until('the orderer orders', async () => (await network.peerOf(host).attempt(fetch)).status === 0);
}

export async function joinPeers(network: InteropNetwork, ...hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    await network.peerOf(host).run('channel', 'join', '-b', network.folder.genesisBlock(CHANNEL));
  }
}

export async function chainInfo(peer: PeerCommand): Promise<ChainInfo> {
  const printed = await peer.run('channel', 'getinfo', '-c', CHANNEL);
  return JSON.parse(printed.slice(printed.indexOf('{'))) as ChainInfo;
}

/** Waits until the peer has as many blocks. */
export async function reaches(peer: PeerCommand, height: number): Promise<void> {
  await until(`height ${height}`, async () => (await chainInfo(peer)).height >= height);
}

export interface Deployment {
  readonly name: string;
  readonly packageId: string;
  readonly packageFile: string;
  /** Peers that install it; the first of each organisation approves. */
  readonly hosts: readonly string[];
  /** `--sequence` 1 and what else the definition says. */
  readonly definition?: readonly string[];
}

/** Package made by Go of a folder of Node chaincode. @returns file and package ID */
export async function packageNode(
  network: InteropNetwork,
  folder: string,
  label: string,
): Promise<Pick<Deployment, 'packageId' | 'packageFile'>> {
  const packageFile = join(network.folder.path, `${label}.tgz`);
  const peer = network.peerOf(network.organization('Org1').peers[0]?.host as string);
  const args = ['--path', folder, '--lang', 'node', '--label', label];
  await peer.run('lifecycle', 'chaincode', 'package', packageFile, ...args);
  return { packageFile, packageId: await peer.run('lifecycle', 'chaincode', 'calculatepackageid', packageFile) };
}

/** Installed, approved and committed with Go's commands. */
export async function deploy(network: InteropNetwork, deployment: Deployment): Promise<void> {
  const { hosts, packageFile } = deployment;
  const flags = definitionFlags(deployment);
  for (const host of hosts) {
    await network.peerOf(host).run('lifecycle', 'chaincode', 'install', packageFile);
  }
  for (const host of hosts) {
    const id = ['--package-id', deployment.packageId];
    await network
      .peerOf(host)
      .run('lifecycle', 'chaincode', 'approveformyorg', ...flags, ...id, ...network.ordererFlags);
  }
  const { name } = deployment;
  await Promise.all(
    hosts.map((host) =>
      until(`${host} knows of all approvals`, async () => {
        const printed = await network
          .peerOf(host)
          .run('lifecycle', 'chaincode', 'checkcommitreadiness', ...flags, '-O', 'json');
        return !printed.includes('false');
      }),
    ),
  );
  await network
    .peerOf(hosts[0] as string)
    .run('lifecycle', 'chaincode', 'commit', ...flags, ...network.ordererFlags, ...network.peerFlags(...hosts));
  await Promise.all(
    hosts.map((host) =>
      until(`${host} has the definition of ${name}`, async () => {
        const { status } = await network
          .peerOf(host)
          .attempt(['lifecycle', 'chaincode', 'querycommitted', '--channelID', CHANNEL, '--name', name]);
        return status === 0;
      }),
    ),
  );
}

export function definitionFlags({ name, definition }: Pick<Deployment, 'name' | 'definition'>): readonly string[] {
  return ['--channelID', CHANNEL, '--name', name, '--version', '1.0', ...(definition ?? ['--sequence', '1'])];
}

/** Endorsed by these peers, ordered, and waited for at each of them. */
export function invoke(
  network: InteropNetwork,
  hosts: readonly string[],
  name: string,
  args: readonly string[],
  more: readonly string[] = [],
): Promise<string> {
  const what = ['-C', CHANNEL, '-n', name, '-c', JSON.stringify({ Args: args }), '--waitForEvent', ...more];
  return network
    .peerOf(hosts[0] as string)
    .run('chaincode', 'invoke', ...what, ...network.ordererFlags, ...network.peerFlags(...hosts));
}

export function query(network: InteropNetwork, host: string, name: string, args: readonly string[]): Promise<string> {
  return network
    .peerOf(host)
    .run('chaincode', 'query', '-C', CHANNEL, '-n', name, '-c', JSON.stringify({ Args: args }));
}
