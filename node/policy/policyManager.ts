import { common } from '@hyperledger/fabric-protos';
import type { IdentityDeserializer } from '#node/msp/mspIdentity.ts';
import type { ConfigGroupNode } from '#node/protos/configTree.ts';
import { ImplicitMetaPolicy } from './implicitMeta.ts';
import type { Policy } from './policy.ts';
import { PolicyError } from './policyError.ts';
import { RejectPolicy } from './rejectPolicy.ts';
import { SignaturePolicy } from './signaturePolicy.ts';

const { PolicyType } = common.Policy;

/** Paths of policies that every channel has. */
export const POLICY_PATHS = {
  channelReaders: '/Channel/Readers',
  channelWriters: '/Channel/Writers',
  applicationReaders: '/Channel/Application/Readers',
  applicationWriters: '/Channel/Application/Writers',
  applicationAdmins: '/Channel/Application/Admins',
  endorsement: '/Channel/Application/Endorsement',
  lifecycleEndorsement: '/Channel/Application/LifecycleEndorsement',
  blockValidation: '/Channel/Orderer/BlockValidation',
  ordererAdmins: '/Channel/Orderer/Admins',
  ordererReaders: '/Channel/Orderer/Readers',
  ordererWriters: '/Channel/Orderer/Writers',
} as const;

/** Groups in a configuration as anybody keeps them: what the manager reads of it. */
export type PolicyGroup = Pick<ConfigGroupNode, 'policies'> & { readonly groups: ReadonlyMap<string, PolicyGroup> };

/** The policies of a channel's configuration, by path. Never changes: a new configuration makes a new one. */
export class PolicyManager {
  /** Of the group, e.g. `Channel/Application`. */
  readonly path: string;
  readonly #policies: ReadonlyMap<string, Policy>;
  readonly #managers: ReadonlyMap<string, PolicyManager>;

  private constructor(
    path: string,
    policies: ReadonlyMap<string, Policy>,
    managers: ReadonlyMap<string, PolicyManager>,
  ) {
    this.path = path;
    this.#policies = policies;
    this.#managers = managers;
  }

  /**
   * Compiles every policy of a group and those below it.
   * @param path of the group; `Channel` for the root
   * @throws PolicyError for one that cannot be used: the whole configuration then cannot be
   */
  static fromGroup(group: PolicyGroup, msps: IdentityDeserializer, path = 'Channel'): PolicyManager {
    const managers = new Map<string, PolicyManager>();
    for (const [name, below] of group.groups) {
      managers.set(name, PolicyManager.fromGroup(below, msps, `${path}/${name}`));
    }
    const policies = new Map<string, Policy>();
    for (const [name, { policy }] of contentsOf(group)) {
      if (policy === undefined) {
        throw new PolicyError('malformed', `policy ${name} at path ${path} was nil`);
      }
      policies.set(name, compile(policy, { name, path, managers, msps }));
    }
    for (const [groupName, manager] of managers) {
      for (const [name, policy] of manager.#policies) {
        policies.set(`${groupName}/${name}`, policy);
      }
    }
    return new PolicyManager(path, policies, managers);
  }

  /**
   * A policy by its path: absolute (`/Channel/Application/Endorsement`) or from this group on (`Application/Endorsement`). Null where
   * there is none.
   */
  policy(id: string): Policy | null {
    if (!id.startsWith('/')) {
      return this.#policies.get(id) ?? null;
    }
    const prefix = `/${this.path}`;
    // As in Go, the character after the prefix is not looked at.
    return id.startsWith(prefix) ? (this.#policies.get(id.slice(prefix.length + 1)) ?? null) : null;
  }

  /** As `policy`, but one that nobody satisfies where there is none. */
  policyOrReject(id: string): Policy {
    return this.policy(id) ?? new RejectPolicy(id);
  }

  /** Of a group below, by names; itself for no names. Null where there is none. */
  manager(names: readonly string[]): PolicyManager | null {
    const [first, ...rest] = names;
    return first === undefined ? this : (this.#managers.get(first)?.manager(rest) ?? null);
  }

  /** Paths, from this group on, of all policies here and below. */
  get names(): readonly string[] {
    return [...this.#policies.keys()];
  }
}

function contentsOf(group: PolicyGroup): readonly [string, { readonly policy: common.Policy | undefined }][] {
  return Array.from(group.policies, ([name, configPolicy]) => [name, { policy: configPolicy.getPolicy() }]);
}

function compile(
  policy: common.Policy,
  where: {
    readonly name: string;
    readonly path: string;
    readonly managers: ReadonlyMap<string, PolicyManager>;
    readonly msps: IdentityDeserializer;
  },
): Policy {
  const bytes = policy.getValue_asU8();
  const { name, path, managers, msps } = where;
  try {
    switch (policy.getType()) {
      case PolicyType.SIGNATURE:
        return SignaturePolicy.fromBytes(bytes, msps);
      case PolicyType.IMPLICIT_META: {
        const groups = [...managers].toSorted(([one], [other]) => (one < other ? -1 : 1));
        const below = (subPolicy: string) =>
          groups.map(([group, manager]) => ({ group, policy: manager.policyOrReject(subPolicy) }));
        return new ImplicitMetaPolicy(bytes, below, msps);
      }
      default:
        throw new PolicyError('unsupported', `unknown policy type: ${policy.getType()}`);
    }
  } catch (cause) {
    if (cause instanceof PolicyError) {
      throw new PolicyError(cause.code, `policy ${name} at path ${path} did not compile: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
