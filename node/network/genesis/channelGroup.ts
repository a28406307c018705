import { common, orderer, peer } from '@hyperledger/fabric-protos';
import type { ConfigGroup, ConfigValue } from '#node/channel/configGroup.ts';
import { mspConfigOf } from '#node/msp/mspDefinition.ts';
import { readMspFolder } from '#node/msp/mspFolder.ts';
import {
  type ApplicationProfile,
  BATCH_DEFAULTS,
  type ChannelProfile,
  type ConsenterProfile,
  type OrdererProfile,
  type OrganizationProfile,
  type PolicyRules,
  RAFT_DEFAULTS,
} from './channelProfile.ts';
import { addresses, capabilities, group, policies, value } from './configParts.ts';

const META_POLICIES: PolicyRules = { Readers: 'ANY Readers', Writers: 'ANY Writers', Admins: 'MAJORITY Admins' };
/** The one width that Fabric knows: no tree. */
const HASHING_WIDTH = 0xffff_ffff;

/**
 * The root of a new channel's configuration, with the groups, values and modification policies of configtxgen (Fabric,
 * `internal/configtxgen/encoder`).
 * @throws MspError for a folder that cannot be read, PolicyError for a rule
 */
export function channelGroup(profile: ChannelProfile): ConfigGroup {
  const chosen = { channel: 'V2_0', orderer: 'V2_0', application: 'V2_5', ...profile.capabilities } as const;
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(HASHING_WIDTH);
  return group({
    groups: new Map([
      ['Orderer', ordererGroup(profile.orderer, chosen.orderer)],
      ['Application', applicationGroup(profile.application, chosen.application)],
    ]),
    values: new Map([
      ['HashingAlgorithm', value(hashing)],
      ['BlockDataHashingStructure', value(structure)],
      ['Capabilities', capabilities(chosen.channel)],
    ]),
    policies: policies({ ...META_POLICIES, ...profile.policies }),
  });
}

function ordererGroup(profile: OrdererProfile, capability: string): ConfigGroup {
  const size = { ...BATCH_DEFAULTS, ...profile.batchSize };
  const batchSize = new orderer.BatchSize();
  batchSize.setMaxMessageCount(size.maxMessageCount);
  batchSize.setAbsoluteMaxBytes(size.absoluteMaxBytes);
  batchSize.setPreferredMaxBytes(size.preferredMaxBytes);
  const batchTimeout = new orderer.BatchTimeout();
  batchTimeout.setTimeout(profile.batchTimeout ?? '2s');
  const restrictions = new orderer.ChannelRestrictions();
  restrictions.setMaxCount(profile.maxChannels ?? 0);
  const consensus = new orderer.ConsensusType();
  consensus.setType('etcdraft');
  consensus.setMetadata(raftMetadata(profile).serializeBinary());
  return group({
    groups: new Map(
      profile.organizations.map((one) => [
        one.name ?? one.mspId,
        organizationGroup(one, ordererPolicies(one.mspId), [['Endpoints', value(addresses(one.endpoints))]]),
      ]),
    ),
    values: new Map([
      ['BatchSize', value(batchSize)],
      ['BatchTimeout', value(batchTimeout)],
      ['ChannelRestrictions', value(restrictions)],
      ['Capabilities', capabilities(capability)],
      ['ConsensusType', value(consensus)],
    ]),
    policies: policies({ ...META_POLICIES, BlockValidation: 'ANY Writers', ...profile.policies }),
  });
}

function raftMetadata(profile: OrdererProfile): orderer.etcdraft.ConfigMetadata {
  const chosen = { ...RAFT_DEFAULTS, ...profile.raft };
  const options = new orderer.etcdraft.Options();
  options.setTickInterval(chosen.tickInterval);
  options.setElectionTick(chosen.electionTick);
  options.setHeartbeatTick(chosen.heartbeatTick);
  options.setMaxInflightBlocks(chosen.maxInflightBlocks);
  options.setSnapshotIntervalSize(chosen.snapshotIntervalBytes);
  const metadata = new orderer.etcdraft.ConfigMetadata();
  metadata.setConsentersList(profile.consenters.map(consenterMessage));
  metadata.setOptions(options);
  return metadata;
}

function consenterMessage(profile: ConsenterProfile): orderer.etcdraft.Consenter {
  const message = new orderer.etcdraft.Consenter();
  message.setHost(profile.host);
  message.setPort(profile.port);
  message.setClientTlsCert(profile.clientTlsCertificate);
  message.setServerTlsCert(profile.serverTlsCertificate);
  return message;
}

function applicationGroup(profile: ApplicationProfile, capability: string): ConfigGroup {
  const acls = new peer.ACLs();
  for (const [resource, policy] of Object.entries(profile.acls ?? {})) {
    const one = new peer.APIResource();
    one.setPolicyRef(policy);
    acls.getAclsMap().set(resource, one);
  }
  const organizations = profile.organizations.map((one) => {
    const anchors = new peer.AnchorPeers();
    for (const { host, port } of one.anchorPeers ?? []) {
      const anchor = new peer.AnchorPeer();
      anchor.setHost(host);
      anchor.setPort(port);
      anchors.addAnchorPeers(anchor);
    }
    // An organisation without anchor peers has no such value at all, so that adding the first one is an addition.
    const values: [string, ConfigValue][] =
      anchors.getAnchorPeersList().length === 0 ? [] : [['AnchorPeers', value(anchors)]];
    return [one.name ?? one.mspId, organizationGroup(one, peerPolicies(one.mspId), values)] as const;
  });
  return group({
    groups: new Map(organizations),
    values: new Map([
      ...(profile.acls === undefined ? [] : ([['ACLs', value(acls)]] as const)),
      ['Capabilities', capabilities(capability)],
    ]),
    policies: policies({
      ...META_POLICIES,
      Endorsement: 'MAJORITY Endorsement',
      LifecycleEndorsement: 'MAJORITY Endorsement',
      ...profile.policies,
    }),
  });
}

function organizationGroup(
  { mspId, mspFolder, policies: rules }: OrganizationProfile,
  usual: PolicyRules,
  values: readonly [string, ConfigValue][],
): ConfigGroup {
  return group({
    values: new Map([['MSP', value(mspConfigOf(readMspFolder(mspFolder, mspId)))], ...values]),
    policies: policies({ ...usual, ...rules }),
  });
}

function ordererPolicies(mspId: string): PolicyRules {
  const members = `OR('${mspId}.member')`;
  return { Readers: members, Writers: members, Admins: `OR('${mspId}.admin')` };
}

function peerPolicies(mspId: string): PolicyRules {
  return {
    Readers: `OR('${mspId}.admin', '${mspId}.peer', '${mspId}.client')`,
    Writers: `OR('${mspId}.admin', '${mspId}.client')`,
    Admins: `OR('${mspId}.admin')`,
    Endorsement: `OR('${mspId}.peer')`,
  };
}
