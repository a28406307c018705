import { beforeAll, describe, expect, it } from 'vitest';
import { ChannelBundle } from './bundle.ts';
import { ChannelError, type ChannelErrorCode } from './channelError.ts';
import { type ConfigGroup, encodeConfigGroup, sameGroup } from './configGroup.ts';
import {
  type ConfigEnvelope,
  decodeConfigEnvelope,
  decodeConfigUpdate,
  encodeConfigEnvelope,
  encodeConfigUpdate,
  encodeConfigUpdateEnvelope,
  updateOfEnvelope,
} from './configUpdate.ts';
import { decodeToJson, encodeFromJson } from './json/protolator.ts';
import { copy, OwnChannel, recordedBlock, recordedEnvelope, type Tree } from './testChannel.ts';

async function refusal(work: Promise<unknown>): Promise<{ code: ChannelErrorCode; path: string | null }> {
  const error: unknown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ChannelError);
  const { code, path } = error as ChannelError;
  return { code, path };
}

describe('block 67 of the recorded channel, which adds Org3', () => {
  const genesis = ChannelBundle.fromBlock(recordedBlock('v3.1.5', 0));
  const recorded = decodeConfigEnvelope(recordedEnvelope('v3.1.5', 67));
  const lastUpdate = recorded.lastUpdate as Uint8Array;

  /** The same envelope with another update, whose signatures then cannot hold, or other signatures. */
  function tampered(edit: (update: Tree) => void): Uint8Array {
    const tree = copy(decodeToJson('common.Envelope', lastUpdate));
    edit(tree.payload.data);
    return encodeFromJson('common.Envelope', tree);
  }

  it('is what the update makes of the configuration of block 0', async () => {
    await expect(genesis.validator.validate(recorded)).resolves.toBeUndefined();
    const proposed = await genesis.validator.proposeConfigUpdate(lastUpdate);
    expect(proposed.config?.sequence).toBe(1);
    expect(sameGroup(proposed.config?.channelGroup as ConfigGroup, recorded.config?.channelGroup as ConfigGroup)).toBe(
      true,
    );
    expect(updateOfEnvelope(lastUpdate).signatures).toHaveLength(2);
  });

  it('does not follow itself', async () => {
    const next = await genesis.apply(recorded);
    expect(await refusal(next.apply(recorded))).toEqual({ code: 'wrong_sequence', path: null });
    expect(await refusal(next.validator.proposeConfigUpdate(lastUpdate))).toEqual({
      code: 'stale_read_set',
      path: '[Group] /Channel/Application',
    });
  });

  it('needs both signatures', async () => {
    for (const left of [0, 1]) {
      const envelope = tampered((update) => {
        update.signatures = [update.signatures[left]];
      });
      expect(await refusal(genesis.validator.proposeConfigUpdate(envelope))).toEqual({
        code: 'policy_not_satisfied',
        path: '[Group] /Channel/Application',
      });
    }
    const twice = tampered((update) => {
      update.signatures[1] = update.signatures[0];
    });
    expect((await refusal(genesis.validator.proposeConfigUpdate(twice))).code).toBe('policy_not_satisfied');
  });

  it('is not accepted once anything in it was changed', async () => {
    const envelope = tampered((update) => {
      update.config_update.write_set.groups.Application.groups.Org3MSP.mod_policy = 'Readers';
    });
    expect((await refusal(genesis.validator.proposeConfigUpdate(envelope))).code).toBe('policy_not_satisfied');
  });

  it.each<[string, ChannelErrorCode, string | null, (update: Tree) => void]>([
    ['another channel', 'wrong_channel', null, (one) => (one.config_update.channel_id = 'other')],
    [
      'a read set of another version',
      'stale_read_set',
      '[Group] /Channel/Application/Org1MSP',
      (one) => (one.config_update.read_set.groups.Application.groups.Org1MSP.version = '7'),
    ],
    [
      'a read set of elements that are not there',
      'stale_read_set',
      '[Policy] /Channel/Nobody',
      (one) => (one.config_update.read_set.policies.Nobody = { version: '0', mod_policy: '', policy: null }),
    ],
    [
      'a version that skips one',
      'wrong_version',
      '[Group] /Channel/Application',
      (one) => (one.config_update.write_set.groups.Application.version = '2'),
    ],
    [
      'a new element that is not at version 0',
      'wrong_version',
      '[Group] /Channel/Application/Org3MSP',
      (one) => {
        one.config_update.write_set.groups.Application.version = '0';
        one.config_update.write_set.groups.Application.groups.Org3MSP.version = '1';
      },
    ],
    [
      'no modification policy',
      'bad_mod_policy',
      '[Group] /Channel/Application',
      (one) => (one.config_update.write_set.groups.Application.mod_policy = ''),
    ],
    [
      'a modification policy with a bad name',
      'bad_mod_policy',
      '[Group] /Channel/Application',
      (one) => (one.config_update.write_set.groups.Application.mod_policy = 'a/../b'),
    ],
    [
      'a bad name',
      'bad_name',
      '[Group] /Channel/Application/Org 3',
      (one) => {
        const { groups } = one.config_update.write_set.groups.Application;
        groups['Org 3'] = groups.Org3MSP;
      },
    ],
    ['nothing to write', 'empty_update', null, (one) => (one.config_update.write_set = one.config_update.read_set)],
  ])('is refused with %s', async (_, code, path, edit) => {
    expect(await refusal(genesis.validator.proposeConfigUpdate(tampered(edit)))).toEqual({ code, path });
  });

  it('is refused with a result that its update does not lead to', async () => {
    const { config } = recorded;
    const group = config?.channelGroup as ConfigGroup;
    const values = new Map(group.values);
    values.delete('Capabilities');
    const altered: ConfigEnvelope = {
      config: { sequence: 1, channelGroup: { ...group, values }, unknown: new Uint8Array(0) },
      lastUpdate,
    };
    expect(await refusal(genesis.apply(encodeConfigEnvelope(altered)))).toEqual({ code: 'wrong_result', path: null });
    const later = { ...recorded, config: { ...altered.config, sequence: 2 } } as ConfigEnvelope;
    expect((await refusal(genesis.apply(later))).code).toBe('wrong_sequence');
    expect((await refusal(genesis.apply({ ...recorded, config: null }))).code).toBe('missing');
    expect((await refusal(genesis.apply({ ...recorded, lastUpdate: null }))).code).toBe('missing');
    const [envelope] = recordedBlock('v3.1.5', 67).envelopes;
    expect((await refusal(genesis.apply({ ...recorded, lastUpdate: envelope?.bytes ?? null }))).code).toBe(
      'wrong_type',
    );
  });
});

