import { sha256 } from '#node/crypto/hash.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import {
  type ChaincodeInputMessage,
  readInvocationSpec,
  readProposalPayload,
  readSignedProposal,
  type SignedProposalMessage,
} from '#node/protos/proposalMessages.ts';
import type { Timestamp } from '#node/protos/timestamp.ts';
import {
  readChannelHeader,
  readHeader,
  readHeaderExtension,
  readProposal,
  readSignatureHeader,
} from '#node/protos/transactionMessages.ts';
import { EndorserError } from './endorserError.ts';

/** A signed proposal whose headers could be read; nothing is checked yet. */
export interface ReceivedProposal {
  readonly signedProposal: SignedProposalMessage;
  /** What the creator signed. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly channelHeaderBytes: Uint8Array;
  readonly signatureHeaderBytes: Uint8Array;
  readonly type: number;
  /** Empty outside any channel. */
  readonly channelId: string;
  /** As the client says. */
  readonly txId: string;
  readonly epoch: number;
  readonly timestamp: Timestamp | null;
  readonly extension: Uint8Array;
  /** A serialised `msp.SerializedIdentity`. */
  readonly creator: Uint8Array;
  readonly nonce: Uint8Array;
  readonly payload: Uint8Array;
}

/** What a proposal asks for. */
export interface ProposedInvocation {
  /** The chaincode that the header names: the one that is run. */
  readonly chaincode: string;
  /** Without decorations: a client cannot put any. */
  readonly input: ChaincodeInputMessage;
  /**
   * SHA-256 over channel header, signature header and payload without the transient map (Fabric, `protoutil.GetProposalHash1`): what
   * ties an endorsement to the proposal.
   */
  readonly proposalHash: Uint8Array;
}

export interface UnpackedProposal extends ReceivedProposal, ProposedInvocation {}

/** @throws RpcError INTERNAL, as a call in Go ends before anybody sees the request */
export function decodeSignedProposal(bytes: Uint8Array): SignedProposalMessage {
  try {
    return readSignedProposal(bytes);
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new RpcError('INTERNAL', `grpc: error unmarshalling request: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** @throws EndorserError `malformed` */
export function unpackHeaders(signedProposal: SignedProposalMessage): ReceivedProposal {
  const { proposalBytes: bytes, signature } = signedProposal;
  const proposal = read(readProposal, bytes, 'Proposal', 'failed parsing proposal: ');
  const header = read(readHeader, proposal.header, 'Header', 'failed parsing header: ');
  const { creator, nonce } = read(
    readSignatureHeader,
    header.signatureHeader,
    'SignatureHeader',
    'failed parsing signature header: ',
  );
  const channelHeader = read(
    readChannelHeader,
    header.channelHeader,
    'ChannelHeader',
    'failed parsing channel header: ',
  );
  const { type, channelId, txId, epoch, timestamp, extension } = channelHeader;
  return {
    signedProposal,
    bytes,
    signature,
    channelHeaderBytes: header.channelHeader,
    signatureHeaderBytes: header.signatureHeader,
    type,
    channelId,
    txId,
    epoch,
    timestamp,
    extension,
    creator,
    nonce,
    payload: proposal.payload,
  };
}

/** @throws EndorserError `malformed` */
export function unpackInvocation(proposal: ReceivedProposal): ProposedInvocation {
  const chaincodeId = read(readHeaderExtension, proposal.extension, 'ChaincodeHeaderExtension', '');
  if (chaincodeId === null) {
    throw new EndorserError('malformed', 'ChaincodeHeaderExtension.ChaincodeId is nil');
  }
  if (chaincodeId.name === '') {
    throw new EndorserError('malformed', 'ChaincodeHeaderExtension.ChaincodeId.Name is empty');
  }
  const { input: inputBytes } = read(readProposalPayload, proposal.payload, 'ChaincodeProposalPayload', '');
  const spec = read(readInvocationSpec, inputBytes, 'ChaincodeInvocationSpec', '');
  if (spec === null) {
    throw new EndorserError('malformed', 'chaincode invocation spec did not contain chaincode spec');
  }
  const { input } = spec;
  if (input === null) {
    throw new EndorserError('malformed', 'chaincode input did not contain any input');
  }
  const withoutTransient = new WireWriter(inputBytes.length + 8).bytes(1, inputBytes).finish();
  const proposalHash = sha256(proposal.channelHeaderBytes, proposal.signatureHeaderBytes, withoutTransient);
  return { chaincode: chaincodeId.name, input, proposalHash };
}

/**
 * The chaincode that a proposal's payload names, which need not be the header's: what the legacy system chaincodes look at to tell a
 * client's call from a chaincode's.
 * @throws EndorserError `malformed`
 */
export function invokedChaincodeName(proposalBytes: Uint8Array): string {
  const { payload } = read(readProposal, proposalBytes, 'proposal', '');
  const { input } = read(readProposalPayload, payload, 'chaincode proposal payload', '');
  const spec = read(readInvocationSpec, input, 'chaincode invocation spec', '');
  if (spec === null) {
    throw new EndorserError('malformed', 'chaincode spec is nil');
  }
  if (spec.chaincodeId === null) {
    throw new EndorserError('malformed', 'chaincode id is nil');
  }
  return spec.chaincodeId.name;
}

function read<T>(reader: (bytes: Uint8Array) => T, bytes: Uint8Array, name: string, prefix: string): T {
  try {
    return reader(bytes);
  } catch (cause) {
    throw unmarshalError(name, prefix, cause);
  }
}

function unmarshalError(name: string, prefix: string, cause: unknown): unknown {
  if (!(cause instanceof ProtoError)) {
    return cause;
  }
  return new EndorserError('malformed', `${prefix}error unmarshalling ${name}: ${cause.message}`, { cause });
}
