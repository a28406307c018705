import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy, PolicyVerdict } from '#node/policy/policy.ts';
import { ChannelBundle } from './bundle.ts';
import { computeUpdate } from './computeUpdate.ts';
import {
  type Config,
  type ConfigGroup,
  type ConfigPolicy,
  type ConfigValue,
  decodeConfigGroup,
  encodeConfig,
  encodeConfigGroup,
} from './configGroup.ts';
import { encodeConfigUpdate, encodeConfigUpdateEnvelope } from './configUpdate.ts';
import { ConfigValidator } from './configValidator.ts';
import { printJson } from './json/jsonText.ts';
import { decodeToJson } from './json/protolator.ts';
import { recordedBlock } from './testChannel.ts';
import { MessageWriter } from './wire.ts';

const NOTHING = new Uint8Array(0);
const names = fc.constantFrom('A', 'B', 'C', 'd-1', 'e.2');
const modPolicies = fc.constantFrom('Admins', 'Readers', '/Channel/Admins');
const bytes = fc.uint8Array({ maxLength: 2 });
const versions = fc.nat({ max: 5 });

function mapOf<T>(content: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> {
  return fc
    .uniqueArray(fc.tuple(names, content), { maxLength: 4, selector: ([name]) => name })
    .map((one) => new Map(one));
}

const values: fc.Arbitrary<ConfigValue> = fc.record({
  version: versions,
  value: bytes,
  modPolicy: modPolicies,
  unknown: fc.constant(NOTHING),
});
const policies: fc.Arbitrary<ConfigPolicy> = fc.record({
  version: versions,
  policy: fc.option(fc.record({ type: fc.nat({ max: 3 }), value: bytes, unknown: fc.constant(NOTHING) })),
  modPolicy: modPolicies,
  unknown: fc.constant(NOTHING),
});

function groups(depth: number): fc.Arbitrary<ConfigGroup> {
  return fc.record({
    version: versions,
    groups: depth === 0 ? fc.constant(new Map<string, ConfigGroup>()) : mapOf(groups(depth - 1)),
    values: mapOf(values),
    policies: mapOf(policies),
    modPolicy: modPolicies,
    unknown: fc.constant(NOTHING),
  });
}

/** A group with all versions 0: what it says, whenever it was said. */
function withoutVersions(group: ConfigGroup): ConfigGroup {
  return {
    ...group,
    version: 0,
    values: atZero(group.values),
    policies: atZero(group.policies),
    groups: new Map(Array.from(group.groups, ([name, one]) => [name, withoutVersions(one)])),
  };
}

function atZero<T extends { readonly version: number }>(members: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map(Array.from(members, ([name, one]) => [name, { ...one, version: 0 }]));
}

function configOf(channelGroup: ConfigGroup): Config {
  return { sequence: 4, channelGroup, unknown: NOTHING };
}

const content: PolicyVerdict = {
  satisfied: true,
  expression: '',
  satisfiedBy: [],
  unsatisfied: [],
  rejected: [],
  reason: '',
  refusal: null,
};
const everything: Policy = {
  expression: '',
  evaluate: () => Promise.resolve(content),
  evaluateIdentities: () => content,
};

/** What a validator makes of an update to a channel whose policies allow everything. */
async function applied(original: Config, updated: Config): Promise<ConfigGroup> {
  const configUpdate = encodeConfigUpdate(computeUpdate('mychannel', original, updated));
  const envelope = unsignedEnvelope(encodeConfigUpdateEnvelope({ configUpdate, signatures: [] }));
  const validator = new ConfigValidator('mychannel', original, { policy: () => everything });
  const proposed = await validator.proposeConfigUpdate(envelope);
  await validator.validate(proposed);
  return proposed.config?.channelGroup as ConfigGroup;
}

function digest(original: Config, updated: Config): string {
  const update = encodeConfigUpdate(computeUpdate('mychannel', original, updated));
  return createHash('sha256')
    .update(printJson(decodeToJson('common.ConfigUpdate', update)))
    .digest('hex');
}

function unsignedEnvelope(data: Uint8Array): Uint8Array {
  const channelHeader = new MessageWriter().uint(1, common.HeaderType.CONFIG_UPDATE).finish();
  const header = new MessageWriter().bytes(1, channelHeader).finish();
  const payload = new MessageWriter().message(1, header).bytes(2, data).finish();
  return new MessageWriter().bytes(1, payload).finish();
}

describe('computeUpdate', () => {
  it('leads from any configuration to any other', async () => {
    await fc.assert(
      fc.asyncProperty(groups(3), groups(3), async (a, b) => {
        const [before, after] = [encodeConfigGroup(withoutVersions(a)), encodeConfigGroup(withoutVersions(b))];
        fc.pre(Buffer.compare(before, after) !== 0);
        const result = await applied(configOf(a), configOf(b));
        expect(encodeConfigGroup(withoutVersions(result))).toEqual(after);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves the versions of all that stays, and raises each other one by one', async () => {
    await fc.assert(
      fc.asyncProperty(groups(2), groups(2), async (a, b) => {
        fc.pre(Buffer.compare(encodeConfigGroup(withoutVersions(a)), encodeConfigGroup(withoutVersions(b))) !== 0);
        const result = await applied(configOf(a), configOf(b));
        for (const [name, value] of result.values) {
          const before = a.values.get(name);
          const same = before?.modPolicy === value.modPolicy && Buffer.compare(before.value, value.value) === 0;
          expect(value.version).toBe(before === undefined ? 0 : before.version + (same ? 0 : 1));
        }
      }),
    );
  });

  it('needs a difference, and two configurations', () => {
    const config = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0)).config;
    expect(() => computeUpdate('mychannel', config, config)).toThrow(
      expect.objectContaining({ code: 'no_difference' }),
    );
    const nothing = { ...config, channelGroup: null };
    expect(() => computeUpdate('mychannel', config, nothing)).toThrow(expect.objectContaining({ code: 'missing' }));
    expect(() => computeUpdate('mychannel', nothing, config)).toThrow(expect.objectContaining({ code: 'missing' }));
  });

  it('says what configtxlator compute_update of v3.1.5 says', () => {
    const before = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0)).config;
    const after = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 67)).config;
    expect(digest(before, after)).toBe('bf0b52aee377804f5491a87bdc079f4de768997b04e7a4e13e80b1155ea78b9b');
    expect(digest(after, before)).toBe('c894cd0468d0214081fb77599283ee884932bb4fcbc015c1d654f4dd6209e8eb');
  });

  it('reads back any configuration that it writes', () => {
    fc.assert(
      fc.property(groups(3), (group) => {
        const written = encodeConfigGroup(group);
        expect(encodeConfigGroup(decodeConfigGroup(written))).toEqual(written);
        expect(encodeConfig(configOf(group)).length).toBeGreaterThan(written.length);
      }),
    );
  });
});
