import { common } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { blockHeaderBytes } from '#node/protos/blockHeader.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { allBlocksOf, type RecordedSet, sharedBlocks, vendoredBlocks, VERSIONS } from '#node/protos/testBlocks.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { MspManager } from '#node/msp/mspManager.ts';
import { blocksWithChannel, type RecordedChannel } from '#node/msp/testChannel.ts';
import type { SignedData } from './policy.ts';
import { POLICY_PATHS, PolicyManager } from './policyManager.ts';

const endorsements = ({ transaction: { action } }: EnvelopeView): SignedData[] =>
  action.endorsements.map(({ endorser, signature }) => ({
    data: Buffer.concat([action.proposalResponsePayloadBytes, endorser]),
    identity: endorser,
    signature,
  }));

const blockSignatures = (block: BlockView): SignedData[] => {
  const bytes = block.message.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.SIGNATURES] as Uint8Array;
  const metadata = decodeMessage(common.Metadata, bytes, 'common.Metadata');
  return metadata.getSignaturesList().map((one) => ({
    data: Buffer.concat([
      metadata.getValue_asU8(),
      one.getSignatureHeader_asU8(),
      blockHeaderBytes(block.number, block.previousHash, block.dataHash),
    ]),
    identity: block.signatures[0]?.creator as Uint8Array,
    signature: one.getSignature_asU8(),
  }));
};

const managers = new WeakMap<RecordedChannel, PolicyManager>();
function policiesOf(channel: RecordedChannel): PolicyManager {
  let policies = managers.get(channel);
  if (policies === undefined) {
    policies = PolicyManager.fromGroup(channel.root, channel.msps);
    managers.set(channel, policies);
  }
  return policies;
}

const isEndorsed = ({ channelHeader }: EnvelopeView) => channelHeader.typeName === 'ENDORSER_TRANSACTION';

/** Checks a whole recording; says how much held, and lists what did not. */
async function checkAll(set: RecordedSet) {
  const failures: string[] = [];
  const count = { blocks: 0, creators: 0, endorsements: 0 };
  const holds = async (msps: MspManager, { data, identity, signature }: SignedData, what: string) => {
    const signer = msps.deserializeIdentity(identity);
    signer.validate();
    const answers = [await signer.verify(data, signature), await signer.verify(data.subarray(1), signature)];
    if (answers.join() !== 'true,false') {
      failures.push(`${what}: ${signer.label}`);
    }
  };
  for (const { block, channel } of blocksWithChannel(set)) {
    const where = `block ${block.number}`;
    const policy = policiesOf(channel).policyOrReject(POLICY_PATHS.blockValidation);
    const verdict = await policy.evaluate(blockSignatures(block));
    if (!verdict.satisfied || verdict.rejected.length > 0) {
      failures.push(`${where}: ${verdict.reason}`);
    }
    count.blocks++;
    for (const envelope of block.envelopes) {
      const { creator: identity } = envelope.signatureHeader;
      const data = envelope.payloadBytes;
      await holds(channel.msps, { data, identity, signature: envelope.signature }, `creator in ${where}`);
      count.creators++;
      for (const endorsement of isEndorsed(envelope) ? endorsements(envelope) : []) {
        await holds(channel.msps, endorsement, `endorser in ${where}`);
        count.endorsements++;
      }
    }
  }
  return { ...count, failures };
}

/** What the default endorsement policy says of each transaction that is under it, beside what the network said. */
async function defaultVerdicts(
  set: RecordedSet,
): Promise<readonly { readonly code: string; readonly satisfied: boolean }[]> {
  const told: { code: string; satisfied: boolean }[] = [];
  for (const { block, channel } of blocksWithChannel(set)) {
    const policy = policiesOf(channel).policyOrReject(POLICY_PATHS.endorsement);
    // From block 48 on the chaincode has a policy of its own; configurations and _lifecycle follow others.
    for (const [index, envelope] of block.number >= 48 ? [] : block.envelopes.entries()) {
      if (isEndorsed(envelope) && envelope.headerChaincode === 'basic') {
        const { satisfied } = await policy.evaluate(endorsements(envelope));
        told.push({ code: block.validationCodeName(index) as string, satisfied });
      }
    }
  }
  return told;
}

describe('blocks of real networks', () => {
  it.each(VERSIONS)('%s: block signatures, creators and endorsers hold', async (version) => {
    const { failures, ...count } = await checkAll(vendoredBlocks(version));
    expect(failures).toEqual([]);
    expect(count.blocks).toBeGreaterThan(15);
    expect(count.creators).toBeGreaterThan(20);
    expect(count.endorsements).toBeGreaterThan(30);
  });

  const shared = sharedBlocks();
  it(`beside the vendored part checks ${allBlocksOf(shared)}`, async () => {
    for (const set of shared) {
      const { blocks, failures } = await checkAll(set);
      expect([blocks > 10, failures]).toEqual([true, []]);
    }
  });

  it('v3.1.5: the default endorsement policy says of each transaction what the network said', async () => {
    const told = await defaultVerdicts(vendoredBlocks('v3.1.5'));
    expect(told.length).toBeGreaterThan(20);
    expect(new Set(told.map(({ code }) => code)).size).toBeGreaterThan(2);
    expect(told.map(({ satisfied }) => satisfied)).toEqual(
      told.map(({ code }) => code !== 'ENDORSEMENT_POLICY_FAILURE'),
    );
    expect(told.some(({ satisfied }) => !satisfied)).toBe(true);
  });
});
