import { common } from '@hyperledger/fabric-protos';
import { type ConfigGroup, type ConfigPolicy, type ConfigValue, EMPTY_GROUP } from '#node/channel/configGroup.ts';
import { parseImplicitMeta } from '#node/policy/implicitMeta.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import type { PolicyRules } from './channelProfile.ts';

const NOTHING = new Uint8Array(0);
const ADMINS = 'Admins';
const IMPLICIT_META_RULE = /^(?:ANY|ALL|MAJORITY) /;

export function group(parts: Partial<Pick<ConfigGroup, 'groups' | 'values' | 'policies'>>): ConfigGroup {
  return { ...EMPTY_GROUP, modPolicy: ADMINS, ...parts };
}

export function value(message: { serializeBinary(): Uint8Array }, modPolicy: string = ADMINS): ConfigValue {
  return { version: 0, value: message.serializeBinary(), modPolicy, unknown: NOTHING };
}

/** @throws PolicyError `syntax`, `too_complex` */
export function policies(rules: PolicyRules): ReadonlyMap<string, ConfigPolicy> {
  return new Map(Object.entries(rules).map(([name, rule]) => [name, policy(rule)]));
}

function policy(rule: string): ConfigPolicy {
  const content = IMPLICIT_META_RULE.test(rule)
    ? { type: common.Policy.PolicyType.IMPLICIT_META, value: parseImplicitMeta(rule).serializeBinary() }
    : { type: common.Policy.PolicyType.SIGNATURE, value: parsePolicy(rule).serializeBinary() };
  return { version: 0, modPolicy: ADMINS, unknown: NOTHING, policy: { ...content, unknown: NOTHING } };
}

export function capabilities(name: string): ConfigValue {
  const message = new common.Capabilities();
  message.getCapabilitiesMap().set(name, new common.Capability());
  return value(message);
}

export function addresses(list: readonly string[]): common.OrdererAddresses {
  const message = new common.OrdererAddresses();
  message.setAddressesList([...list]);
  return message;
}
