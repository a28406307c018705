import { common } from '@hyperledger/fabric-protos';
import type { MspManager } from '#node/msp/mspManager.ts';
import { PolicyError } from '#node/policy/policyError.ts';
import { type PolicyGroup, PolicyManager } from '#node/policy/policyManager.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { ApplicationSection, ChannelSections, ConsortiumsSection, HashingAlgorithm } from './sections.ts';
import type { ChannelCapabilities } from './capabilities.ts';
import { checkSuccession } from './checkSuccession.ts';
import { ChannelError } from './channelError.ts';
import { type Config, type ConfigGroup, decodeConfig } from './configGroup.ts';
import { type ConfigEnvelope, decodeConfigEnvelope, reading } from './configUpdate.ts';
import { ConfigValidator } from './configValidator.ts';
import type { OrdererSection } from './ordererSection.ts';
import { readSections } from './sections.ts';

/**
 * All that a channel's configuration says, from one configuration, and so consistent in itself (Fabric, `channelconfig.Bundle`).
 * A bundle never changes: the next configuration makes the next bundle, by `apply`.
 */
export class ChannelBundle {
  readonly channelId: string;
  readonly config: Config;
  readonly mspManager: MspManager;
  /** By path, e.g. `/Channel/Application/Endorsement`. */
  readonly policies: PolicyManager;
  /** Of the channel itself; those of the other sections are with them. */
  readonly capabilities: ChannelCapabilities;
  /** Null in a channel without peers (a system channel). */
  readonly application: ApplicationSection | null;
  readonly orderer: OrdererSection | null;
  readonly consortiums: ConsortiumsSection | null;
  /** Consortium that the channel was made from; empty where from none. */
  readonly consortium: string;
  readonly hashingAlgorithm: HashingAlgorithm;
  readonly blockDataHashingWidth: number;
  /** `host:port` of the whole channel; empty from V3_0 on, where organisations list their own. */
  readonly ordererAddresses: readonly string[];
  readonly validator: ConfigValidator;

  private constructor(channelId: string, config: Config, sections: ChannelSections, policies: PolicyManager) {
    this.channelId = channelId;
    this.config = config;
    this.mspManager = sections.mspManager;
    this.policies = policies;
    this.capabilities = sections.capabilities;
    this.application = sections.application;
    this.orderer = sections.orderer;
    this.consortiums = sections.consortiums;
    this.consortium = sections.consortium;
    this.hashingAlgorithm = sections.hashingAlgorithm;
    this.blockDataHashingWidth = sections.blockDataHashingWidth;
    this.ordererAddresses = sections.ordererAddresses;
    this.validator = new ConfigValidator(channelId, config, policies);
  }

  /**
   * Whether the capabilities that it asks for are known is not checked here: see `requireSupported`.
   * @throws ChannelError
   */
  static fromConfig(channelId: string, config: Config): ChannelBundle {
    if (config.channelGroup === null) {
      throw new ChannelError('missing', null, 'a configuration without a channel group');
    }
    const { channelGroup } = config;
    return reading(() => {
      const sections = readSections(channelGroup);
      const policies = policiesOf(channelGroup, sections.mspManager);
      return new ChannelBundle(channelId, config, sections, policies);
    });
  }

  /** @param bytes a serialised `common.Config` @throws ChannelError */
  static fromConfigBytes(channelId: string, bytes: Uint8Array): ChannelBundle {
    return ChannelBundle.fromConfig(
      channelId,
      reading(() => decodeConfig(bytes)),
    );
  }

  /** @param bytes a serialised `common.ConfigEnvelope` @throws ChannelError */
  static fromConfigEnvelope(channelId: string, bytes: Uint8Array): ChannelBundle {
    const { config } = decodeConfigEnvelope(bytes);
    if (config === null) {
      throw new ChannelError('missing', null, 'an envelope without a configuration');
    }
    return ChannelBundle.fromConfig(channelId, config);
  }

