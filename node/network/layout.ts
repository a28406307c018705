import { parse } from 'yaml';
import {
  type ChaincodeInput,
  type ChannelInput,
  type CollectionInput,
  type LayoutInput,
  layoutSchema,
  type OrganizationInput,
} from './layoutSchema.ts';
import { NetworkError } from './networkError.ts';

/** A port as it was asked for. */
export interface PortWish {
  /** 0: any free one. */
  readonly number: number;
  /** Whether the layout names it: then no other will do. */
  readonly fixed: boolean;
}

/** What a network is made of. `P` is how ports are known: as wishes in a layout that was read, as numbers once they were chosen. */
export interface Layout<P = number> {
  readonly organizations: readonly OrganizationLayout<P>[];
  readonly channels: readonly ChannelLayout[];
  readonly chaincodes: readonly ChaincodeLayout<P>[];
}

export interface OrganizationLayout<P = number> {
  readonly name: string;
  readonly mspId: string;
  readonly domain: string;
  readonly users: number;
  readonly peers: readonly PeerLayout<P>[];
  readonly orderers: readonly OrdererLayout<P>[];
}

export interface PeerLayout<P = number> {
  /** Without the domain. */
  readonly name: string;
  /** With it. */
  readonly host: string;
  readonly port: P;
  readonly chaincodePort: P;
  readonly operationsPort: P;
}

export interface OrdererLayout<P = number> {
  readonly name: string;
  readonly host: string;
  readonly port: P;
  readonly adminPort: P;
  readonly operationsPort: P;
}

export interface ChannelLayout {
  readonly name: string;
  /** Names of organisations with peers. */
  readonly organizations: readonly string[];
  readonly capabilities: NonNullable<ChannelInput['capabilities']>;
  readonly batch: NonNullable<ChannelInput['batch']>;
  readonly policies: Readonly<Record<string, string>>;
  readonly acls: Readonly<Record<string, string>> | null;
}

export interface ChaincodeLayout<P = number> {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly channels: readonly string[];
  /** Null: the sample. */
  readonly path: string | null;
  readonly run: 'service' | 'peer';
  /** Of the service; null where peers run it. */
  readonly port: P | null;
  /** Empty: the channel's `Endorsement`. */
  readonly policy: string;
  readonly initRequired: boolean;
  readonly endorsementPlugin: string;
  readonly validationPlugin: string;
  /** Null: those of the sample, for the organisations of each channel. */
  readonly collections: readonly CollectionInput[] | null;
}

/** Two organisations with two peers each, one orderer, one channel, one chaincode. */
const DEFAULT_ORGANIZATIONS: readonly OrganizationInput[] = [
  { name: 'Orderer', domain: 'example.com', orderers: [{ name: 'orderer' }] },
  { name: 'Org1', peers: 2 },
  { name: 'Org2', peers: 2 },
];
const DEFAULT_CHAINCODES: readonly ChaincodeInput[] = [{ name: 'assets' }];
const DEFAULT_CHANNELS: readonly ChannelInput[] = [{ name: 'mychannel' }];
const DEFAULT_BATCH = { timeout: '500ms', maxMessageCount: 100 };

/**
 * Reads a layout; what it leaves out is as in the default network.
 * @param text YAML; empty for the default network
 * @throws NetworkError `bad_layout`, with the place and what is expected there
 */
export function readLayout(text: string): Layout<PortWish> {
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (cause) {
    throw new NetworkError('bad_layout', `the layout is not YAML: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  }
  const parsed = layoutSchema.safeParse(content);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'layout'}: ${issue.message}`);
    throw new NetworkError('bad_layout', `the layout cannot be used:\n${lines.join('\n')}`, { cause: parsed.error });
  }
  return checked(completed(parsed.data));
}

function completed(input: LayoutInput): Layout<PortWish> {
  let peerNumber = 0;
  let ordererNumber = 0;
  const organizations = (input.organizations ?? DEFAULT_ORGANIZATIONS).map((one): OrganizationLayout<PortWish> => {
    const domain = one.domain ?? `${one.name.toLowerCase()}.example.com`;
    return {
      name: one.name,
      mspId: one.mspId ?? `${one.name}MSP`,
      domain,
      users: one.users ?? 1,
      peers: listed(one.peers).map((peer, index) => {
        const name = peer.name ?? `peer${index}`;
        const number = peerNumber++;
        return {
          name,
          host: `${name}.${domain}`,
          port: wish(peer.port, 7051 + 1000 * number),
          chaincodePort: wish(peer.chaincodePort, 7052 + 1000 * number),
          operationsPort: wish(peer.operationsPort, 9444 + number),
        };
      }),
      orderers: listed(one.orderers).map((orderer, index) => {
        const name = orderer.name ?? `orderer${index}`;
        const number = ordererNumber++;
        return {
          name,
          host: `${name}.${domain}`,
          port: wish(orderer.port, 7050 + 1000 * number),
          adminPort: wish(orderer.adminPort, 7053 + 1000 * number),
          operationsPort: wish(orderer.operationsPort, 8443 + number),
        };
      }),
    };
  });
  const withPeers = organizations.filter(({ peers }) => peers.length > 0);
  const channels = (input.channels ?? DEFAULT_CHANNELS).map((one) => ({
    name: one.name,
    organizations: one.organizations ?? withPeers.map(({ name }) => name),
    capabilities: one.capabilities ?? {},
    batch: { ...DEFAULT_BATCH, ...one.batch },
    policies: one.policies ?? {},
    acls: one.acls ?? null,
  }));
  const chaincodes = (input.chaincodes ?? DEFAULT_CHAINCODES).map((one, index): ChaincodeLayout<PortWish> => {
    const run = one.run ?? 'service';
    return {
      name: one.name,
      version: one.version ?? '1.0',
      sequence: one.sequence ?? 1,
      channels: one.channels ?? channels.map(({ name }) => name),
      path: one.path ?? null,
      run,
      port: run === 'service' ? wish(one.port, 9999 - index) : null,
      policy: one.policy ?? '',
      initRequired: one.initRequired ?? false,
      endorsementPlugin: one.endorsementPlugin ?? 'escc',
      validationPlugin: one.validationPlugin ?? 'vscc',
      collections: one.collections ?? (one.path === undefined ? null : []),
    };
  });
  return { organizations, channels, chaincodes };
}

