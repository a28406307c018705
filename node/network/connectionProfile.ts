import type { OrganizationLayout } from './layout.ts';
import { HOST } from './ports.ts';

/**
 * What applications of an organisation need to find its peers, in the form that Fabric's SDKs and samples use. There is no authority
 * to enrol at: identities are in the organisation's `users`.
 * @param tlsCaPem of the organisation's TLS certificates
 */
export function connectionProfile(organization: OrganizationLayout, tlsCaPem: string): object {
  const { name, mspId, peers } = organization;
  const peerEntries = peers.map(({ host, port }) => [
    host,
    {
      url: `grpcs://${HOST}:${port}`,
      tlsCACerts: { pem: tlsCaPem },
      grpcOptions: { 'ssl-target-name-override': host, hostnameOverride: host },
    },
  ]);
  return {
    name: `ftl-network-${name.toLowerCase()}`,
    version: '1.0.0',
    client: { organization: name, connection: { timeout: { peer: { endorser: '300' } } } },
    organizations: { [name]: { mspid: mspId, peers: peers.map(({ host }) => host) } },
    peers: Object.fromEntries(peerEntries),
  };
}
