import { readFileSync } from 'node:fs';
import { joinOrderer, ordererChannels } from '#node/client/participation.ts';
import { joinChannel, joinedChannels } from '#node/client/systemChaincodes.ts';
import { type Connect, NetworkConnections } from './connections.ts';
import { deployChaincode, type PackagedChaincode, packageChaincode } from './deployChaincode.ts';
import type { ChaincodeLayout, Layout, OrganizationLayout } from './layout.ts';
import type { NetworkFolder } from './networkFolder.ts';
import {
  chaincodeProcess,
  type NodeCommands,
  ordererProcess,
  peerProcess,
  type PlannedProcess,
  SAMPLE_FOLDER,
} from './nodeProcesses.ts';
import { accepts, requireFree } from './ports.ts';
import { logTail, runningProcess, startProcess, stopProcess } from './processes.ts';
import { waitUntil } from './waitUntil.ts';

const READY_MS = 60_000;
/** For one question: a process that hangs does not answer. */
const ASK_MS = 5000;
const GRACE_MS = 10_000;

export interface UpOptions {
  readonly folder: NetworkFolder;
  readonly commands: NodeCommands;
}

export interface UpModules {
  readonly connect: Connect;
  /** Told what is being done, in a few words. */
  readonly onProgress: (step: string) => void;
}

interface Bringing {
  readonly folder: NetworkFolder;
  readonly layout: Layout;
  readonly commands: NodeCommands;
  readonly connections: NetworkConnections;
  readonly signal: AbortSignal;
  /** Files of the processes that were started now. */
  readonly started: string[];
}

/**
 * Brings a network up, as far as it is not: processes, channels, chaincodes. Returns when clients may use it. If it cannot, the
 * processes that it started are ended again.
 * @throws NetworkError `not_found`, `port_taken`, `not_ready`; ClientError; the signal's reason
 */
export async function upNetwork(options: UpOptions, modules: UpModules, signal: AbortSignal): Promise<Layout> {
  const { folder, commands } = options;
  const layout = folder.read();
  const connections = new NetworkConnections({ folder, layout }, modules);
  const bringing: Bringing = { folder, layout, commands, connections, signal, started: [] };
  try {
    modules.onProgress('starting the nodes');
    const packages = await packageAll(bringing);
    await startAll(bringing, packages);
    modules.onProgress('joining the channels');
    await joinAll(bringing);
    for (const [chaincode, packaged] of packages) {
      modules.onProgress(`deploying the chaincode ${chaincode.name}`);
      await deployChaincode(chaincode, packaged, connections, signal);
    }
    modules.onProgress('ready');
    return layout;
  } catch (error) {
    await Promise.all(bringing.started.map((pid) => stopProcess(pid, GRACE_MS)));
    throw error;
  } finally {
    await connections.close();
  }
}

type Packages = ReadonlyMap<ChaincodeLayout, PackagedChaincode>;

async function packageAll({ folder, layout }: Bringing): Promise<Packages> {
  const packages = new Map<ChaincodeLayout, PackagedChaincode>();
  for (const chaincode of layout.chaincodes) {
    packages.set(chaincode, await packageChaincode(folder, chaincode, SAMPLE_FOLDER));
  }
  return packages;
}

async function startAll(bringing: Bringing, packages: Packages): Promise<void> {
  const { folder, layout, commands, connections, signal } = bringing;
  const plans: { readonly process: PlannedProcess; readonly ready: () => Promise<unknown> }[] = [];
  for (const organization of layout.organizations) {
    for (const orderer of organization.orderers) {
      const address = connections.participation(organization, orderer);
      plans.push({ process: ordererProcess(folder, orderer, commands), ready: () => ordererChannels(address, ASK_MS) });
    }
    for (const peer of organization.peers) {
      const admin = connections.signer(organization, 'Admin');
      const client = connections.peer(organization, peer);
      plans.push({
        process: peerProcess(folder, peer, commands),
        ready: () => joinedChannels(client, admin, { timeoutMs: ASK_MS }),
      });
    }
  }
  for (const [chaincode, { packageId }] of packages) {
    if (chaincode.port !== null) {
      const { port } = chaincode;
      plans.push({ process: chaincodeProcess(folder, chaincode, packageId), ready: () => accepts(port) });
    }
  }
  const ended = new Map<PlannedProcess, Promise<string>>();
  const missing = [];
  for (const { process } of plans) {
    if ((await runningProcess(process.pid)) === null) {
      missing.push(process);
    }
  }
  // All are looked at before the first is started: a network comes up, or stays as it was.
  await Promise.all(missing.flatMap((process) => process.ports.map((port) => requireFree(process.name, port))));
  for (const process of missing) {
    bringing.started.push(process.pid);
    ended.set(process, (await startProcess(process)).ended);
  }
  await Promise.all(
    plans.map(({ process, ready }) => {
      const gone = ended.get(process);
      return waitUntil(ready, {
        what: process.name,
        timeoutMs: READY_MS,
        signal,
        explain: () => logTail(process.log),
        ...(gone === undefined ? {} : { ended: gone }),
      });
    }),
  );
}

async function joinAll({ folder, layout, connections }: Bringing): Promise<void> {
  for (const { name, organizations } of layout.channels) {
    const genesis = readFileSync(folder.genesisBlock(name));
    for (const organization of layout.organizations) {
      for (const orderer of organization.orderers) {
        const address = connections.participation(organization, orderer);
        if (!(await ordererChannels(address)).includes(name)) {
          await joinOrderer(address, genesis);
        }
      }
    }
    const members = organizations.map((one) => connections.organization(one));
    await Promise.all(members.map((organization) => joinPeers(organization, name, genesis, connections)));
  }
}

async function joinPeers(
  organization: OrganizationLayout,
  channelId: string,
  genesis: Uint8Array,
  connections: NetworkConnections,
): Promise<void> {
  const admin = connections.signer(organization, 'Admin');
  for (const peer of organization.peers) {
    const client = connections.peer(organization, peer);
    if (!(await joinedChannels(client, admin)).includes(channelId)) {
      await joinChannel(client, genesis, admin);
    }
  }
}