function listed<T extends object>(nodes: number | readonly T[] | undefined): readonly Partial<T>[] {
  return typeof nodes === 'number' ? Array.from({ length: nodes }, () => ({})) : (nodes ?? []);
}

function wish(configured: number | undefined, usual: number): PortWish {
  return { number: configured ?? usual, fixed: configured !== undefined && configured !== 0 };
}

/** What no schema says: that names are there, and once. */
function checked(layout: Layout<PortWish>): Layout<PortWish> {
  const { organizations, channels, chaincodes } = layout;
  const nodes = organizations.flatMap(({ peers, orderers }) => [...peers, ...orderers]);
  // Files are named after them, and not every file system tells capitals from small letters.
  once(
    'organizations',
    organizations.map(({ name }) => name.toLowerCase()),
  );
  once(
    'organizations (domain)',
    organizations.map(({ domain }) => domain),
  );
  once(
    'organizations (mspId)',
    organizations.map(({ mspId }) => mspId),
  );
  once(
    'organizations (nodes)',
    nodes.map(({ host }) => host),
  );
  once(
    'channels',
    channels.map(({ name }) => name),
  );
  once(
    'chaincodes',
    chaincodes.map(({ name }) => name),
  );
  once('ports', fixedPorts(layout).map(String));
  if (!organizations.some(({ orderers }) => orderers.length > 0)) {
    refuse('organizations', 'one of them must have orderers');
  }
  const withPeers = new Set(organizations.filter(({ peers }) => peers.length > 0).map(({ name }) => name));
  if (withPeers.size === 0) {
    refuse('organizations', 'one of them must have peers');
  }
  for (const channel of channels) {
    const stranger = channel.organizations.find((name) => !withPeers.has(name));
    if (stranger !== undefined) {
      refuse(`channels (${channel.name})`, `${stranger} is no organisation with peers`);
    }
  }
  for (const chaincode of chaincodes) {
    const unknown = chaincode.channels.find((name) => !channels.some((channel) => channel.name === name));
    if (unknown !== undefined) {
      refuse(`chaincodes (${chaincode.name})`, `there is no channel ${unknown}`);
    }
  }
  return layout;
}

function fixedPorts({ organizations, chaincodes }: Layout<PortWish>): number[] {
  const wishes = [
    ...organizations.flatMap(({ peers }) => peers.flatMap((one) => [one.port, one.chaincodePort, one.operationsPort])),
    ...organizations.flatMap(({ orderers }) =>
      orderers.flatMap((one) => [one.port, one.adminPort, one.operationsPort]),
    ),
    ...chaincodes.flatMap(({ port }) => (port === null ? [] : [port])),
  ];
  return wishes.filter(({ fixed }) => fixed).map(({ number }) => number);
}

/** The layout as it is kept with its network: everything said, every port chosen. `readLayout` reads it. */
export function layoutInput({ organizations, channels, chaincodes }: Layout): LayoutInput {
  return {
    organizations: organizations.map(({ peers, orderers, ...one }) => ({
      ...one,
      ...(peers.length === 0 ? {} : { peers: peers.map(withoutHost) }),
      ...(orderers.length === 0 ? {} : { orderers: orderers.map(withoutHost) }),
    })),
    channels: channels.map(({ acls, organizations: names, ...one }) => ({
      ...one,
      organizations: [...names],
      ...(acls === null ? {} : { acls }),
    })),
    chaincodes: chaincodes.map(({ path, port, policy, channels: names, collections, ...one }) => ({
      ...one,
      channels: [...names],
      ...(collections === null ? {} : { collections: [...collections] }),
      ...(path === null ? {} : { path }),
      ...(port === null ? {} : { port }),
      ...(policy === '' ? {} : { policy }),
    })),
  };
}

function withoutHost<T extends { readonly host: string }>(node: T): Omit<T, 'host'> {
  const { host: _host, ...rest } = node;
  return rest;
}

function once(place: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    refuse(place, `${twice} is there twice`);
  }
}

function refuse(place: string, detail: string): never {
  throw new NetworkError('bad_layout', `the layout cannot be used:\n  ${place}: ${detail}`);
}
