import { common, msp, orderer, peer } from '@hyperledger/fabric-protos';
import { type ConfigGroupNode, type ConfigParts, readCapabilities, readConfigEnvelope } from './configTree.ts';
import { type PolicyView, policyView } from './policyText.ts';
import { CertificateView, IdentityView } from './serializedIdentity.ts';
import { decodeMessage, type MessageType } from './strictReader.ts';

export interface OrganizationView {
  /** Of its group in the configuration; often, but not always, the MSP ID. */
  readonly name: string;
  readonly mspId: string;
  readonly role: 'application' | 'orderer';
  readonly rootCertificates: readonly CertificateView[];
  readonly intermediateCertificates: readonly CertificateView[];
  /** Roots and intermediates of TLS. */
  readonly tlsCertificates: readonly CertificateView[];
  readonly anchorPeers: readonly { readonly host: string; readonly port: number }[];
  /** `host:port`. */
  readonly ordererEndpoints: readonly string[];
  readonly policies: ReadonlyMap<string, PolicyView>;
}

export interface ConsenterView {
  /** BFT: its number in the configuration; null with Raft, where blocks tell (`BlockView.consenterIds`). */
  readonly id: number | null;
  readonly host: string;
  readonly port: number;
  /** As the configuration says (BFT), else by whose TLS authority signed its certificate; null where neither tells. */
  readonly mspId: string | null;
  readonly serverTls: CertificateView | null;
  readonly clientTls: CertificateView | null;
  /** BFT: the identity that signs blocks. */
  readonly identity: IdentityView | null;
}

export interface BatchView {
  readonly maxMessageCount: number | null;
  readonly absoluteMaxBytes: number | null;
  readonly preferredMaxBytes: number | null;
  /** As configured, e.g. `500ms`. */
  readonly timeout: string | null;
  readonly timeoutUs: number | null;
}

/**
 * A channel's configuration (`common.ConfigEnvelope`). Sections are decoded when first asked for, once; getters throw
 * ProtoError where their bytes are not what they should be.
 */
export class ConfigView {
  readonly #parts: ConfigParts;
  #organizations: readonly OrganizationView[] | undefined;
  #consenters: readonly ConsenterView[] | undefined;
  #consensus: orderer.ConsensusType | null | undefined;

  private constructor(parts: ConfigParts) {
    this.#parts = parts;
  }

  /** @throws ProtoError */
  static fromBytes(bytes: Uint8Array): ConfigView {
    return new ConfigView(readConfigEnvelope(bytes));
  }

  /** Grows by one with each update; 0 in a genesis block, or 1. */
  get sequence(): number {
    return this.#parts.sequence;
  }

  get root(): ConfigGroupNode {
    return this.#parts.channelGroup;
  }

  /** Serialised envelope of the update that led here; null in a genesis block. */
  get lastUpdate(): Uint8Array | null {
    return this.#parts.lastUpdate;
  }

