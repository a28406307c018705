/** A rule as configuration files have it: `ANY Readers` for implicit meta policies, `OR('Org1MSP.admin')` for signatures. */
export type PolicyRules = Readonly<Record<string, string>>;

/** What a new channel is configured as: the typed counterpart of a profile of `configtx.yaml`. */
export interface ChannelProfile {
  readonly channelId: string;
  readonly capabilities?: {
    /** Default `V2_0`. `V3_0` needs endpoints at every ordering organisation. */
    readonly channel?: 'V2_0' | 'V3_0';
    readonly orderer?: 'V2_0';
    /** Default `V2_5`. */
    readonly application?: 'V2_0' | 'V2_5';
  };
  readonly orderer: OrdererProfile;
  readonly application: ApplicationProfile;
  /** In place of, or beside `Readers` `ANY Readers`, `Writers` `ANY Writers` and `Admins` `MAJORITY Admins`. */
  readonly policies?: PolicyRules;
}

export interface OrganizationProfile {
  /** Of its group in the configuration; default: the MSP's ID. */
  readonly name?: string;
  readonly mspId: string;
  /** Folder with the organisation's certificates and `config.yaml`. */
  readonly mspFolder: string;
  /** In place of, or beside the usual ones for the roles of node units. */
  readonly policies?: PolicyRules;
}

export interface OrdererOrganizationProfile extends OrganizationProfile {
  /** `host:port`. */
  readonly endpoints: readonly string[];
}

export interface PeerOrganizationProfile extends OrganizationProfile {
  readonly anchorPeers?: readonly { readonly host: string; readonly port: number }[];
}

export interface OrdererProfile {
  readonly organizations: readonly OrdererOrganizationProfile[];
  /** Of etcdraft. */
  readonly consenters: readonly ConsenterProfile[];
  readonly raft?: Partial<RaftOptions>;
  readonly batchSize?: Partial<{
    readonly maxMessageCount: number;
    readonly absoluteMaxBytes: number;
    readonly preferredMaxBytes: number;
  }>;
  /** Go's notation; default `2s`. */
  readonly batchTimeout?: string;
  /** Default 0: no limit. */
  readonly maxChannels?: number;
  /** As the channel's, and `BlockValidation` `ANY Writers`. */
  readonly policies?: PolicyRules;
}

export interface ConsenterProfile {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly clientTlsCertificate: Uint8Array;
  readonly serverTlsCertificate: Uint8Array;
}

export interface RaftOptions {
  /** Go's notation. */
  readonly tickInterval: string;
  readonly electionTick: number;
  readonly heartbeatTick: number;
  readonly maxInflightBlocks: number;
  readonly snapshotIntervalBytes: number;
}

export interface ApplicationProfile {
  readonly organizations: readonly PeerOrganizationProfile[];
  /** As the channel's, and `Endorsement` and `LifecycleEndorsement`, both `MAJORITY Endorsement`. */
  readonly policies?: PolicyRules;
  /** Path of a policy by resource, e.g. `peer/Propose` → `/Channel/Application/Writers`. */
  readonly acls?: Readonly<Record<string, string>>;
}

/** configtxgen's. Source: Fabric, `internal/configtxgen/genesisconfig`. */
export const RAFT_DEFAULTS: RaftOptions = {
  tickInterval: '500ms',
  electionTick: 10,
  heartbeatTick: 1,
  maxInflightBlocks: 5,
  snapshotIntervalBytes: 16 * 1024 * 1024,
};

export const BATCH_DEFAULTS = {
  maxMessageCount: 500,
  absoluteMaxBytes: 10 * 1024 * 1024,
  preferredMaxBytes: 2 * 1024 * 1024,
};
