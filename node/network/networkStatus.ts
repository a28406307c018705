import { ordererChannels } from '#node/client/participation.ts';
import { chainInfo, committedChaincodes, joinedChannels } from '#node/client/systemChaincodes.ts';
import { textOfError } from '#node/util/errorText.ts';
import { type Connect, NetworkConnections } from './connections.ts';
import type { OrdererLayout, OrganizationLayout, PeerLayout } from './layout.ts';
import type { NetworkFolder } from './networkFolder.ts';
import { nodeHealth } from './nodeHealth.ts';
import { accepts, HOST } from './ports.ts';
import { runningProcess } from './processes.ts';

export interface ChannelStatus {
  readonly name: string;
  /** Number of blocks; null at an orderer, which is not asked. */
  readonly height: number | null;
  /** Of the last block, hexadecimal. */
  readonly hash: string | null;
  /** `name:version`. */
  readonly chaincodes: readonly string[];
  /** Why the node does not tell more of it. */
  readonly error: string | null;
}

export interface NodeStatus {
  readonly name: string;
  readonly kind: 'orderer' | 'peer' | 'chaincode';
  readonly mspId: string | null;
  readonly address: string;
  readonly operations: string | null;
  readonly pid: number | null;
  /** `answers`: ready; `silent`: it runs, but does not answer; `stopped`. */
  readonly state: 'answers' | 'silent' | 'stopped';
  /** What its health checks say has failed; null where it tells nothing. */
  readonly health: readonly string[] | null;
  /** What is wrong. */
  readonly error: string | null;
  readonly channels: readonly ChannelStatus[];
}

const ASK_MS = 5000;

/** What every process of a network does. @throws NetworkError `not_found` */
export async function networkStatus(
  folder: NetworkFolder,
  modules: { readonly connect: Connect },
): Promise<readonly NodeStatus[]> {
  const layout = folder.read();
  const connections = new NetworkConnections({ folder, layout }, modules);
  try {
    const nodes = layout.organizations.flatMap((organization) => [
      ...organization.orderers.map((orderer) => ordererStatus(folder, organization, orderer, connections)),
      ...organization.peers.map((peer) => peerStatus(folder, organization, peer, connections)),
    ]);
    const services = layout.chaincodes
      .filter(({ port }) => port !== null)
      .map(({ name, port }) =>
        asked(folder.chaincode(name).pid, () => accepts(port as number).then(() => []), {
          name: `chaincode ${name}`,
          kind: 'chaincode',
          mspId: null,
          address: `${HOST}:${port}`,
          operations: null,
        }),
      );
    return await Promise.all([...nodes, ...services]);
  } finally {
    await connections.close();
  }
}

function ordererStatus(
  folder: NetworkFolder,
  organization: OrganizationLayout,
  orderer: OrdererLayout,
  connections: NetworkConnections,
): Promise<NodeStatus> {
  const ask = async (): Promise<readonly ChannelStatus[]> => {
    const names = await ordererChannels(connections.participation(organization, orderer), ASK_MS);
    return names.map((name) => ({ name, height: null, hash: null, chaincodes: [], error: null }));
  };
  return asked(folder.node(orderer.host).pid, ask, about('orderer', organization, orderer));
}

function peerStatus(
  folder: NetworkFolder,
  organization: OrganizationLayout,
  peer: PeerLayout,
  connections: NetworkConnections,
): Promise<NodeStatus> {
  const ask = async (): Promise<readonly ChannelStatus[]> => {
    const client = connections.peer(organization, peer);
    const signer = connections.signer(organization, 'Admin');
    const options = { timeoutMs: ASK_MS };
    return Promise.all(
      (await joinedChannels(client, signer, options)).map(async (name) => {
        try {
          const { height, hash } = await chainInfo(client, name, signer, options);
          const definitions = await committedChaincodes(client, name, signer, options);
          const chaincodes = Array.from(definitions, ([key, { version }]) => `${key}:${version}`);
          return { name, height, hash, chaincodes, error: null };
        } catch (error) {
          return { name, height: null, hash: null, chaincodes: [], error: textOfError(error) };
        }
      }),
    );
  };
  return asked(folder.node(peer.host).pid, ask, about('peer', organization, peer));
}

type About = Pick<NodeStatus, 'name' | 'kind' | 'mspId' | 'address' | 'operations'>;

function about(
  kind: 'orderer' | 'peer',
  { mspId }: OrganizationLayout,
  node: { readonly host: string; readonly port: number; readonly operationsPort: number },
): About {
  return {
    name: node.host,
    kind,
    mspId,
    address: `${HOST}:${node.port}`,
    operations: `${HOST}:${node.operationsPort}`,
  };
}

async function asked(pidFile: string, ask: () => Promise<readonly ChannelStatus[]>, what: About): Promise<NodeStatus> {
  const pid = await runningProcess(pidFile);
  if (pid === null) {
    return { ...what, pid, state: 'stopped', health: null, error: null, channels: [] };
  }
  const asking = what.operations === null ? Promise.resolve(null) : nodeHealth(what.operations, ASK_MS);
  try {
    const channels = await ask();
    return { ...what, pid, state: 'answers', health: await asking, error: null, channels };
  } catch (error) {
    return { ...what, pid, state: 'silent', health: await asking, error: textOfError(error), channels: [] };
  }
}