  get organizations(): readonly OrganizationView[] {
    this.#organizations ??= [
      ...organizationsOf(this.#application, 'application'),
      ...organizationsOf(this.#orderer, 'orderer'),
    ];
    return this.#organizations;
  }

  /** `host:port` of the whole channel; empty in v3, where organisations list their own. */
  get ordererAddresses(): readonly string[] {
    return value(this.root, 'OrdererAddresses', common.OrdererAddresses)?.getAddressesList() ?? [];
  }

  /** `etcdraft`, `BFT`, `solo`, `kafka`; null without an orderer section. */
  get consensusType(): string | null {
    return this.#consensusType?.getType() ?? null;
  }

  /** Whether the ordering service only takes configuration updates. */
  get maintenance(): boolean {
    return this.#consensusType?.getState() === orderer.ConsensusType.State.STATE_MAINTENANCE;
  }

  get consenters(): readonly ConsenterView[] {
    this.#consenters ??= this.#readConsenters();
    return this.#consenters;
  }

  get batch(): BatchView {
    const size = value(this.#orderer, 'BatchSize', orderer.BatchSize);
    const timeout = value(this.#orderer, 'BatchTimeout', orderer.BatchTimeout)?.getTimeout() ?? null;
    return {
      maxMessageCount: size?.getMaxMessageCount() ?? null,
      absoluteMaxBytes: size?.getAbsoluteMaxBytes() ?? null,
      preferredMaxBytes: size?.getPreferredMaxBytes() ?? null,
      timeout,
      timeoutUs: timeout === null ? null : goDurationUs(timeout),
    };
  }

  get capabilities(): Readonly<Record<'channel' | 'orderer' | 'application', readonly string[]>> {
    return {
      channel: capabilitiesOf(this.root),
      orderer: capabilitiesOf(this.#orderer),
      application: capabilitiesOf(this.#application),
    };
  }

  /** The policy at a path such as `/Channel/Application/Endorsement`; null where there is none. */
  policy(path: string): PolicyView | null {
    const parts = path.split('/');
    if (parts[0] !== '' || parts[1] !== 'Channel' || parts.length < 3) {
      return null;
    }
    let group: ConfigGroupNode | undefined = this.root;
    for (const name of parts.slice(2, -1)) {
      group = group?.groups.get(name);
    }
    const policy = group?.policies.get(parts.at(-1) as string)?.getPolicy();
    return policy === undefined ? null : policyView(policy);
  }

  get #application(): ConfigGroupNode | undefined {
    return this.root.groups.get('Application');
  }

  get #orderer(): ConfigGroupNode | undefined {
    return this.root.groups.get('Orderer');
  }

  get #consensusType(): orderer.ConsensusType | null {
    this.#consensus ??= value(this.#orderer, 'ConsensusType', orderer.ConsensusType);
    return this.#consensus;
  }

  #readConsenters(): readonly ConsenterView[] {
    const mapping = value(this.#orderer, 'Orderers', common.Orderers)?.getConsenterMappingList() ?? [];
    if (mapping.length > 0) {
      return mapping.map((one) => ({
        id: one.getId(),
        host: one.getHost(),
        port: one.getPort(),
        mspId: one.getMspId() || null,
        serverTls: CertificateView.parse(one.getServerTlsCert_asU8()),
        clientTls: CertificateView.parse(one.getClientTlsCert_asU8()),
        identity: IdentityView.of(one.getMspId(), one.getIdentity_asU8()),
      }));
    }
    const consensus = this.#consensusType;
    if (consensus?.getType() !== 'etcdraft') {
      return [];
    }
    const metadata = decodeMessage(
      orderer.etcdraft.ConfigMetadata,
      consensus.getMetadata_asU8(),
      'etcdraft.ConfigMetadata',
    );
    return metadata.getConsentersList().map((one) => {
      const serverTls = CertificateView.parse(one.getServerTlsCert_asU8());
      const clientTls = CertificateView.parse(one.getClientTlsCert_asU8());
      return {
        id: null,
        host: one.getHost(),
        port: one.getPort(),
        mspId: this.#tlsOwner(serverTls) ?? this.#tlsOwner(clientTls),
        serverTls,
        clientTls,
        identity: null,
      };
    });
  }

  /** MSP ID of the orderer organisation (else of any) whose TLS authority signed a certificate. */
  #tlsOwner(certificate: CertificateView | null): string | null {
    if (certificate === null) {
      return null;
    }
    const owner = this.organizations
      .toSorted((a, b) => Number(b.role === 'orderer') - Number(a.role === 'orderer'))
      .find(({ tlsCertificates }) => tlsCertificates.some((authority) => certificate.issuedBy(authority)));
    return owner?.mspId ?? null;
  }
}

function capabilitiesOf(group: ConfigGroupNode | undefined): readonly string[] {
  const bytes = group?.values.get('Capabilities');
  return bytes === undefined ? [] : readCapabilities(bytes);
}

function organizationsOf(
  group: ConfigGroupNode | undefined,
  role: 'application' | 'orderer',
): readonly OrganizationView[] {
  return [...(group?.groups ?? [])].map(([name, organization]) => {
    const config = value(organization, 'MSP', msp.MSPConfig);
    // Type 0: X.509. An idemix MSP (1) has a name in the same field, and no certificates.
    const fabric =
      config === null ? null : decodeMessage(msp.FabricMSPConfig, config.getConfig_asU8(), 'msp.FabricMSPConfig');
    const isX509 = config?.getType() === 0;
    const certificates = (list: readonly Uint8Array[] | undefined): readonly CertificateView[] =>
      isX509 ? (list ?? []).map((bytes) => CertificateView.parse(bytes)).filter((one) => one !== null) : [];
    const anchors = value(organization, 'AnchorPeers', peer.AnchorPeers)?.getAnchorPeersList() ?? [];
    const policies = new Map<string, PolicyView>();
    for (const [policyName, policy] of organization.policies) {
      const content = policy.getPolicy();
      if (content !== undefined) {
        policies.set(policyName, policyView(content));
      }
    }
    return {
      name,
      mspId: fabric?.getName() || name,
      role,
      rootCertificates: certificates(fabric?.getRootCertsList_asU8()),
      intermediateCertificates: certificates(fabric?.getIntermediateCertsList_asU8()),
      tlsCertificates: [
        ...certificates(fabric?.getTlsRootCertsList_asU8()),
        ...certificates(fabric?.getTlsIntermediateCertsList_asU8()),
      ],
      anchorPeers: anchors.map((anchor) => ({ host: anchor.getHost(), port: anchor.getPort() })),
      ordererEndpoints: value(organization, 'Endpoints', common.OrdererAddresses)?.getAddressesList() ?? [],
      policies,
    };
  });
}

function value<T extends object>(group: ConfigGroupNode | undefined, key: string, type: MessageType<T>): T | null {
  const bytes = group?.values.get(key);
  return bytes === undefined ? null : decodeMessage(type, bytes, `configuration value ${key}`);
}

const UNIT_US: Readonly<Record<string, number>> = {
  ns: 0.001,
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
};

/** A Go duration such as `500ms` or `1m30s` in whole microseconds; null for what is none. */
export function goDurationUs(text: string): number | null {
  if (!/^(\d{1,12}(\.\d{1,12})?(ns|us|µs|ms|s|m|h)){1,6}$/u.test(text)) {
    return text === '0' ? 0 : null;
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gu)) {
    total += Number(amount) * (UNIT_US[unit as string] as number);
  }
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null;
}
