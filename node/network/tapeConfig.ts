import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import type { ChaincodeLayout, ChannelLayout, Layout, OrganizationLayout } from './layout.ts';
import type { NetworkFolder } from './networkFolder.ts';
import { HOST } from './ports.ts';

/** Tape makes what stands for the last two anew for each transaction. */
const SAMPLE_ARGS = ['CreateAsset', 'uuid', 'tape', 'randomNumber1_1000'];

/**
 * Configuration for the load generator Tape: one chaincode of a channel, endorsed by the first peer of each organisation. Its paths
 * are from the network's folder on, since Tape takes them from where it is started.
 * @param chaincode whose arguments are to be filled in by the reader, unless it is the sample
 */
export function tapeConfig(
  folder: NetworkFolder,
  { organizations }: Layout,
  channel: ChannelLayout,
  chaincode: ChaincodeLayout,
): string {
  const members = organizations.filter(({ name }) => channel.organizations.includes(name));
  const [orderer] = organizations.flatMap((one) => nodesOf(folder, one, one.orderers));
  const peers = members.flatMap((one) => nodesOf(folder, one, one.peers).slice(0, 1));
  const [client] = members;
  return stringify(
    {
      endorsers: peers,
      committers: peers,
      commitThreshold: peers.length,
      orderer,
      policyFile: relative(folder.path, folder.tape(channel.name).policy),
      channel: channel.name,
      chaincode: chaincode.name,
      args: chaincode.path === null ? SAMPLE_ARGS : [],
      ...(client === undefined ? {} : clientEntries(folder, client)),
      num_of_conn: 4,
      client_per_conn: 10,
    },
    { aliasDuplicateObjects: false },
  );
}

/** Tape sends a transaction to the orderer when this rule, in Rego, is met by those who endorsed it: here by every organisation. */
export function tapePolicy({ organizations }: ChannelLayout): string {
  const rules = organizations.map((name) => `  input[_] == ${JSON.stringify(name)}\n`);
  return `package tape\n\ndefault allow = false\n\nallow {\n${rules.join('')}}\n`;
}

function clientEntries(folder: NetworkFolder, organization: OrganizationLayout): object {
  const { msp } = folder.organization(organization).user('User1');
  return {
    mspid: organization.mspId,
    private_key: relative(folder.path, join(msp, 'keystore', 'priv_sk')),
    sign_cert: relative(folder.path, join(msp, 'signcerts', `User1@${organization.domain}-cert.pem`)),
  };
}

function nodesOf(
  folder: NetworkFolder,
  organization: OrganizationLayout,
  nodes: readonly { readonly host: string; readonly port: number }[],
): object[] {
  return nodes.map(({ host, port }) => ({
    addr: `${HOST}:${port}`,
    ssl_target_name_override: host,
    org: organization.name,
    tls_ca_cert: relative(folder.path, folder.organization(organization).tlsCaCertificate),
  }));
}
