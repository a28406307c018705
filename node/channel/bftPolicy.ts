import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { ChannelError } from './channelError.ts';
import { type ConfigGroup, type PolicyBytes, samePolicy } from './configGroup.ts';
import { reading } from './configUpdate.ts';
import { type Consenter, serializedIdentity } from './ordererSection.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';

const PATH = '[Policy] /Channel/Orderer/BlockValidation';

/** Signatures that a block of `consenters` BFT nodes needs, so that any two quorums share an honest one. */
export function bftQuorum(consenters: number): number {
  const faulty = Math.trunc((consenters - 1) / 3);
  return Math.ceil((consenters + faulty + 1) / 2);
}

/**
 * The BlockValidation policy of a BFT channel: a quorum of the consenters' identities, in the order of the configuration
 * (Fabric, `policies.EncodeBFTBlockVerificationPolicy`, to the byte).
 */
export function bftBlockValidationPolicy(consenters: readonly Pick<Consenter, 'mspId' | 'identity'>[]): PolicyBytes {
  const outOf = new common.SignaturePolicy.NOutOf();
  outOf.setN(bftQuorum(consenters.length));
  const envelope = new common.SignaturePolicyEnvelope();
  for (const [index, consenter] of consenters.entries()) {
    const signedBy = new common.SignaturePolicy();
    signedBy.setSignedBy(index);
    outOf.addRules(signedBy);
    const principal = new msp.MSPPrincipal();
    principal.setPrincipalClassification(msp.MSPPrincipal.Classification.IDENTITY);
    principal.setPrincipal(serializedIdentity(consenter));
    envelope.addIdentities(principal);
  }
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(outOf);
  envelope.setRule(rule);
  return {
    type: common.Policy.PolicyType.SIGNATURE,
    value: envelope.serializeBinary(),
    unknown: new Uint8Array(0),
  };
}

/**
 * What orderers of a BFT channel demand of a configuration beyond all other rules: its BlockValidation policy is the quorum of its
 * consenters, and the leader does not rotate (Fabric, `orderer/consensus/smartbft/configverifier.go`).
 *
 * @param root the channel group
 * @throws ChannelError `bad_consenters`
 */
export function checkBftConfig(root: ConfigGroup): void {
  const group = root.groups.get('Orderer');
  const [orderers, type] = [group?.values.get('Orderers'), group?.values.get('ConsensusType')];
  if (group === undefined || orderers === undefined || type === undefined) {
    throw new ChannelError('bad_consenters', '[Group] /Channel/Orderer', 'consenters or consensus type are not there');
  }
  const consenters = reading(() => decodeMessage(common.Orderers, orderers.value, 'common.Orderers'))
    .getConsenterMappingList()
    .map((one) => ({ mspId: one.getMspId(), identity: one.getIdentity_asU8() }));
  const policy = group.policies.get('BlockValidation')?.policy ?? null;
  if (policy === null) {
    throw new ChannelError('bad_consenters', PATH, 'there is none');
  }
  if (!samePolicy(policy, bftBlockValidationPolicy(consenters))) {
    const quorum = bftQuorum(consenters.length);
    throw new ChannelError('bad_consenters', PATH, `is not the one of ${quorum} of ${consenters.length} consenters`);
  }
  const rotation = reading(() => {
    const consensus = decodeMessage(orderer.ConsensusType, type.value, 'orderer.ConsensusType');
    return decodeMessage(orderer.smartbft.Options, consensus.getMetadata_asU8(), 'smartbft.Options');
  }).getLeaderRotation();
  if (rotation === orderer.smartbft.Options.Rotation.ROTATION_ON) {
    throw new ChannelError('bad_consenters', '[Value] /Channel/Orderer/ConsensusType', 'the leader must not rotate');
  }
}
