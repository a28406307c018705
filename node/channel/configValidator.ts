import type { Policy, PolicyVerdict, SignedData } from '#node/policy/policy.ts';
import { ChannelError } from './channelError.ts';
import {
  checkChannelId,
  checkElementName,
  type ConfigElement,
  type ConfigElements,
  elementsOf,
  fabricPath,
  groupOf,
} from './configElements.ts';
import { type Config, type ConfigGroup, sameGroup } from './configGroup.ts';
import {
  type ConfigEnvelope,
  type ConfigUpdateEnvelope,
  decodeConfigUpdate,
  signedDataOf,
  updateOfEnvelope,
} from './configUpdate.ts';

/** What a validator asks of a channel's policies. */
export interface PolicySource {
  /** The policy at an absolute path; null where there is none. */
  policy(path: string): Policy | null;
}

/**
 * Decides whether an update may change a channel's configuration, and what it makes of it (Fabric, `common/configtx`): the update
 * must have read the versions in force, raise the version of each element that it changes by one, and carry signatures that
 * satisfy the modification policy of each of them.
 */
export class ConfigValidator {
  readonly channelId: string;
  readonly sequence: number;
  readonly #elements: ConfigElements;
  readonly #policies: PolicySource;

  /** @throws ChannelError `bad_name`, `missing` */
  constructor(channelId: string, config: Config, policies: PolicySource) {
    if (config.channelGroup === null) {
      throw new ChannelError('missing', null, 'a configuration without a channel group');
    }
    checkChannelId(channelId);
    this.channelId = channelId;
    this.sequence = config.sequence;
    this.#elements = elementsOf(config.channelGroup);
    this.#policies = policies;
  }

  /**
   * The configuration that an update leads to.
   * @param envelope a serialised `common.Envelope` of type CONFIG_UPDATE
   * @throws ChannelError
   */
  async proposeConfigUpdate(envelope: Uint8Array): Promise<ConfigEnvelope> {
    const channelGroup = await this.#authorize(updateOfEnvelope(envelope));
    const config = { sequence: this.sequence + 1, channelGroup, unknown: new Uint8Array(0) };
    return { config, lastUpdate: envelope };
  }

  /**
   * Checks that a configuration is what its own update makes of the one in force.
   * @throws ChannelError
   */
  async validate({ config, lastUpdate }: ConfigEnvelope): Promise<void> {
    if (config === null) {
      throw new ChannelError('missing', null, 'an envelope without a configuration');
    }
    if (config.sequence !== this.sequence + 1) {
      throw new ChannelError(
        'wrong_sequence',
        null,
        `the configuration in force has sequence ${this.sequence}, ${config.sequence} cannot follow it`,
      );
    }
    const channelGroup = await this.#authorize(updateOfEnvelope(lastUpdate));
    if (config.channelGroup === null || !sameGroup(channelGroup, config.channelGroup)) {
      throw new ChannelError(
        'wrong_result',
        null,
        'the configuration is not what its update makes of the one in force',
      );
    }
  }

  async #authorize(envelope: ConfigUpdateEnvelope): Promise<ConfigGroup> {
    const update = decodeConfigUpdate(envelope.configUpdate);
    if (update.channelId !== this.channelId) {
      const named = update.channelId.slice(0, 256);
      throw new ChannelError('wrong_channel', null, `an update of channel '${named}', not of '${this.channelId}'`, {
        words: `ConfigUpdate for channel '${named}' but envelope for channel '${this.channelId}'`,
      });
    }
    const readSet = elementsOf(update.readSet);
    this.#checkReadSet(readSet);
    const writeSet = elementsOf(update.writeSet);
    const changes = changesOf(readSet, writeSet);
    await this.#checkChanges(changes, signedDataOf(envelope));
    const proposed = new Map([...this.#elements, ...changes]);
    for (const path of writeSet.keys()) {
      if (!proposed.has(path)) {
        throw new ChannelError(
          'incomplete_write_set',
          path,
          'is in the write set, but would not be in the configuration',
          { words: `writeset contained key ${fabricPath(path)} which did not appear in proposed config` },
        );
      }
    }
    return groupOf(proposed);
  }

  #checkReadSet(readSet: ConfigElements): void {
    for (const [path, { content }] of readSet) {
      const existing = this.#elements.get(path)?.content;
      if (existing === undefined) {
        throw new ChannelError('stale_read_set', path, 'is in the read set, but not in the configuration', {
          words: `existing config does not contain element for ${fabricPath(path)} but was in the read set`,
        });
      }
      if (existing.version !== content.version) {
        throw new ChannelError(
          'stale_read_set',
          path,
          `was read at version ${content.version}, but is at version ${existing.version}`,
          {
            words: `proposed update requires that key ${fabricPath(path)} be at version ${content.version}, but it is currently at version ${existing.version}`,
          },
        );
      }
    }
  }

