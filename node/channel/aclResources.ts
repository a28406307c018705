const READERS = '/Channel/Application/Readers';
const WRITERS = '/Channel/Application/Writers';

/**
 * What a channel's members may do where its configuration says nothing else: resource to policy (Fabric,
 * `core/aclmgmt/defaultaclprovider.go`). `lscc/Deploy` and `lscc/Upgrade` have none: the proposal's own check covers them.
 */
const CHANNEL_DEFAULTS: Readonly<Record<string, string>> = {
  '_lifecycle/CommitChaincodeDefinition': WRITERS,
  '_lifecycle/QueryChaincodeDefinition': WRITERS,
  '_lifecycle/QueryChaincodeDefinitions': WRITERS,
  '_lifecycle/CheckCommitReadiness': WRITERS,
  'lscc/ChaincodeExists': READERS,
  'lscc/GetDeploymentSpec': READERS,
  'lscc/GetChaincodeData': READERS,
  'lscc/GetInstantiatedChaincodes': READERS,
  'lscc/GetCollectionsConfig': READERS,
  'qscc/GetChainInfo': READERS,
  'qscc/GetBlockByNumber': READERS,
  'qscc/GetBlockByHash': READERS,
  'qscc/GetTransactionByID': READERS,
  'qscc/GetBlockByTxID': READERS,
  'cscc/GetConfigBlock': READERS,
  'cscc/GetChannelConfig': READERS,
  'peer/Propose': WRITERS,
  'peer/ChaincodeToChaincode': WRITERS,
  'event/Block': READERS,
  'event/FilteredBlock': READERS,
  'gateway/CommitStatus': READERS,
  'gateway/ChaincodeEvents': READERS,
};

/** What the node's own organisation decides, whatever a channel says: resource to role of the local MSP. */
const LOCAL_DEFAULTS: Readonly<Record<string, 'Admins' | 'Members'>> = {
  '_lifecycle/InstallChaincode': 'Admins',
  '_lifecycle/QueryInstalledChaincode': 'Admins',
  '_lifecycle/GetInstalledChaincodePackage': 'Admins',
  '_lifecycle/QueryInstalledChaincodes': 'Admins',
  '_lifecycle/ApproveChaincodeDefinitionForMyOrg': 'Admins',
  '_lifecycle/QueryApprovedChaincodeDefinition': 'Admins',
  '_lifecycle/QueryApprovedChaincodeDefinitions': 'Admins',
  'snapshot/submitrequest': 'Admins',
  'snapshot/cancelrequest': 'Admins',
  'snapshot/listpending': 'Admins',
  'lscc/Install': 'Admins',
  'lscc/GetInstalledChaincodes': 'Admins',
  'cscc/JoinChain': 'Admins',
  'cscc/JoinChainBySnapshot': 'Admins',
  'cscc/JoinBySnapshotStatus': 'Admins',
  'cscc/GetChannels': 'Members',
};

/** Role that the local MSP demands for a resource; null where the channel decides. */
export function localPolicyFor(resource: string): 'Admins' | 'Members' | null {
  return Object.hasOwn(LOCAL_DEFAULTS, resource) ? (LOCAL_DEFAULTS[resource] as 'Admins' | 'Members') : null;
}

/** Which policy guards a resource of a channel. */
export class AccessControlList {
  /** Resource to absolute path of a policy, as the configuration has it. */
  readonly configured: ReadonlyMap<string, string>;

  /** @param entries resource to policy; a name without a path is one of the application's, one without a policy says nothing. */
  constructor(entries: Iterable<readonly [string, string]>) {
    const configured = new Map<string, string>();
    for (const [resource, policy] of entries) {
      if (policy !== '') {
        configured.set(resource, policy.startsWith('/') ? policy : `/Channel/Application/${policy}`);
      }
    }
    this.configured = configured;
  }

  /** Path of the policy for a resource of the channel; null for one that has none, and so is open to nobody. */
  policyFor(resource: string): string | null {
    const configured = this.configured.get(resource);
    if (configured !== undefined) {
      return configured;
    }
    return Object.hasOwn(CHANNEL_DEFAULTS, resource) ? (CHANNEL_DEFAULTS[resource] as string) : null;
  }
}
