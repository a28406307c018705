import { common, peer } from '@hyperledger/fabric-protos';
import { expect, it } from 'vitest';
import { encodeResponsePayload } from '#node/endorser/proposalResponse.ts';
import { signProposal } from '../../harness/signedProposal.ts';
import { decodeSignedProposal, unpackHeaders, unpackInvocation } from '#node/endorser/unpackProposal.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { readChaincodeEvent, readResponse } from '#node/protos/shimMessages.ts';
import { recordedChain, VERSIONS } from '../commitBlocks.ts';
import { org1 } from './endorserNetwork.ts';

function* endorsed(blocks: readonly Uint8Array[]): Generator<EnvelopeView> {
  for (const bytes of blocks) {
    for (const envelope of BlockView.fromBytes(bytes).envelopes) {
      if (envelope.channelHeader.type === common.HeaderType.ENDORSER_TRANSACTION) {
        yield envelope;
      }
    }
  }
}

it.each(VERSIONS)('what Go peers of %s signed is written byte by byte the same', (version) => {
  let count = 0;
  for (const envelope of endorsed(recordedChain(version).blocks)) {
    const { action } = envelope.transaction;
    const payload = peer.ProposalResponsePayload.deserializeBinary(action.proposalResponsePayloadBytes);
    const inner = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
    const eventBytes = inner.getEvents_asU8();
    const bytes = encodeResponsePayload({
      proposalHash: payload.getProposalHash_asU8(),
      response: readResponse(inner.getResponse()?.serializeBinary() ?? new Uint8Array(0)),
      results: inner.getResults_asU8(),
      event: eventBytes.length === 0 ? null : readChaincodeEvent(eventBytes),
      chaincode: inner.getChaincodeId()?.getName() ?? '',
      version: inner.getChaincodeId()?.getVersion() ?? '',
    });
    expect(Buffer.from(bytes).equals(action.proposalResponsePayloadBytes)).toBe(true);
    count++;
  }
  expect(count).toBeGreaterThan(50);
});

it.each(VERSIONS)('the proposals that clients of %s sent have the hash that Go peers gave them', (version) => {
  for (const envelope of endorsed(recordedChain(version).blocks)) {
    const { action } = envelope.transaction;
    const payload = common.Payload.deserializeBinary(envelope.payloadBytes);
    const header = payload.getHeader() as common.Header;
    const [sent] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(sent?.getPayload_asU8() ?? new Uint8Array(0));
    const content = peer.ChaincodeProposalPayload.deserializeBinary(actionPayload.getChaincodeProposalPayload_asU8());
    // What the client handed to the chaincode alone left the proposal on its way into the transaction.
    content.getTransientmapMap().set('secret', new Uint8Array([1, 2, 3]));
    const proposal = new peer.Proposal();
    proposal.setHeader(header.serializeBinary());
    proposal.setPayload(content.serializeBinary());
    const received = unpackHeaders(decodeSignedProposal(signProposal(proposal.serializeBinary(), org1.client)));
    const { proposalHash, chaincode } = unpackInvocation(received);
    expect(Buffer.from(proposalHash).equals(action.proposalHash)).toBe(true);
    expect([received.txId, chaincode]).toEqual([envelope.channelHeader.txId, action.chaincode.name]);
  }
});
