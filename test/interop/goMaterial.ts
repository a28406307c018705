import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Layout, OrganizationLayout } from '#node/network/layout.ts';
import type { NetworkFolder } from '#node/network/networkFolder.ts';
import type { GoTools } from './goTools.ts';

const HOST = '127.0.0.1';

/** A network's identities and genesis blocks, made anew by cryptogen and configtxgen in the place of ours. */
export async function remakeWithGo(tools: GoTools, folder: NetworkFolder, layout: Layout, bft = false): Promise<void> {
  const file = join(folder.path, 'cryptogen.yaml');
  writeFileSync(file, stringify(cryptogenConfig(layout)));
  rmSync(folder.cryptoConfig, { recursive: true });
  await tools.run('cryptogen', ['generate', `--config=${file}`, `--output=${folder.cryptoConfig}`]);
  writeConfigtx(folder, layout, bft);
  await remakeGenesis(tools, folder, layout);
}

/** Genesis blocks as `configtx.yaml` says. */
export async function remakeGenesis(tools: GoTools, folder: NetworkFolder, layout: Layout): Promise<void> {
  for (const { name } of layout.channels) {
    const block = folder.genesisBlock(name);
    rmSync(block);
    const args = ['-configPath', folder.path, '-profile', name, '-channelID', name, '-outputBlock', block];
    await tools.run('configtxgen', args);
  }
}

/** `configtx.yaml`, with a profile named after each channel. */
export function writeConfigtx(folder: NetworkFolder, layout: Layout, bft = false): void {
  const text = stringify(configtx(folder, layout, bft ? smartBft : etcdRaft), { aliasDuplicateObjects: false });
  writeFileSync(join(folder.path, 'configtx.yaml'), text);
}

function cryptogenConfig({ organizations }: Layout): object {
  return {
    OrdererOrgs: organizations.filter(({ orderers }) => orderers.length > 0).map(organizationSpec),
    PeerOrgs: organizations.filter(({ peers }) => peers.length > 0).map(organizationSpec),
  };
}

function organizationSpec({ name, domain, users, peers, orderers }: OrganizationLayout): object {
  return {
    Name: name,
    Domain: domain,
    EnableNodeOUs: true,
    Specs: [...peers, ...orderers].map((node) => ({ Hostname: node.name, SANS: ['localhost', HOST] })),
    Users: { Count: users },
  };
}

interface Consensus {
  /** Capability of the channel that it needs. */
  readonly capability: string;
  /** Of the section `Orderer`. */
  readonly keys: object;
}

function etcdRaft(folder: NetworkFolder, ordering: readonly OrganizationLayout[]): Consensus {
  const keys = { OrdererType: 'etcdraft', EtcdRaft: { Consenters: consenters(folder, ordering) } };
  return { capability: 'V2_0', keys };
}

/** A leader that is gone is found out within seconds. */
function smartBft(folder: NetworkFolder, ordering: readonly OrganizationLayout[]): Consensus {
  const identities = ordering.flatMap((organization) =>
    organization.orderers.map(({ host }) => {
      const { msp } = folder.organization(organization).node(host);
      return { MSPID: organization.mspId, Identity: join(msp, 'signcerts', `${host}-cert.pem`) };
    }),
  );
  const keys = {
    OrdererType: 'BFT',
    SmartBFT: {
      RequestBatchMaxCount: 10,
      RequestBatchMaxInterval: '50ms',
      RequestForwardTimeout: '1s',
      RequestComplainTimeout: '3s',
      RequestAutoRemoveTimeout: '3m0s',
      ViewChangeResendInterval: '2s',
      ViewChangeTimeout: '10s',
      LeaderHeartbeatTimeout: '4s',
      LeaderHeartbeatCount: 10,
      CollectTimeout: '1s',
      IncomingMessageBufferSize: 200,
      RequestPoolSize: 1000,
      LeaderRotation: 0,
    },
    ConsenterMapping: consenters(folder, ordering).map((one, index) =>
      Object.assign(one, identities[index], { ID: index + 1 }),
    ),
  };
  return { capability: 'V3_0', keys };
}

function consenters(folder: NetworkFolder, ordering: readonly OrganizationLayout[]): readonly object[] {
  return ordering.flatMap((organization) =>
    organization.orderers.map((orderer) => {
      const { certificate } = folder.organization(organization).node(orderer.host).tls;
      return { Host: HOST, Port: orderer.port, ClientTLSCert: certificate, ServerTLSCert: certificate };
    }),
  );
}

function configtx(folder: NetworkFolder, layout: Layout, consensus: typeof etcdRaft): object {
  const ordering = layout.organizations.filter(({ orderers }) => orderers.length > 0);
  const batchSize = { MaxMessageCount: 10, AbsoluteMaxBytes: '10 MB', PreferredMaxBytes: '2 MB' };
  const { capability, keys } = consensus(folder, ordering);
  const profile = (members: readonly string[]): object => ({
    Policies: metaPolicies('MAJORITY Admins'),
    ...capabilities(capability),
    Orderer: {
      ...keys,
      BatchTimeout: '200ms',
      BatchSize: batchSize,
      Organizations: ordering.map((one) => organizationEntry(folder, one)),
      Policies: { ...metaPolicies('MAJORITY Admins'), BlockValidation: meta('ANY Writers') },
      ...capabilities('V2_0'),
    },
    Application: {
      Organizations: layout.organizations
        .filter(({ name }) => members.includes(name))
        .map((one) => organizationEntry(folder, one)),
      Policies: {
        ...metaPolicies('MAJORITY Admins'),
        LifecycleEndorsement: meta('MAJORITY Endorsement'),
        Endorsement: meta('MAJORITY Endorsement'),
      },
      ...capabilities('V2_5'),
    },
  });
  return {
    Organizations: layout.organizations.map((one) => organizationEntry(folder, one)),
    Profiles: Object.fromEntries(layout.channels.map(({ name, organizations }) => [name, profile(organizations)])),
  };
}

function organizationEntry(folder: NetworkFolder, organization: OrganizationLayout): object {
  const { mspId, orderers } = organization;
  const signed = (...roles: readonly string[]): object => ({
    Type: 'Signature',
    Rule: `OR(${roles.map((role) => `'${mspId}.${role}'`).join(', ')})`,
  });
  return {
    Name: mspId,
    ID: mspId,
    MSPDir: folder.organization(organization).msp,
    Policies: {
      Readers: signed('member'),
      Writers: signed('member'),
      Admins: signed('admin'),
      Endorsement: signed('peer'),
    },
    ...(orderers.length === 0 ? {} : { OrdererEndpoints: orderers.map(({ port }) => `${HOST}:${port}`) }),
  };
}

function meta(rule: string): object {
  return { Type: 'ImplicitMeta', Rule: rule };
}

function capabilities(name: string): object {
  return { Capabilities: { [name]: true } };
}

function metaPolicies(admins: string): object {
  return { Readers: meta('ANY Readers'), Writers: meta('ANY Writers'), Admins: meta(admins) };
}
