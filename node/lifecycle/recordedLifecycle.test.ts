import { peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { decodeTxPrivateData } from '#node/ledger/privateData/txPrivateRwset.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { LIFECYCLE_NAMESPACE } from '#node/protos/lifecycleView.ts';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { recordedChain, VERSIONS } from '../../test/unit/commitBlocks.ts';
import { ChaincodeDefinitionCache } from './chaincodeDefinitionCache.ts';
import { InstalledPackages } from './installedPackages.ts';
import { LifecycleChaincode } from './lifecycleChaincode.ts';
import { call, TestPeerChannel } from './testPeerChannel.ts';

/** Nobody's proposals are in a block: who may call is proved elsewhere. */
const EVERYBODY = { check: () => Promise.resolve() };
const NO_STORE = {
  save: () => Promise.reject(new Error('none')),
  load: () => Promise.reject(new Error('none')),
  remove: () => Promise.resolve(),
  list: () => Promise.resolve([]),
};

const APPROVE = 'ApproveChaincodeDefinitionForMyOrg';
const FIRST = [`1 ${APPROVE} Org1MSP`, `2 ${APPROVE} Org2MSP`, '3 CommitChaincodeDefinition Org1MSP'];
/** Block, function and organisation of the first endorser. The first network changes its definition and takes in a third one. */
const RECORDED = {
  'v3.1.5': [
    ...FIRST,
    `46 ${APPROVE} Org1MSP`,
    `47 ${APPROVE} Org2MSP`,
    '48 CommitChaincodeDefinition Org1MSP',
    `68 ${APPROVE} Org3MSP`,
  ],
  'v2.5.9': FIRST,
};

describe.each(VERSIONS)('the lifecycle transactions of a network of Go peers, %s', (version) => {
  it('come out of ours with the same read-write sets, byte for byte', async () => {
    const chain = recordedChain(version);
    await using channel = await TestPeerChannel.open(chain.channel);
    const channels = { channel: () => channel, list: () => [chain.channel] };
    const packages = await InstalledPackages.open({ store: NO_STORE, builder: null });
    const seen: string[] = [];
    for (const bytes of chain.blocks) {
      const block = BlockView.fromBytes(bytes);
      const privateData: TxPrivateData[] = [];
      for (const [tx, envelope] of block.envelopes.entries()) {
        if (envelope.channelHeader.typeName !== 'ENDORSER_TRANSACTION') {
          continue;
        }
        const { action } = envelope.transaction;
        if (action.invocation.chaincode.name !== LIFECYCLE_NAMESPACE) {
          continue;
        }
        const mspId = action.endorsers[0]?.mspId ?? '';
        const definitions = new ChaincodeDefinitionCache({ mspId }, { channels, packages });
        const lifecycle = new LifecycleChaincode({ mspId }, { channels, access: EVERYBODY, packages, definitions });
        const { response, results } = await call(lifecycle, { args: action.invocation.args, channel });
        expect(response.message).toBe('');
        expect(response.status).toBe(action.response?.status);
        expect(response.payload).toEqual(action.response?.payload);
        const recorded = resultsOf(action.proposalResponsePayloadBytes);
        const ours = results?.publicBytes ?? new Uint8Array(0);
        expect(readable(ours)).toEqual(readable(recorded));
        expect(Buffer.compare(ours, recorded)).toBe(0);
        if (results?.privateBytes != null) {
          privateData.push(decodeTxPrivateData(tx, results.privateBytes));
        }
        seen.push(`${block.number} ${action.functionName} ${mspId}`);
      }
      // Private data must have the hashes that the block holds: what peers of the same organisation would hand round is the same too.
      await channel.commit(bytes, privateData);
    }
    expect(seen).toEqual(RECORDED[version]);
  });
});

function resultsOf(proposalResponsePayload: Uint8Array): Uint8Array {
  const payload = peer.ProposalResponsePayload.deserializeBinary(proposalResponsePayload);
  return peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8()).getResults_asU8();
}

function readable(bytes: Uint8Array): unknown {
  return ReadWriteSetView.fromBytes(bytes).namespaces.map(({ namespace, reads, writes, collections }) => ({
    namespace,
    reads,
    writes,
    collections,
  }));
}