describe('a channel of our own', () => {
  let channel: OwnChannel;
  beforeAll(() => {
    channel = new OwnChannel();
  });

  it('takes changes that the right people signed', async () => {
    const next = await channel.change(
      (root) => (root.groups.Orderer.values.BatchSize.value.max_message_count = 77),
      [channel.ordererAdmin],
    );
    expect(next.sequence).toBe(1);
    expect(next.orderer?.batchSize.maxMessageCount).toBe(77);
    expect(next.config.channelGroup?.groups.get('Orderer')?.values.get('BatchSize')?.version).toBe(1);
    expect(channel.bundle.orderer?.batchSize.maxMessageCount).toBe(10);
  });

  it('asks the policy that the element in force names, from its own group on', async () => {
    const anchors = anchorPort('Org1MSP');
    await expect(channel.change(anchors, [channel.org1Admin])).resolves.toBeInstanceOf(ChannelBundle);
    const path = '[Value] /Channel/Application/Org1MSP/AnchorPeers';
    expect(await refusal(channel.change(anchors, [channel.org2Admin]))).toEqual({ code: 'policy_not_satisfied', path });
    expect((await refusal(channel.change(anchors, [channel.org1User]))).code).toBe('policy_not_satisfied');
  });

  it('follows absolute modification policies, and refuses elements whose policy does not exist', async () => {
    const own = new OwnChannel((config) => {
      const { Org1MSP, Org2MSP } = config.channel_group.groups.Application.groups;
      Org1MSP.values.AnchorPeers.mod_policy = '/Channel/Application/Org2MSP/Admins';
      Org2MSP.values.AnchorPeers.mod_policy = 'Nobody';
    });
    await expect(own.change(anchorPort('Org1MSP'), [own.org2Admin])).resolves.toBeInstanceOf(ChannelBundle);
    expect((await refusal(own.change(anchorPort('Org1MSP'), [own.org1Admin]))).code).toBe('policy_not_satisfied');
    expect(await refusal(own.change(anchorPort('Org2MSP')))).toEqual({
      code: 'missing_policy',
      path: '[Value] /Channel/Application/Org2MSP/AnchorPeers',
    });
  });

  it('fills in modification policies that release 1.0 left out', async () => {
    const own = new OwnChannel((config) => (config.channel_group.groups.Application.mod_policy = ''));
    const next = await own.change((root) => (root.groups.Orderer.values.BatchTimeout.value.timeout = '1s'));
    expect(next.config.channelGroup?.groups.get('Application')?.modPolicy).toBe('Admins');
  });

  it('refuses envelopes that are no configuration updates', async () => {
    const { validator } = channel.bundle;
    expect((await refusal(validator.proposeConfigUpdate(Uint8Array.of(0x0a, 0xff)))).code).toBe('malformed');
    expect((await refusal(validator.proposeConfigUpdate(new Uint8Array(0)))).code).toBe('missing');
    const envelope = await channel.envelope({ channelId: 'mychannel', readSet: null, writeSet: null });
    expect((await refusal(validator.proposeConfigUpdate(envelope))).code).toBe('empty_update');
  });

  it('keeps what it does not know of the wire format, as Go does', async () => {
    const update = channel.updateTo((root) => (root.groups.Orderer.values.BatchTimeout.value.timeout = '1s'));
    const unknown = Uint8Array.of(0x78, 1);
    const writeSet = withUnknown(update.writeSet as ConfigGroup, unknown);
    const envelope = await channel.envelope({ ...update, writeSet });
    const proposed = await channel.bundle.validator.proposeConfigUpdate(envelope);
    const value = proposed.config?.channelGroup?.groups.get('Orderer')?.values.get('BatchTimeout');
    expect(value?.unknown).toEqual(unknown);
    const reread = decodeConfigEnvelope(encodeConfigEnvelope(proposed));
    await expect(channel.bundle.validator.validate(reread)).resolves.toBeUndefined();
  });

  it('reads back the update that it writes', () => {
    const update = channel.updateTo((root) => delete root.groups.Application.groups.Org2MSP);
    const again = decodeConfigUpdate(encodeConfigUpdate(update));
    for (const set of ['readSet', 'writeSet'] as const) {
      expect(encodeConfigGroup(again[set] as ConfigGroup)).toEqual(encodeConfigGroup(update[set] as ConfigGroup));
    }
    const envelope = encodeConfigUpdateEnvelope({ configUpdate: encodeConfigUpdate(update), signatures: [] });
    expect(decodeToJson('common.ConfigUpdateEnvelope', envelope)['signatures']).toEqual([]);
  });
});

function anchorPort(organization: string): (root: Tree) => void {
  return (root) => {
    root.groups.Application.groups[organization].values.AnchorPeers.value.anchor_peers[0].port = 1;
  };
}

function withUnknown(group: ConfigGroup, unknown: Uint8Array): ConfigGroup {
  const orderer = group.groups.get('Orderer') as ConfigGroup;
  const value = orderer.values.get('BatchTimeout') as NonNullable<ReturnType<typeof orderer.values.get>>;
  const values = new Map([...orderer.values, ['BatchTimeout', { ...value, unknown }]]);
  return { ...group, groups: new Map([...group.groups, ['Orderer', { ...orderer, values }]]) };
}
