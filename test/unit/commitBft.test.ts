import { common, orderer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { bftBlockValidationPolicy } from '#node/channel/bftPolicy.ts';
import { ChannelBundle } from '#node/channel/bundle.ts';
import type { Config, ConfigGroup } from '#node/channel/configGroup.ts';
import { verifyBlockSignatures } from '#node/commit/verifyBlock.ts';
import type { Signer } from '#node/crypto/sign.ts';
import { encodeBlock } from '#node/protos/blockEncoder.ts';
import { blockHeaderBytes } from '#node/protos/blockHeader.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { channelConfig, makeOrganization } from '../harness/signedChannel.ts';

const NOTHING = new Uint8Array(0);
const org = makeOrganization('Org1MSP', 'peer');
const orderers = makeOrganization('OrdererMSP', 'orderer');
const more = makeOrganization('OtherMSP', 'orderer');
/** Four consenters tolerate one that lies: three must sign. */
const consenters = [orderers.node, orderers.other, orderers.client, org.node];

/** A channel that consents by BFT, as SmartBFT orderers configure it. */
function bftConfig(): Config {
  const config = channelConfig([org], orderers);
  const root = config.channelGroup as ConfigGroup;
  const ordererGroup = root.groups.get('Orderer') as ConfigGroup;
  const mapping = consenters.map((signer, index) => {
    const consenter = new common.Consenter();
    consenter.setId(index + 1);
    consenter.setHost('localhost');
    consenter.setPort(7050 + index);
    consenter.setMspId(signer.mspId);
    consenter.setIdentity(Buffer.from(signer.certificate.pem));
    return consenter;
  });
  const orderersValue = new common.Orderers();
  orderersValue.setConsenterMappingList(mapping);
  const consensus = new orderer.ConsensusType();
  consensus.setType('BFT');
  const capabilities = new common.Capabilities();
  capabilities.getCapabilitiesMap().set('V3_0', new common.Capability());
  const value = (message: { serializeBinary(): Uint8Array }) => ({
    version: 0,
    modPolicy: 'Admins',
    unknown: NOTHING,
    value: message.serializeBinary(),
  });
  const policy = bftBlockValidationPolicy(
    mapping.map((one) => ({ mspId: one.getMspId(), identity: one.getIdentity_asU8() })),
  );
  const bftOrderer: ConfigGroup = {
    ...ordererGroup,
    values: new Map([...ordererGroup.values, ['Orderers', value(orderersValue)], ['ConsensusType', value(consensus)]]),
    policies: new Map([
      ...ordererGroup.policies,
      ['BlockValidation', { version: 0, modPolicy: 'Admins', unknown: NOTHING, policy }],
    ]),
  };
  const values = new Map([...root.values, ['Capabilities', value(capabilities)] as const]);
  values.delete('OrdererAddresses');
  return { ...config, channelGroup: { ...root, values, groups: new Map([...root.groups, ['Orderer', bftOrderer]]) } };
}

/** Signed in the short form: consenters are named by number. */
function block(signatures: readonly { readonly id: number; readonly signer: Signer }[]): BlockView {
  const parts = { number: 7, previousHash: new Uint8Array(32).fill(1), dataHash: new Uint8Array(32).fill(2) };
  const metadata = new common.Metadata();
  metadata.setValue(Uint8Array.of(0x0a, 0));
  for (const { id, signer } of signatures) {
    const identifier = new common.IdentifierHeader();
    identifier.setIdentifier(id);
    identifier.setNonce(Uint8Array.of(id, 1, 2));
    const header = identifier.serializeBinary();
    const one = new common.MetadataSignature();
    one.setIdentifierHeader(header);
    const signed = [metadata.getValue_asU8(), header, blockHeaderBytes(7, parts.previousHash, parts.dataHash)];
    one.setSignature(signer.signSync(Buffer.concat(signed)));
    metadata.addSignatures(one);
  }
  return BlockView.fromBytes(
    encodeBlock({ ...parts, data: [], metadata: [metadata.serializeBinary(), NOTHING, NOTHING, NOTHING, NOTHING] }),
  );
}

const by = (...ids: number[]) => ids.map((id) => ({ id, signer: consenters[id - 1] as Signer }));

describe('a block of a channel with BFT consensus', () => {
  const bundle = ChannelBundle.fromConfig('bft', bftConfig());

  it.each([
    ['all four', by(1, 2, 3, 4)],
    ['three of four', by(1, 2, 4)],
    ['three of four, and one whom nobody knows', [...by(1, 2, 3), { id: 9, signer: more.node }]],
  ])('is taken with the signatures of %s', async (_who, signatures) => {
    await expect(verifyBlockSignatures(block(signatures), bundle)).resolves.toBeUndefined();
  });

  it.each([
    ['nobody', by()],
    ['two of four', by(2, 3)],
    ['one of them three times', by(1, 1, 1)],
    ['two, and a third by another key', [...by(1, 2), { id: 3, signer: more.node }]],
    ['two, and one under two numbers', [...by(1, 2), { id: 3, signer: orderers.node }]],
    ['two, and one whom nobody knows', [...by(1, 2), { id: 9, signer: more.node }]],
  ])('is refused with the signatures of %s', async (_who, signatures) => {
    await expect(verifyBlockSignatures(block(signatures), bundle)).rejects.toMatchObject({ code: 'block_signature' });
  });

  it('numbers mean nothing without BFT', async () => {
    const plain = ChannelBundle.fromConfig('plain', channelConfig([org], orderers));
    await expect(verifyBlockSignatures(block(by(1, 2, 3, 4)), plain)).rejects.toMatchObject({
      code: 'block_signature',
    });
  });
});