  /** @param envelope of type CONFIG, which names the channel @throws ChannelError */
  static fromEnvelope(envelope: EnvelopeView): ChannelBundle {
    const { channel, type, typeName } = reading(() => envelope.channelHeader);
    if (type !== common.HeaderType.CONFIG) {
      throw new ChannelError('wrong_type', null, `an envelope of type ${typeName} is no configuration`);
    }
    return ChannelBundle.fromConfigEnvelope(
      channel,
      reading(() => envelope.payload.data),
    );
  }

  /** @param block a configuration block @throws ChannelError */
  static fromBlock(block: BlockView): ChannelBundle {
    const [envelope] = block.envelopes;
    if (envelope === undefined) {
      throw new ChannelError('missing', null, `block ${block.number} is empty`);
    }
    return ChannelBundle.fromEnvelope(envelope);
  }

  /** Grows by one with each update. */
  get sequence(): number {
    return this.config.sequence;
  }

  /** Whether blocks may be signed in the BFT form, which names consenters by number. */
  get isBft(): boolean {
    return this.capabilities.consensusTypeBft;
  }

  /** Serialised identity of the consenter that a block's signature names by number; null where there is none. */
  consenterIdentity(id: number): Uint8Array | null {
    return this.orderer?.consenterIdentity(id) ?? null;
  }

  /**
   * What a node does not know, it must not go on with: a peer must know the capabilities of the channel and of the application, an
   * orderer those of the channel and its own.
   * @throws ChannelError `unsupported_capability`; `missing` where a peer's channel has no application section
   */
  requireSupported(node: 'peer' | 'orderer'): void {
    if (node === 'orderer') {
      this.orderer?.capabilities.requireSupported();
    }
    this.capabilities.requireSupported();
    if (node === 'orderer') {
      return;
    }
    if (this.application === null) {
      throw new ChannelError('missing', '[Group] /Channel/Application', 'there is no application section');
    }
    this.application.capabilities.requireSupported();
  }

  /**
   * Whether another configuration may follow this one: what no signature can change.
   * @throws ChannelError `section_removed`, `section_added`, `consensus_type_changed`, `endpoints_missing`, `msp_id_changed`
   */
  checkSuccession(next: ChannelBundle): void {
    checkSuccession(this, next);
  }

  /**
   * The bundle that a configuration transaction leads to, checked against this one as a peer does: its own update makes it of the
   * configuration in force, it makes sense, may follow and asks for no capability that is not known.
   * @param envelope a `common.ConfigEnvelope`, serialised or decoded
   * @throws ChannelError
   */
  async apply(envelope: Uint8Array | ConfigEnvelope): Promise<ChannelBundle> {
    const decoded = envelope instanceof Uint8Array ? decodeConfigEnvelope(envelope) : envelope;
    await this.validator.validate(decoded);
    const next = ChannelBundle.fromConfig(this.channelId, decoded.config as Config);
    this.checkSuccession(next);
    next.requireSupported('peer');
    return next;
  }
}

function policiesOf(group: ConfigGroup, msps: MspManager): PolicyManager {
  try {
    return PolicyManager.fromGroup(policyGroup(group), msps);
  } catch (cause) {
    if (cause instanceof PolicyError) {
      throw new ChannelError('bad_policy', null, cause.message, { cause });
    }
    throw cause;
  }
}

function policyGroup(group: ConfigGroup): PolicyGroup {
  const policies = new Map<string, common.ConfigPolicy>();
  for (const [name, { policy }] of group.policies) {
    const message = new common.ConfigPolicy();
    if (policy !== null) {
      const content = new common.Policy();
      content.setType(policy.type);
      content.setValue(policy.value);
      message.setPolicy(content);
    }
    policies.set(name, message);
  }
  return {
    policies,
    groups: new Map(Array.from(group.groups, ([name, below]) => [name, policyGroup(below)])),
  };
}
