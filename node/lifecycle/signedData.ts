import { common, peer } from '@hyperledger/fabric-protos';
import type { SignedData } from '#node/policy/policy.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';

/** Who signed a proposal, and what. @throws ProtoError */
export function signedDataOf(proposal: peer.SignedProposal): SignedData {
  const data = proposal.getProposalBytes_asU8();
  const headerBytes = decodeMessage(peer.Proposal, data, 'protos.Proposal').getHeader_asU8();
  const header = decodeMessage(common.Header, headerBytes, 'common.Header');
  const signature = decodeMessage(common.SignatureHeader, header.getSignatureHeader_asU8(), 'common.SignatureHeader');
  return { data, identity: signature.getCreator_asU8(), signature: proposal.getSignature_asU8() };
}
