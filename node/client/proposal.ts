import { hash, randomBytes } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import { channelHeader } from './channelHeader.ts';

const NONCE_BYTES = 24;

export interface ProposalRequest {
  /** Empty for what concerns no channel, such as joining one. */
  readonly channelId: string;
  readonly chaincode: string;
  /** Function first. */
  readonly args: readonly (string | Uint8Array)[];
  /** Handed to the chaincode, not to the ledger. */
  readonly transient?: Readonly<Record<string, Uint8Array>>;
  /** The explicit initialisation that a definition may demand. */
  readonly isInit?: boolean;
  readonly tlsCertificateHash?: Uint8Array;
  readonly now?: Date;
  /** 24 bytes. */
  readonly nonce?: Uint8Array;
}

/** A proposal, not yet signed, and the parts of it that go into the transaction. */
export interface Proposal {
  readonly channelId: string;
  readonly txId: string;
  /** A serialised `protos.Proposal`. */
  readonly bytes: Uint8Array;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** A serialised `protos.ChaincodeProposalPayload` without the transient data, as the ledger gets it. */
  readonly ledgerPayload: Uint8Array;
}

export function createProposal(request: ProposalRequest, signer: Signer): Proposal {
  const nonce = request.nonce ?? new Uint8Array(randomBytes(NONCE_BYTES));
  const txId = hash('sha256', Buffer.concat([nonce, signer.identity]), 'hex');
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincodeId(request.chaincode));
  const channelBytes = channelHeader({
    type: common.HeaderType.ENDORSER_TRANSACTION,
    channelId: request.channelId,
    txId,
    now: request.now ?? new Date(),
    extension: extension.serializeBinary(),
    ...(request.tlsCertificateHash === undefined ? {} : { tlsCertificateHash: request.tlsCertificateHash }),
  });
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(signer.identity);
  signatureHeader.setNonce(nonce);
  const signatureBytes = signatureHeader.serializeBinary();
  const header = new common.Header();
  header.setChannelHeader(channelBytes);
  header.setSignatureHeader(signatureBytes);

  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocationSpec(request));
  const ledgerPayload = payload.serializeBinary();
  for (const [key, bytes] of Object.entries(request.transient ?? {})) {
    payload.getTransientmapMap().set(key, bytes);
  }
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  proposal.setPayload(payload.serializeBinary());
  return {
    channelId: request.channelId,
    txId,
    bytes: proposal.serializeBinary(),
    channelHeader: channelBytes,
    signatureHeader: signatureBytes,
    ledgerPayload,
  };
}

/** A serialised `protos.SignedProposal`. */
export async function signProposal(proposal: Proposal, signer: Signer): Promise<Uint8Array> {
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal.bytes);
  signed.setSignature(await signer.sign(proposal.bytes));
  return signed.serializeBinary();
}

function invocationSpec({ chaincode, args, isInit }: ProposalRequest): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList(args.map((arg) => (typeof arg === 'string' ? new TextEncoder().encode(arg) : arg)));
  input.setIsInit(isInit ?? false);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.NODE);
  spec.setChaincodeId(chaincodeId(chaincode));
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  return invocation.serializeBinary();
}

function chaincodeId(name: string): peer.ChaincodeID {
  const id = new peer.ChaincodeID();
  id.setName(name);
  return id;
}
