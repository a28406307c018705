import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { checkChaincodes } from './checkChaincodes.ts';
import { connectionProfile } from './connectionProfile.ts';
import type { ChannelProfile } from './genesis/channelProfile.ts';
import { genesisBlock } from './genesis/genesisBlock.ts';
import { type ChannelLayout, type Layout, layoutInput, readLayout } from './layout.ts';
import { writeMaterial } from './material/createMaterial.ts';
import { NetworkError } from './networkError.ts';
import { NetworkFolder } from './networkFolder.ts';
import { nodeConfigs } from './nodeConfigs.ts';
import { choosePorts, HOST } from './ports.ts';
import { prometheusTargets } from './prometheusTargets.ts';
import { tapeConfig, tapePolicy } from './tapeConfig.ts';
import { wholeFolder } from './wholeFolder.ts';

const ABOUT =
  '# Made by `ftl network create`. Names and ports are in certificates and genesis blocks: changing them here changes less than it seems.\n';

export interface CreateOptions {
  readonly now?: Date;
  /** Folder from which the layout's paths lead; default: the current one. */
  readonly base?: string;
}

/**
 * Makes a network in a new folder: identities, genesis blocks, the nodes' configuration, connection profiles. Nothing is started.
 * @param layoutText YAML; empty for the default network
 * @throws NetworkError `exists`, `bad_layout`, `port_taken`, `io`; then nothing is left behind
 */
export async function createNetwork(path: string, layoutText: string, options: CreateOptions = {}): Promise<Layout> {
  const read = readLayout(layoutText);
  const base = options.base ?? '.';
  const layout = await choosePorts({ ...read, chaincodes: read.chaincodes.map((one) => withPath(one, base)) });
  const now = options.now ?? new Date();
  await wholeFolder(path, (partial) => {
    const folder = new NetworkFolder(partial);
    writeMaterial(folder.cryptoConfig, layout.organizations.map(materialSpec), now);
    const bundles = new Map<string, ChannelBundle>();
    for (const channel of layout.channels) {
      const block = genesisBlock(channelProfile(folder, layout, channel), { now });
      write(folder.genesisBlock(channel.name), block);
      const bundle = ChannelBundle.fromBlock(BlockView.fromBytes(block));
      checkAccess(bundle);
      bundles.set(channel.name, bundle);
    }
    checkChaincodes(layout, bundles);
    // Of where it will lie: some of the paths in them are absolute.
    for (const [file, text] of nodeConfigs(new NetworkFolder(path), layout)) {
      write(join(partial, relative(path, file)), text);
    }
    for (const organization of layout.organizations.filter(({ peers }) => peers.length > 0)) {
      const tlsCa = readFileSync(folder.organization(organization).tlsCaCertificate, 'utf8');
      const profile = connectionProfile(organization, tlsCa);
      const file = folder.connectionProfile(organization.name);
      write(`${file}.json`, `${JSON.stringify(profile, null, 2)}\n`);
      write(`${file}.yaml`, stringify(profile));
    }
    for (const channel of layout.channels) {
      const chaincodes = layout.chaincodes.filter(({ channels }) => channels.includes(channel.name));
      const chaincode = chaincodes.find(({ path: own }) => own === null) ?? chaincodes[0];
      if (chaincode !== undefined) {
        const { config, policy } = folder.tape(channel.name);
        write(config, tapeConfig(folder, layout, channel, chaincode));
        write(policy, tapePolicy(channel));
      }
    }
    write(folder.prometheusTargets, `${JSON.stringify(prometheusTargets(layout), null, 2)}\n`);
    write(folder.nodes, stringify({ nodes: layout.organizations.flatMap(nodeEntries) }));
    write(folder.deliver, stringify({ deliver: deliverEntries(folder, layout) }));
    write(folder.layout, `${ABOUT}${stringify(layoutInput(layout))}`);
  });
  return layout;
}

