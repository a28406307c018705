import { common, peer } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import type { Endorsements } from './endorse.ts';
import type { Proposal } from './proposal.ts';

/** The transaction of an endorsed proposal: a serialised `common.Envelope`, signed by the proposal's own creator. */
export async function assembleTransaction(
  proposal: Proposal,
  { payload, endorsements }: Pick<Endorsements, 'payload' | 'endorsements'>,
  signer: Signer,
): Promise<Uint8Array> {
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(payload);
  endorsed.setEndorsementsList([...endorsements]);
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposal.ledgerPayload);
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(proposal.signatureHeader);
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([action]);
  const header = new common.Header();
  header.setChannelHeader(proposal.channelHeader);
  header.setSignatureHeader(proposal.signatureHeader);
  const message = new common.Payload();
  message.setHeader(header);
  message.setData(transaction.serializeBinary());
  const bytes = message.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature(await signer.sign(bytes));
  return envelope.serializeBinary();
}
