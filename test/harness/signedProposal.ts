import { hash, randomBytes } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === 'string' ? new Uint8Array(Buffer.from(text)) : text;

export interface ProposalParts {
  readonly channelId: string;
  readonly creator: Signer;
  readonly chaincode: string;
  readonly args?: readonly (string | Uint8Array)[];
  readonly transient?: Readonly<Record<string, string>>;
  readonly isInit?: boolean;
  readonly nonce?: Uint8Array;
  /** Instead of what it should be. */
  readonly txId?: string;
  readonly type?: number;
  readonly epoch?: number;
  /** Null: none. */
  readonly time?: Date | null;
  readonly identity?: Uint8Array;
  readonly signature?: Uint8Array;
  /** In the header, where it is not the one that the payload names; null: none. */
  readonly headerChaincode?: string | null;
}

/** A proposal as a client sends it, and the parts that its transaction needs. */
export interface TestProposal {
  readonly txId: string;
  /** Serialised `protos.SignedProposal`. */
  readonly bytes: Uint8Array;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** Without the transient map. */
  readonly payload: Uint8Array;
  readonly creator: Signer;
}

/** For tests: what a client's SDK makes and signs. */
export function signedProposal(parts: ProposalParts): TestProposal {
  const { creator, chaincode, args = ['put'], transient = {} } = parts;
  const identity = parts.identity ?? creator.identity;
  const nonce = parts.nonce ?? new Uint8Array(randomBytes(24));
  const txId = parts.txId ?? hash('sha256', Buffer.concat([nonce, identity]), 'hex');
  const header = new common.ChannelHeader();
  header.setType(parts.type ?? common.HeaderType.ENDORSER_TRANSACTION);
  header.setChannelId(parts.channelId);
  header.setTxId(txId);
  header.setEpoch(parts.epoch ?? 0);
  const extension = new peer.ChaincodeHeaderExtension();
  if (parts.headerChaincode !== null) {
    extension.setChaincodeId(chaincodeId(parts.headerChaincode ?? chaincode));
  }
  header.setExtension$(extension.serializeBinary());
  const channelHeader = Buffer.concat([header.serializeBinary(), timestamp(parts.time)]);
  const signature = new common.SignatureHeader();
  signature.setCreator(identity);
  signature.setNonce(nonce);
  const signatureHeader = signature.serializeBinary();

  const input = new peer.ChaincodeInput();
  input.setArgsList(args.map(bytesOf));
  input.setIsInit(parts.isInit ?? false);
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(chaincodeId(chaincode));
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const content = new peer.ChaincodeProposalPayload();
  content.setInput(invocation.serializeBinary());
  const payload = content.serializeBinary();
  for (const [name, value] of Object.entries(transient)) {
    content.getTransientmapMap().set(name, bytesOf(value));
  }

  const headers = new common.Header();
  headers.setChannelHeader(channelHeader);
  headers.setSignatureHeader(signatureHeader);
  const proposal = new peer.Proposal();
  proposal.setHeader(headers.serializeBinary());
  proposal.setPayload(content.serializeBinary());
  const bytes = signProposal(proposal.serializeBinary(), creator, parts.signature);
  return { txId, bytes, channelHeader, signatureHeader, payload, creator };
}

/** A serialised `protos.SignedProposal` over these bytes, whatever they are. */
export function signProposal(proposal: Uint8Array, creator: Signer, signature?: Uint8Array): Uint8Array {
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal);
  signed.setSignature(signature ?? creator.signSync(proposal));
  return signed.serializeBinary();
}

/** The transaction that a client makes of what endorsers answered; it does not compare the answers. */
export function endorsedTransaction(proposal: TestProposal, responses: readonly peer.ProposalResponse[]): Uint8Array {
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload((responses[0] as peer.ProposalResponse).getPayload_asU8());
  endorsed.setEndorsementsList(responses.map((one) => one.getEndorsement() as peer.Endorsement));
  const content = new peer.ChaincodeActionPayload();
  content.setChaincodeProposalPayload(proposal.payload);
  content.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(proposal.signatureHeader);
  action.setPayload(content.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.addActions(action);
  const header = new common.Header();
  header.setChannelHeader(proposal.channelHeader);
  header.setSignatureHeader(proposal.signatureHeader);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(transaction.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(proposal.creator.signSync(payload.serializeBinary()));
  return envelope.serializeBinary();
}

function chaincodeId(name: string): peer.ChaincodeID {
  const id = new peer.ChaincodeID();
  id.setName(name);
  return id;
}

/** Field 3 of a channel header. */
function timestamp(time: Date | null = new Date()): Uint8Array {
  const writer = new WireWriter();
  if (time !== null) {
    const ms = time.getTime();
    const seconds = Math.floor(ms / 1000);
    writer.message(3, (message) => message.number(1, seconds).number(2, (ms - seconds * 1000) * 1e6));
  }
  return writer.finish();
}
