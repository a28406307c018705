import { ChannelError } from './channelError.ts';
import {
  type Config,
  type ConfigGroup,
  type ConfigPolicy,
  type ConfigValue,
  EMPTY_GROUP,
  sameBytes,
  samePolicy,
} from './configGroup.ts';
import type { ConfigUpdate } from './configUpdate.ts';

const NOTHING = new Uint8Array(0);

/**
 * The update that leads from one configuration to another, as `configtxlator compute_update` makes it: elements that differ, one
 * version up, and with a group whose members come or go the versions of all others of it. Versions in `updated` do not matter.
 *
 * @throws ChannelError `missing` (a configuration without a channel group), `no_difference`
 */
export function computeUpdate(channelId: string, original: Config, updated: Config): ConfigUpdate {
  if (original.channelGroup === null || updated.channelGroup === null) {
    const which = original.channelGroup === null ? 'original' : 'updated';
    throw new ChannelError('missing', null, `the ${which} configuration has no channel group`);
  }
  const { readSet, writeSet, changed } = groupUpdate(original.channelGroup, updated.channelGroup);
  if (!changed) {
    throw new ChannelError('no_difference', null, 'the configurations do not differ');
  }
  return { channelId, readSet, writeSet };
}

interface GroupUpdate {
  readonly readSet: ConfigGroup;
  readonly writeSet: ConfigGroup;
  readonly changed: boolean;
}

/** What becomes of the members of one kind of a group. */
interface MemberUpdate<T> {
  readonly read: Map<string, T>;
  readonly write: Map<string, T>;
  /** Members that stay as they are, by version only. */
  readonly same: Map<string, T>;
  /** Whether one comes or goes. */
  readonly membership: boolean;
}

function groupUpdate(original: ConfigGroup, updated: ConfigGroup): GroupUpdate {
  const policies = memberUpdate(original.policies, updated.policies, policyUpdate);
  const values = memberUpdate(original.values, updated.values, valueUpdate);
  const groups = memberUpdate(original.groups, updated.groups, childUpdate);
  const kinds = [policies, values, groups];
  const { version } = original;
  if (!kinds.some(({ membership }) => membership) && original.modPolicy === updated.modPolicy) {
    if (kinds.every(({ read, write }) => read.size === 0 && write.size === 0)) {
      const unchanged = { ...EMPTY_GROUP, version };
      return { readSet: unchanged, writeSet: unchanged, changed: false };
    }
    return {
      readSet: { ...EMPTY_GROUP, version, policies: policies.read, values: values.read, groups: groups.read },
      writeSet: { ...EMPTY_GROUP, version, policies: policies.write, values: values.write, groups: groups.write },
      changed: true,
    };
  }
  return {
    readSet: {
      ...EMPTY_GROUP,
      version,
      policies: merged(policies.read, policies.same),
      values: merged(values.read, values.same),
      groups: merged(groups.read, groups.same),
    },
    writeSet: {
      version: version + 1,
      policies: merged(policies.write, policies.same),
      values: merged(values.write, values.same),
      groups: merged(groups.write, groups.same),
      modPolicy: updated.modPolicy,
      unknown: NOTHING,
    },
    changed: true,
  };
}

/** One member, changed or not; `read` is null where the read set does not name it. */
interface Change<T> {
  readonly read: T | null;
  readonly write: T;
  readonly changed: boolean;
}

/** @param update what becomes of a member; `before` is null for a new one */
function memberUpdate<T>(
  original: ReadonlyMap<string, T>,
  updated: ReadonlyMap<string, T>,
  update: (before: T | null, after: T) => Change<T>,
): MemberUpdate<T> {
  const result: MemberUpdate<T> & { membership: boolean } = {
    read: new Map(),
    write: new Map(),
    same: new Map(),
    membership: [...original.keys()].some((name) => !updated.has(name)),
  };
  for (const [name, after] of updated) {
    const before = original.get(name);
    const { read, write, changed } = update(before ?? null, after);
    if (before === undefined) {
      result.membership = true;
      result.write.set(name, write);
    } else if (changed) {
      result.write.set(name, write);
      if (read !== null) {
        result.read.set(name, read);
      }
    } else {
      result.same.set(name, write);
    }
  }
  return result;
}

function policyUpdate(before: ConfigPolicy | null, after: ConfigPolicy): Change<ConfigPolicy> {
  if (before !== null && before.modPolicy === after.modPolicy && samePolicy(before.policy, after.policy)) {
    const same = { version: before.version, policy: null, modPolicy: '', unknown: NOTHING };
    return { read: same, write: same, changed: false };
  }
  return { read: null, write: { ...after, version: nextVersion(before), unknown: NOTHING }, changed: true };
}

function valueUpdate(before: ConfigValue | null, after: ConfigValue): Change<ConfigValue> {
  if (before !== null && before.modPolicy === after.modPolicy && sameBytes(before.value, after.value)) {
    const same = { version: before.version, value: NOTHING, modPolicy: '', unknown: NOTHING };
    return { read: same, write: same, changed: false };
  }
  return { read: null, write: { ...after, version: nextVersion(before), unknown: NOTHING }, changed: true };
}

function childUpdate(before: ConfigGroup | null, after: ConfigGroup): Change<ConfigGroup> {
  if (before === null) {
    const { writeSet } = groupUpdate(EMPTY_GROUP, after);
    return { read: null, write: { ...writeSet, version: 0, modPolicy: after.modPolicy }, changed: true };
  }
  const { readSet, writeSet, changed } = groupUpdate(before, after);
  return { read: readSet, write: writeSet, changed };
}

function nextVersion(before: { readonly version: number } | null): number {
  return before === null ? 0 : before.version + 1;
}

function merged<T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...one, ...other]);
}
