import { common } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { serialized } from '#node/msp/testAuthority.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { bftBlockValidationPolicy, bftQuorum, checkBftConfig } from './bftPolicy.ts';
import type { ConfigGroup } from './configGroup.ts';
import { decodeToJson } from './json/protolator.ts';
import { OwnChannel, thrownBy, type Tree } from './testChannel.ts';

/** A BFT channel of four consenters, all with the orderer administrator's certificate (what they are plays no part here). */
function bftChannel(edit: (orderer: Tree) => void = () => {}): OwnChannel {
  return new OwnChannel((config) => {
    const orderer = config.channel_group.groups.Orderer;
    const identity = orderer.groups.OrdererOrg.values.MSP.value.config.root_certs[0];
    const consenter_mapping = [1, 2, 3, 4].map((id) => ({
      id,
      host: `o${id}`,
      port: 7050,
      msp_id: 'OrdererMSP',
      identity,
    }));
    orderer.values.Orderers = { mod_policy: 'Admins', version: '0', value: { consenter_mapping } };
    orderer.values.ConsensusType.value = { type: 'BFT', metadata: { request_batch_max_count: '100' } };
    const policy = bftBlockValidationPolicy(
      consenter_mapping.map(() => ({ mspId: 'OrdererMSP', identity: Buffer.from(identity, 'base64') })),
    );
    orderer.policies.BlockValidation.policy = {
      type: policy.type,
      value: decodeToJson('common.SignaturePolicyEnvelope', policy.value),
    };
    edit(orderer);
  });
}

describe('the block validation policy of a BFT channel', () => {
  it('wants a quorum', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 10, 13].map(bftQuorum)).toEqual([1, 2, 2, 3, 4, 4, 5, 7, 9]);
  });

  it('names each consenter by its identity', () => {
    const consenters = ['a', 'b', 'c', 'd'].map((pem) => ({ mspId: 'M', identity: Buffer.from(pem) }));
    const { type, value } = bftBlockValidationPolicy(consenters);
    expect(type).toBe(1);
    const policy = decodeMessage(common.SignaturePolicyEnvelope, value, 'policy');
    expect(policy.getRule()?.getNOutOf()?.getN()).toBe(3);
    expect(
      policy
        .getRule()
        ?.getNOutOf()
        ?.getRulesList()
        .map((rule) => rule.getSignedBy()),
    ).toEqual([0, 1, 2, 3]);
    // The member of a union is written even where it is 0.
    expect(policy.getRule()?.getNOutOf()?.getRulesList()[0]?.hasSignedBy()).toBe(true);
    expect(policy.getIdentitiesList().map((one) => one.getPrincipal_asU8())).toEqual(
      consenters.map(({ identity }) => serialized({ pem: identity }, 'M')),
    );
  });

  it('is demanded of a configuration, with a leader that stays', () => {
    const { bundle } = bftChannel();
    expect(bundle.isBft).toBe(true);
    expect(bundle.orderer?.consenters.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(bundle.consenterIdentity(3)).toEqual(bundle.consenterIdentity(1));
    expect(bundle.consenterIdentity(5)).toBeNull();
    expect(bundle.orderer?.bftOptions()?.getRequestBatchMaxCount()).toBe(100);
    expect(bundle.orderer?.raftMetadata()).toBeNull();
    checkBftConfig(bundle.config.channelGroup as ConfigGroup);
    const refused: readonly ((orderer: Tree) => void)[] = [
      (orderer) => (orderer.policies.BlockValidation.policy.value.rule.n_out_of.n = 2),
      (orderer) => orderer.values.Orderers.value.consenter_mapping.pop(),
      (orderer) =>
        (orderer.policies.BlockValidation.policy = { type: 3, value: { rule: 'ANY', sub_policy: 'Writers' } }),
      (orderer) => (orderer.values.ConsensusType.value.metadata.leader_rotation = 'ROTATION_ON'),
      (orderer) => delete orderer.policies.BlockValidation,
      (orderer) => delete orderer.values.Orderers,
    ];
    for (const edit of refused) {
      const { config } = bftChannel(edit).bundle;
      expect(thrownBy(() => checkBftConfig(config.channelGroup as ConfigGroup))).toMatchObject({
        code: 'bad_consenters',
      });
    }
  });
});