  async #checkChanges(changes: ConfigElements, signed: readonly SignedData[]): Promise<void> {
    if (changes.size === 0) {
      throw new ChannelError('empty_update', null, 'the update changes nothing', {
        words: 'delta set was empty -- update would have no effect',
      });
    }
    // Many elements share a policy, and its answer does not depend on the element.
    const asked = new Map<string, Promise<PolicyVerdict>>();
    for (const [path, { content }] of changes) {
      checkModPolicy(content.modPolicy, path);
      const existing = this.#elements.get(path);
      if (existing === undefined) {
        if (content.version !== 0) {
          throw new ChannelError('wrong_version', path, `is new, and yet at version ${content.version}`, {
            words: `attempted to set key ${fabricPath(path)} to version ${content.version}, but key does not exist`,
          });
        }
        continue;
      }
      if (content.version !== existing.content.version + 1) {
        throw new ChannelError(
          'wrong_version',
          path,
          `would be set to version ${content.version}, but is at version ${existing.content.version}`,
          {
            words: `attempt to set key ${fabricPath(path)} to version ${content.version}, but key is at version ${existing.content.version}`,
          },
        );
      }
      const policyPath = modPolicyPath(existing);
      const policy = policyPath === null ? null : this.#policies.policy(policyPath);
      if (policyPath === null || policy === null) {
        const named = existing.content.modPolicy;
        throw new ChannelError('missing_policy', path, `its modification policy '${named}' does not exist`, {
          words: `unexpected missing policy ${named} for item ${fabricPath(path)}`,
        });
      }
      let answer = asked.get(policyPath);
      if (answer === undefined) {
        answer = policy.evaluate(signed);
        asked.set(policyPath, answer);
      }
      const { satisfied, reason, refusal } = await answer;
      if (!satisfied) {
        throw new ChannelError('policy_not_satisfied', path, `policy ${policyPath} is not satisfied: ${reason}`, {
          words: `policy for ${fabricPath(path)} not satisfied: ${refusal}`,
        });
      }
    }
  }
}

/** What the write set changes: all that was not read at the same version. */
function changesOf(readSet: ConfigElements, writeSet: ConfigElements): ConfigElements {
  return new Map([...writeSet].filter(([path, { content }]) => readSet.get(path)?.content.version !== content.version));
}

function checkModPolicy(modPolicy: string, path: string): void {
  if (modPolicy === '') {
    throw new ChannelError('bad_mod_policy', path, 'the update gives it no modification policy', {
      words: `invalid mod_policy for element ${fabricPath(path)}: mod_policy not set`,
    });
  }
  for (const part of (modPolicy.startsWith('/') ? modPolicy.slice(1) : modPolicy).split('/')) {
    try {
      checkElementName(part, path);
    } catch (cause) {
      throw new ChannelError('bad_mod_policy', path, `'${modPolicy.slice(0, 256)}' cannot be a policy`, { cause });
    }
  }
}

/**
 * Absolute path of the policy that decides over an element; null where none is named. A relative name counts from the group
 * that the element lies in, that of a group from the group itself.
 */
function modPolicyPath({ kind, parents, name, content }: ConfigElement): string | null {
  const { modPolicy } = content;
  if (modPolicy === '') {
    return null;
  }
  if (modPolicy.startsWith('/')) {
    return modPolicy;
  }
  return `/${[...parents, ...(kind === 'Group' ? [name] : []), modPolicy].join('/')}`;
}
