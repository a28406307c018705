import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { timestampIso } from '#node/protos/timestamp.ts';
import type { TransactionActionView } from '#node/protos/transactionView.ts';
import type { PartialIdentity } from '#trace/identity.ts';
import type { FtlFields } from '#trace/record.ts';
import { creatorKind, identityOf } from './blockIdentity.ts';
import { printable } from './printable.ts';
import { readWriteSummary } from './readWriteSummary.ts';

/** As the record schema allows. */
const MAX_TX_ID = 256;
/** Endorsers kept of one transaction, and characters of an error. */
const MAX_ENDORSERS = 100;
/** Length of an ISO 8601 time up to its sixth decimal. */
const MICROSECONDS = 26;
const MAX_ERROR = 300;

/** One transaction of a block: the record's fields, what `block.header` lists of it, and its time. */
export interface DecodedTransaction {
  readonly fields: Partial<FtlFields> & { readonly tx_id: string };
  /** Client's time with microseconds; null where it gave none that is one. */
  readonly time: string | null;
  /** Null where it is no transaction of a chaincode, or cannot be decoded. */
  readonly action: TransactionActionView | null;
}

/**
 * Decodes transaction `index` as far as it can be: a client can have anything ordered, and what it sent is then part of the
 * chain. The first part that cannot be decoded is named in `error`; the rest is there.
 */
export function decodeTransaction(block: BlockView, index: number): DecodedTransaction {
  const envelope = block.envelopes[index] as EnvelopeView;
  const fields: Partial<FtlFields> & { tx_id: string } = { tx_id: `block:${block.number}:${index}`, tx_index: index };
  const errors: string[] = [];
  const part = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProtoError)) {
        throw error;
      }
      errors.push(printable(error.message.slice(0, MAX_ERROR)));
      return null;
    }
  };

  const header = part(() => envelope.channelHeader);
  let time: string | null = null;
  let action: TransactionActionView | null = null;
  if (header !== null) {
    fields.tx_type = header.typeName;
    if (header.txId.length > MAX_TX_ID) {
      errors.push(`transaction ID of ${header.txId.length} characters`);
    } else if (header.txId !== '') {
      fields.tx_id = header.txId;
    }
    if (header.timestamp !== null) {
      const exact = timestampIso(header.timestamp);
      if (exact !== null) {
        time = `${exact.slice(0, MICROSECONDS)}Z`;
        fields.client_time = header.timestamp.nanos % 1000 === 0 ? time : exact;
      }
    }
    const creator = part(() => envelope.creator);
    if (creator !== null) {
      fields.sender = identityOf(creator, creatorKind(creator));
    }
    if (header.typeName === 'ENDORSER_TRANSACTION') {
      action = part(() => envelope.transaction.action);
    } else if (header.typeName === 'CONFIG') {
      const author = part(() => envelope.configUpdate?.creator ?? null);
      if (author !== null) {
        fields.creator = identityOf(author, creatorKind(author));
      }
    }
  }
  if (action !== null) {
    describeAction(envelope, action, fields, part);
  }
  const code = block.validationCodeName(index);
  if (code !== null) {
    fields.code = code;
  }
  if (errors[0] !== undefined) {
    fields.error = errors[0];
  }
  return { fields, time, action };
}

function describeAction(
  envelope: EnvelopeView,
  action: TransactionActionView,
  fields: Partial<FtlFields>,
  part: <T>(read: () => T) => T | null,
): void {
  const chaincode =
    part(() => action.chaincode.name) ||
    part(() => envelope.headerChaincode) ||
    part(() => action.invocation.chaincode.name);
  if (chaincode) {
    fields.chaincode = printable(chaincode);
  }
  const functionName = part(() => action.functionName);
  if (functionName !== null) {
    fields.function = functionName;
  }
  const endorsers = new Map<string, PartialIdentity>();
  for (const endorser of part(() => action.endorsers) ?? []) {
    endorsers.set(endorser.pkiId, identityOf(endorser, 'peer'));
  }
  if (endorsers.size > MAX_ENDORSERS) {
    fields['endorser_count'] = endorsers.size;
  }
  fields.endorsers = [...endorsers.values()].slice(0, MAX_ENDORSERS);
  const sets = part(() => readWriteSummary(action.readWriteSet));
  if (sets !== null) {
    fields.rw_sets = sets;
  }
}
