import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChaincodeLayout, Layout, OrdererLayout, PeerLayout } from './layout.ts';
import type { NetworkFolder } from './networkFolder.ts';
import { HOST } from './ports.ts';
import type { ProcessSpec } from './processes.ts';

/** How the nodes are started. */
export interface NodeCommands {
  readonly program: string;
  /** Before `peer node start` and `orderer start`. */
  readonly args: readonly string[];
}

/** The folder of the chaincode that comes with FTL. */
export const SAMPLE_FOLDER = fileURLToPath(new URL('sample', import.meta.url));

/** A process of a network, with the ports that it takes. */
export interface PlannedProcess extends ProcessSpec {
  readonly kind: 'orderer' | 'peer' | 'chaincode';
  readonly ports: readonly number[];
}

export function ordererProcess(folder: NetworkFolder, orderer: OrdererLayout, commands: NodeCommands): PlannedProcess {
  return {
    kind: 'orderer',
    ...nodeProcess(folder, orderer.host, commands, { command: ['orderer', 'start'], prefix: 'ORDERER' }),
    ports: [orderer.port, orderer.adminPort, orderer.operationsPort],
  };
}

export function peerProcess(folder: NetworkFolder, peer: PeerLayout, commands: NodeCommands): PlannedProcess {
  return {
    kind: 'peer',
    ...nodeProcess(folder, peer.host, commands, { command: ['peer', 'node', 'start'], prefix: 'CORE' }),
    ports: [peer.port, peer.chaincodePort, peer.operationsPort],
  };
}

/** The process of a chaincode that runs as a service: fabric-shim's server, the chaincode's own where it brings one. */
export function chaincodeProcess(folder: NetworkFolder, chaincode: ChaincodeLayout, packageId: string): PlannedProcess {
  const paths = folder.chaincode(chaincode.name);
  const code = chaincode.path ?? SAMPLE_FOLDER;
  const port = chaincode.port as number;
  return {
    kind: 'chaincode',
    name: `chaincode ${chaincode.name}`,
    program: process.execPath,
    args: [shimOf(code), 'server', '--chaincode-address', `${HOST}:${port}`, '--chaincode-id', packageId],
    folder: code,
    // Else it writes two lines for every call.
    environment: { CORE_CHAINCODE_LOGGING_LEVEL: 'warning' },
    log: paths.log,
    pid: paths.pid,
    ports: [port],
  };
}

/** Where a process keeps its number, and what it prints. */
export interface ProcessFiles {
  readonly name: string;
  readonly pid: string;
  readonly log: string;
}

/** Of every process of a network: chaincodes first, then the nodes. */
export function processFiles(folder: NetworkFolder, layout: Layout): readonly ProcessFiles[] {
  const nodes = layout.organizations.flatMap((one) => [one.orderers, one.peers].flat());
  return [
    ...layout.chaincodes.map(({ name }) => filesOf(`chaincode ${name}`, folder.chaincode(name))),
    ...nodes.map(({ host }) => filesOf(host, folder.node(host))),
  ];
}

function filesOf(name: string, { pid, log }: Pick<ProcessFiles, 'pid' | 'log'>): ProcessFiles {
  return { name, pid, log };
}

function nodeProcess(
  folder: NetworkFolder,
  host: string,
  { program, args }: NodeCommands,
  { command, prefix }: { readonly command: readonly string[]; readonly prefix: string },
): ProcessSpec {
  const paths = folder.node(host);
  return {
    name: host,
    program,
    args: [...args, ...command],
    folder: paths.folder,
    // Not in the file, which Fabric's own orderer would refuse for a key that it does not know.
    environment: { FABRIC_CFG_PATH: paths.folder, [`${prefix}_FTL_TRACING_FILE`]: paths.records },
    log: paths.log,
    pid: paths.pid,
  };
}

function shimOf(code: string): string {
  try {
    return shimSeenFrom(join(code, 'package.json'));
  } catch {
    return shimSeenFrom(import.meta.url);
  }
}

function shimSeenFrom(file: string): string {
  return createRequire(file).resolve('fabric-shim/cli.js');
}
