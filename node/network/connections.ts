import { readFileSync } from 'node:fs';
import { Broadcaster } from '#node/client/broadcast.ts';
import { CommitWatcher } from '#node/client/commitWatcher.ts';
import type { ParticipationAddress } from '#node/client/participation.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { ConnectOptions, GrpcClient } from '#node/grpc/client.ts';
import { readSigner } from '#node/msp/mspFolder.ts';
import type { Layout, OrdererLayout, OrganizationLayout, PeerLayout } from './layout.ts';
import type { NetworkFolder } from './networkFolder.ts';
import { NetworkError } from './networkError.ts';
import { HOST } from './ports.ts';

export type Connect = (options: ConnectOptions) => GrpcClient;

/** Connections to the nodes of one network, each made when it is first needed, in the name of its members. */
export class NetworkConnections {
  readonly layout: Layout;
  readonly #folder: NetworkFolder;
  readonly #connect: Connect;
  readonly #clients = new Map<string, GrpcClient>();
  readonly #signers = new Map<string, Signer>();
  readonly #broadcasters = new Map<string, Broadcaster>();
  readonly #watchers = new Map<string, CommitWatcher>();

  constructor(
    options: { readonly folder: NetworkFolder; readonly layout: Layout },
    modules: { readonly connect: Connect },
  ) {
    this.#folder = options.folder;
    this.layout = options.layout;
    this.#connect = modules.connect;
  }

  /** @throws NetworkError `not_found` */
  organization(name: string): OrganizationLayout {
    const found = this.layout.organizations.find((one) => one.name === name);
    if (found === undefined) {
      throw new NetworkError('not_found', `there is no organisation ${name} in this network`);
    }
    return found;
  }

  peer(organization: OrganizationLayout, peer: PeerLayout): GrpcClient {
    return this.#client(organization, peer);
  }

  orderer(organization: OrganizationLayout, orderer: OrdererLayout): GrpcClient {
    return this.#client(organization, orderer);
  }

  /** @param user such as `Admin` or `User1` @throws MspError */
  signer(organization: OrganizationLayout, user: string): Signer {
    return getOrMake(this.#signers, `${user}@${organization.domain}`, () =>
      readSigner(this.#folder.organization(organization).user(user).msp, organization.mspId),
    );
  }

  /** The stream of transactions to the network's first orderer. */
  get broadcaster(): Broadcaster {
    const organization = this.layout.organizations.find(({ orderers }) => orderers.length > 0);
    const [orderer] = organization?.orderers ?? [];
    if (organization === undefined || orderer === undefined) {
      throw new NetworkError('not_found', 'there is no orderer in this network');
    }
    return getOrMake(this.#broadcasters, orderer.host, () => new Broadcaster(this.orderer(organization, orderer)));
  }

  /** Listens to a channel's blocks at one peer. */
  watcher(organization: OrganizationLayout, peer: PeerLayout, channelId: string): CommitWatcher {
    return getOrMake(
      this.#watchers,
      `${channelId}/${peer.host}`,
      () =>
        new CommitWatcher(
          { channelId },
          { client: this.peer(organization, peer), signer: this.signer(organization, 'Admin') },
        ),
    );
  }

  participation(organization: OrganizationLayout, orderer: OrdererLayout): ParticipationAddress {
    const paths = this.#folder.organization(organization);
    const { tls } = paths.user('Admin');
    return {
      host: HOST,
      port: orderer.adminPort,
      tlsRoots: readFileSync(paths.tlsCaCertificate),
      clientCertificate: readFileSync(tls.certificate),
      clientKey: readFileSync(tls.key),
    };
  }

  async close(): Promise<void> {
    const watchers = [...this.#watchers.values()];
    for (const broadcaster of this.#broadcasters.values()) {
      broadcaster.close();
    }
    await Promise.all(watchers.map((watcher) => watcher.close()));
    for (const client of this.#clients.values()) {
      client.close();
    }
  }

  #client(
    organization: OrganizationLayout,
    { host, port }: { readonly host: string; readonly port: number },
  ): GrpcClient {
    return getOrMake(this.#clients, host, () =>
      this.#connect({
        address: `${HOST}:${port}`,
        serverName: host,
        tlsRoots: readFileSync(this.#folder.organization(organization).tlsCaCertificate),
      }),
    );
  }
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const there = map.get(key);
  if (there !== undefined) {
    return there;
  }
  const made = make();
  map.set(key, made);
  return made;
}