/** A resource whose policy is not there is closed to everybody. */
function checkAccess({ channelId, application, policies }: ChannelBundle): void {
  for (const [resource, policy] of application?.acls.configured ?? []) {
    if (policies.policy(policy) === null) {
      throw new NetworkError(
        'bad_layout',
        `the layout cannot be used:\n  channels (${channelId}): acls: ${resource}: there is no policy ${policy}`,
      );
    }
  }
}

function withPath<C extends { readonly path: string | null }>(chaincode: C, base: string): C {
  return chaincode.path === null ? chaincode : { ...chaincode, path: resolve(base, chaincode.path) };
}

function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { flag: 'wx' });
}

/** Whose an address is that a record names without a certificate. */
function nodeEntries({ mspId, peers, orderers }: Layout['organizations'][number]): object[] {
  const entry = (kind: string, { host, port }: { readonly host: string; readonly port: number }): object => ({
    name: host,
    msp: mspId,
    kind,
    addresses: [`${HOST}:${port}`],
  });
  return [...orderers.map((one) => entry('orderer', one)), ...peers.map((one) => entry('peer', one))];
}

/** One peer a channel, asked as a user of its organisation: enough to know what the blocks hold. */
function deliverEntries(folder: NetworkFolder, { organizations, channels }: Layout): object[] {
  const channelsOf = new Map<string, string[]>();
  for (const { name, organizations: members } of channels) {
    const [first] = members;
    channelsOf.set(first ?? '', [...(channelsOf.get(first ?? '') ?? []), name]);
  }
  return organizations.flatMap((organization) => {
    const asked = channelsOf.get(organization.name);
    const [peer] = organization.peers;
    if (asked === undefined || peer === undefined) {
      return [];
    }
    const paths = folder.organization(organization);
    const from = (path: string): string => relative(folder.path, path);
    return [
      {
        address: `${HOST}:${peer.port}`,
        serverName: peer.host,
        tlsRoots: from(paths.tlsCaCertificate),
        mspId: organization.mspId,
        msp: from(paths.user('User1').msp),
        channels: asked,
      },
    ];
  });
}

function materialSpec({ domain, users, peers, orderers }: Layout['organizations'][number]) {
  return peers.length > 0
    ? { kind: 'peer' as const, domain, users, nodes: peers.map(({ name }) => ({ hostname: name })) }
    : { kind: 'orderer' as const, domain, users, nodes: orderers.map(({ name }) => ({ hostname: name })) };
}

function channelProfile(folder: NetworkFolder, layout: Layout, channel: ChannelLayout): ChannelProfile {
  const ordering = layout.organizations.filter(({ orderers }) => orderers.length > 0);
  const members = layout.organizations.filter(({ name }) => channel.organizations.includes(name));
  const { timeout, ...batchSize } = channel.batch;
  return {
    channelId: channel.name,
    capabilities: {
      ...(channel.capabilities.channel === undefined ? {} : { channel: channel.capabilities.channel }),
      ...(channel.capabilities.application === undefined ? {} : { application: channel.capabilities.application }),
    },
    orderer: {
      organizations: ordering.map((one) => ({
        mspId: one.mspId,
        mspFolder: folder.organization(one).msp,
        endpoints: one.orderers.map(({ port }) => `${HOST}:${port}`),
      })),
      consenters: ordering.flatMap((one) =>
        one.orderers.map(({ host, port }) => {
          const certificate = readFileSync(folder.organization(one).node(host).tls.certificate);
          return { host: HOST, port, clientTlsCertificate: certificate, serverTlsCertificate: certificate };
        }),
      ),
      ...(timeout === undefined ? {} : { batchTimeout: timeout }),
      batchSize: Object.fromEntries(Object.entries(batchSize).filter(([, size]) => size !== undefined)),
    },
    application: {
      organizations: members.map((one) => ({
        mspId: one.mspId,
        mspFolder: folder.organization(one).msp,
        anchorPeers: one.peers.slice(0, 1).map(({ port }) => ({ host: HOST, port })),
      })),
      policies: channel.policies,
      ...(channel.acls === null ? {} : { acls: channel.acls }),
    },
  };
}
