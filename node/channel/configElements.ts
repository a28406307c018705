import { ChannelError } from './channelError.ts';
import type { ConfigGroup, ConfigPolicy, ConfigValue } from './configGroup.ts';

const MAX_NAME = 249;

/** One element of a configuration: what has a version and a modification policy of its own. */
export type ConfigElement = {
  /** Names of the groups that it lies in, from the root; a group's own name is not among them. */
  readonly parents: readonly string[];
  readonly name: string;
} & (
  | { readonly kind: 'Group'; readonly content: ConfigGroup }
  | { readonly kind: 'Value'; readonly content: ConfigValue }
  | { readonly kind: 'Policy'; readonly content: ConfigPolicy }
);

/** Elements by path, e.g. `[Value] /Channel/Orderer/BatchSize`. */
export type ConfigElements = ReadonlyMap<string, ConfigElement>;

const ROOT = 'Channel';
/** With it, empty modification policies are filled in: see `groupOf`. */
const ORDERER_CAPABILITIES = '[Value] /Channel/Orderer/Capabilities';
const NEW_MOD_POLICY = 'Admins';

/**
 * All elements of a configuration, or of a read or write set; none of one that is not there (Fabric, `configtx/configmap.go`).
 * @throws ChannelError `bad_name`
 */
export function elementsOf(root: ConfigGroup | null): Map<string, ConfigElement> {
  const elements = new Map<string, ConfigElement>();
  const add = (element: ConfigElement): void => {
    const path = elementPath(element.kind, [...element.parents, element.name]);
    checkElementName(element.name, path);
    elements.set(path, element);
  };
  const walk = (group: ConfigGroup, parents: readonly string[], name: string): void => {
    add({ kind: 'Group', parents, name, content: group });
    const path = [...parents, name];
    for (const [key, child] of group.groups) {
      walk(child, path, key);
    }
    for (const [key, content] of group.values) {
      add({ kind: 'Value', parents: path, name: key, content });
    }
    for (const [key, content] of group.policies) {
      add({ kind: 'Policy', parents: path, name: key, content });
    }
  };
  if (root !== null) {
    walk(root, [], ROOT);
  }
  return elements;
}

/**
 * The configuration that elements make: every group with the members that it names, each as the map has it.
 * @throws ChannelError `incomplete_write_set`
 */
export function groupOf(elements: ConfigElements): ConfigGroup {
  const setModPolicies = elements.has(ORDERER_CAPABILITIES);
  const modPolicyOf = (modPolicy: string): string => (modPolicy === '' && setModPolicies ? NEW_MOD_POLICY : modPolicy);
  const find = <K extends ConfigElement['kind']>(
    kind: K,
    names: readonly string[],
  ): Extract<ConfigElement, { kind: K }> => {
    const path = elementPath(kind, names);
    const found = elements.get(path);
    if (found === undefined) {
      throw new ChannelError('incomplete_write_set', path, 'is named by its group, but not there');
    }
    return found as Extract<ConfigElement, { kind: K }>;
  };
  // Release 1.0 left modification policies out by mistake, which made the elements unchangeable: from the ordering service's
  // first capability on, every change sets them (FAB-5309, FAB-6080).
  const build = (names: readonly string[]): ConfigGroup => {
    const group = find('Group', names).content;
    return {
      version: group.version,
      groups: each(group.groups.keys(), (key) => build([...names, key])),
      values: each(group.values.keys(), (key) => {
        const { content } = find('Value', [...names, key]);
        return { ...content, modPolicy: modPolicyOf(content.modPolicy) };
      }),
      policies: each(group.policies.keys(), (key) => {
        const { content } = find('Policy', [...names, key]);
        return { ...content, modPolicy: modPolicyOf(content.modPolicy) };
      }),
      modPolicy: modPolicyOf(group.modPolicy),
      unknown: group.unknown,
    };
  };
  return build([ROOT]);
}

/**
 * Letters, digits, dots and dashes, at most 249, and neither `.` nor `..`.
 * @throws ChannelError `bad_name`
 */
export function checkElementName(name: string, path: string): void {
  if (name.length > MAX_NAME) {
    throw new ChannelError('bad_name', path.slice(0, 512), `a name of more than ${MAX_NAME} characters`);
  }
  if (name === '.' || name === '..' || !/^[a-zA-Z0-9.-]+$/u.test(name)) {
    throw new ChannelError('bad_name', path.slice(0, 512), `'${name}' is not allowed as a name`);
  }
}

/**
 * Lower-case letters, digits, dots and dashes after a letter, at most 249.
 * @throws ChannelError `bad_name`
 */
export function checkChannelId(channelId: string): void {
  if (channelId.length > MAX_NAME || !/^[a-z][a-z0-9.-]*$/u.test(channelId)) {
    throw new ChannelError('bad_name', null, `'${channelId.slice(0, 256)}' is not allowed as a channel's name`);
  }
}

/** As Fabric writes a path: kinds are padded to the same width. */
export function fabricPath(path: string): string {
  return path.replace(/^\[(?:Group|Value)\] /, '$& ');
}

function elementPath(kind: ConfigElement['kind'], names: readonly string[]): string {
  return `[${kind}] /${names.join('/')}`;
}

function each<T>(keys: Iterable<string>, make: (key: string) => T): ReadonlyMap<string, T> {
  return new Map(Array.from(keys, (key) => [key, make(key)]));
}
