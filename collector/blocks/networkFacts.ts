import type { ConfigView, ConsenterView, OrganizationView } from '#node/protos/configView.ts';
import type { ChaincodeDefinitionView } from '#node/protos/lifecycleView.ts';
import type { ChaincodeDefinition, ChannelConfig } from '#trace/record.ts';
import type { PartialIdentity } from '#trace/identity.ts';
import { consenterIdentity, identityOf } from './blockIdentity.ts';
import { printable } from './printable.ts';

const ENDORSEMENT = '/Channel/Application/Endorsement';

const addressOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
 * A configuration as `channel.config` records hold it.
 * @param consenterIds Raft's node numbers in the order of the consenters, as the block's metadata has them; without, 1, 2, 3 …,
 *   as Raft numbers a new channel's nodes.
 * @throws ProtoError
 */
export function channelConfigOf(config: ConfigView, consenterIds: readonly number[] = []): ChannelConfig {
  const { batch, consenters, consensusType } = config;
  const endorsement = config.policy(ENDORSEMENT);
  const numbered = consenterIds.length === consenters.length ? consenterIds : [];
  return {
    sequence: config.sequence,
    organizations: config.organizations.map(organizationOf),
    ...(config.ordererAddresses.length === 0 ? {} : { orderer_addresses: config.ordererAddresses.map(printable) }),
    ...(consensusType === null ? {} : { consensus: printable(consensusType) }),
    ...(consenters.length === 0
      ? {}
      : { consenters: consenters.map((one, index) => consenterOf(one, one.id ?? numbered[index] ?? index + 1)) }),
    ...(batch.timeoutUs === null ? {} : { batch_timeout_us: batch.timeoutUs }),
    ...(batch.maxMessageCount === null ? {} : { max_message_count: batch.maxMessageCount }),
    ...(endorsement === null
      ? {}
      : {
          endorsement: {
            expression: printable(endorsement.expression),
            ...(endorsement.implicit === null ? {} : { implicit: endorsement.implicit }),
            ...(endorsement.subPolicy === null ? {} : { sub_policy: printable(endorsement.subPolicy) }),
            ...(endorsement.rule === null ? {} : { rule: endorsement.rule }),
          },
        }),
  };
}

type Organization = ChannelConfig['organizations'][number];

function organizationOf(organization: OrganizationView): Organization {
  const endorsement = organization.policies.get('Endorsement')?.rule ?? null;
  const { anchorPeers, ordererEndpoints } = organization;
  return {
    msp: printable(organization.mspId),
    role: organization.role,
    ...(anchorPeers.length === 0
      ? {}
      : { anchor_peers: anchorPeers.map(({ host, port }) => printable(addressOf(host, port))) }),
    ...(ordererEndpoints.length === 0 ? {} : { orderer_endpoints: ordererEndpoints.map(printable) }),
    ...(endorsement === null ? {} : { endorsement }),
  };
}

type Consenter = NonNullable<ChannelConfig['consenters']>[number];

function consenterOf(consenter: ConsenterView, node: number): Consenter {
  const name = nameOf(consenter);
  return {
    node,
    address: printable(addressOf(consenter.host, consenter.port)),
    ...(name === null ? {} : { name: printable(name) }),
    ...(consenter.mspId === null ? {} : { msp: printable(consenter.mspId) }),
  };
}

function nameOf({ identity, serverTls, clientTls }: ConsenterView): string | null {
  return identity?.commonName ?? serverTls?.commonName ?? clientTls?.commonName ?? null;
}

/** Every consenter as a participant. With BFT the configuration holds its signing identity; with Raft its TLS certificate only. */
export function consenterIdentities(config: ConfigView): readonly PartialIdentity[] {
  return config.consenters.map((one) => {
    const address = addressOf(one.host, one.port);
    return one.identity?.certificate
      ? { ...identityOf(one.identity, 'orderer'), address: printable(address) }
      : consenterIdentity(one.serverTls ?? one.clientTls, one.mspId, address);
  });
}

/**
 * A definition as `chaincode.definition` records hold it. A reference to a channel policy is left as its path in `expression`
 * and `reference`: what the policy says is the channel's configuration's affair and changes with it. A definition that tells no policy
 * (only a version changed, and the call's arguments are missing) has the expression `unchanged`.
 */
export function chaincodeDefinitionOf(definition: ChaincodeDefinitionView): ChaincodeDefinition {
  const { name, sequence, version, policy } = definition;
  return {
    name: printable(name),
    sequence,
    ...(version === null ? {} : { version: printable(version) }),
    expression: policy === null ? 'unchanged' : printable(policy.expression),
    ...(policy?.rule ? { rule: policy.rule } : {}),
    ...(policy?.reference ? { reference: printable(policy.reference) } : {}),
  };
}
