import { relative } from 'node:path';
import { stringify } from 'yaml';
import type { Layout, OrdererLayout, OrganizationLayout, PeerLayout } from './layout.ts';
import type { NetworkFolder } from './networkFolder.ts';
import { HOST } from './ports.ts';

const NETWORK_ID = 'ftl';

/**
 * `core.yaml` of a peer: what differs from Fabric's defaults. Paths are from the file's own folder on, so that a network can be moved.
 */
export function coreYaml(folder: NetworkFolder, organization: OrganizationLayout, peer: PeerLayout): string {
  const paths = folder.node(peer.host);
  const material = folder.organization(organization).node(peer.host);
  const from = (path: string): string => relative(paths.folder, path);
  const address = `${HOST}:${peer.port}`;
  const [first] = organization.peers;
  return stringify({
    peer: {
      id: peer.host,
      networkId: NETWORK_ID,
      listenAddress: address,
      address,
      chaincodeListenAddress: `${HOST}:${peer.chaincodePort}`,
      chaincodeAddress: `${HOST}:${peer.chaincodePort}`,
      localMspId: organization.mspId,
      mspConfigPath: from(material.msp),
      fileSystemPath: from(paths.data),
      // The default; Fabric's `peer` command begins nothing where it is left out.
      BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
      gossip: {
        bootstrap: `${HOST}:${(first ?? peer).port}`,
        endpoint: address,
        externalEndpoint: address,
      },
      tls: {
        enabled: true,
        cert: { file: from(material.tls.certificate) },
        key: { file: from(material.tls.key) },
        rootcert: { file: from(material.tls.ca) },
      },
    },
    operations: { listenAddress: `${HOST}:${peer.operationsPort}` },
    metrics: { provider: 'prometheus' },
  });
}

/** `orderer.yaml`; its administrators prove themselves to the participation API with a TLS certificate of their organisation. */
export function ordererYaml(folder: NetworkFolder, organization: OrganizationLayout, orderer: OrdererLayout): string {
  const paths = folder.node(orderer.host);
  const organizationPaths = folder.organization(organization);
  const material = organizationPaths.node(orderer.host);
  const from = (path: string): string => relative(paths.folder, path);
  const tls = {
    Enabled: true,
    Certificate: from(material.tls.certificate),
    PrivateKey: from(material.tls.key),
  };
  return stringify({
    General: {
      ListenAddress: HOST,
      ListenPort: orderer.port,
      TLS: { ...tls, RootCAs: [from(material.tls.ca)] },
      LocalMSPID: organization.mspId,
      LocalMSPDir: from(material.msp),
      BootstrapMethod: 'none',
      Cluster: { ClientCertificate: tls.Certificate, ClientPrivateKey: tls.PrivateKey },
    },
    FileLedger: { Location: from(paths.data) },
    // The default; Fabric's own orderer takes no block at all where it is left out.
    ChannelParticipation: { Enabled: true, MaxRequestBodySize: '1 MB' },
    Admin: {
      ListenAddress: `${HOST}:${orderer.adminPort}`,
      TLS: { ...tls, ClientAuthRequired: true, ClientRootCAs: [from(organizationPaths.tlsCaCertificate)] },
    },
    Operations: { ListenAddress: `${HOST}:${orderer.operationsPort}` },
    Metrics: { Provider: 'prometheus' },
    // Fabric takes these two as they are, from wherever it was started.
    Consensus: { WALDir: `${paths.data}/etcdraft/wal`, SnapDir: `${paths.data}/etcdraft/snapshot` },
  });
}

/** Every node's configuration: path of the file, and text. */
export function nodeConfigs(folder: NetworkFolder, { organizations }: Layout): readonly [string, string][] {
  return organizations.flatMap((organization) => [
    ...organization.peers.map((peer): [string, string] => [
      `${folder.node(peer.host).folder}/core.yaml`,
      coreYaml(folder, organization, peer),
    ]),
    ...organization.orderers.map((orderer): [string, string] => [
      `${folder.node(orderer.host).folder}/orderer.yaml`,
      ordererYaml(folder, organization, orderer),
    ]),
  ]);
}
