import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import type { ChannelHeaderView, EnvelopeView } from '#node/protos/envelopeView.ts';
import { isOwnLimit, ProtoError } from '#node/protos/protoError.ts';
import { NO_BYTES, readSignatureHeader } from '#node/protos/transactionMessages.ts';
import { CommitError } from './commitError.ts';
import { Code, invalid, reasonOf, VALID, type Verdict } from './verdict.ts';

const { ENDORSER_TRANSACTION, CONFIG, CONFIG_UPDATE } = common.HeaderType;

/**
 * What can be said of an envelope before any signature is checked: it decodes, and its two headers say what they must
 * (Fabric, core/common/validation `ValidateTransaction` up to the creator's signature).
 * @throws CommitError `beyond_limits`
 */
export function checkHeaders(envelope: EnvelopeView): Verdict {
  try {
    void envelope.message;
  } catch (error) {
    return verdictOf(error, Code.INVALID_OTHER_REASON);
  }
  try {
    void envelope.payload;
  } catch (error) {
    return verdictOf(error, Code.BAD_PAYLOAD);
  }
  try {
    const { type, typeName, epoch } = envelope.channelHeader;
    const { nonce, creator } = envelope.signatureHeader;
    if (type !== ENDORSER_TRANSACTION && type !== CONFIG && type !== CONFIG_UPDATE) {
      return invalid(Code.BAD_COMMON_HEADER, `header of type ${typeName}`);
    }
    if (epoch !== 0) {
      return invalid(Code.BAD_COMMON_HEADER, `epoch ${epoch} in the header, only 0 is allowed`);
    }
    if (nonce.length === 0) {
      return invalid(Code.BAD_COMMON_HEADER, 'no nonce in the signature header');
    }
    if (creator.length === 0) {
      return invalid(Code.BAD_COMMON_HEADER, 'no creator in the signature header');
    }
    return VALID;
  } catch (error) {
    return verdictOf(error, Code.BAD_COMMON_HEADER);
  }
}

/**
 * What is checked of an envelope whose creator's signature holds: the ID is the one that nonce and creator make, and the endorsers
 * answered this very proposal (Fabric, `ValidateTransaction` after the signature).
 * @throws CommitError `beyond_limits`
 */
export function checkBody(envelope: EnvelopeView, header: ChannelHeaderView): Verdict {
  if (header.type === CONFIG) {
    // What it says is checked against the configuration in force, see configTransactions.ts.
    return envelope.payload.data.length === 0
      ? invalid(Code.INVALID_CONFIG_TRANSACTION, 'a configuration transaction without a configuration')
      : VALID;
  }
  if (header.type !== ENDORSER_TRANSACTION) {
    return invalid(Code.UNSUPPORTED_TX_PAYLOAD, `a ${header.typeName} is nothing that a block may hold`);
  }
  if (header.txId !== envelope.computedTxId) {
    return invalid(
      Code.BAD_PROPOSAL_TXID,
      `ID ${header.txId.slice(0, 128)}, but nonce and creator make ${envelope.computedTxId}`,
    );
  }
  try {
    return checkEndorserTransaction(envelope);
  } catch (error) {
    return verdictOf(error, Code.INVALID_ENDORSER_TRANSACTION);
  }
}

function checkEndorserTransaction(envelope: EnvelopeView): Verdict {
  const { actions } = envelope.transaction;
  if (actions.length !== 1) {
    return invalid(Code.INVALID_ENDORSER_TRANSACTION, `${actions.length} actions, exactly one is allowed`);
  }
  const { action } = envelope.transaction;
  const actionHeader = action.message.header;
  const header = readSignatureHeader(actionHeader);
  if (header.nonce.length === 0) {
    return invalid(Code.INVALID_ENDORSER_TRANSACTION, "no nonce in the action's signature header");
  }
  if (header.creator.length === 0) {
    return invalid(Code.INVALID_ENDORSER_TRANSACTION, "no creator in the action's signature header");
  }
  const proposal = action.payload.chaincodeProposalPayload;
  const channelHeader = envelope.payload.header?.channelHeader ?? NO_BYTES;
  if (proposal.length === 0 || channelHeader.length === 0) {
    return invalid(Code.INVALID_ENDORSER_TRANSACTION, 'no proposal to compare its hash with');
  }
  const { proposalHash } = action;
  const hash = createHash('sha256').update(channelHeader).update(actionHeader).update(proposal).digest();
  return Buffer.compare(hash, proposalHash) === 0
    ? VALID
    : invalid(Code.INVALID_ENDORSER_TRANSACTION, 'the endorsers answered another proposal: its hash does not match');
}

/** @throws CommitError `beyond_limits`, and whatever is no decoding error: a defect of ours, not of the bytes */
export function verdictOf(error: unknown, code: Verdict['code']): Verdict {
  if (isOwnLimit(error)) {
    throw new CommitError('beyond_limits', null, reasonOf(error), { cause: error });
  }
  if (error instanceof ProtoError) {
    return invalid(code, reasonOf(error));
  }
  throw error;
}
