import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { NamespaceView } from '#node/protos/readWriteSetView.ts';
import { readChaincodeEvent } from '#node/protos/shimMessages.ts';
import { type ChaincodeIdMessage, readHeaderExtension } from '#node/protos/transactionMessages.ts';
import { verdictOf } from './transactionForm.ts';
import { Code, invalid, VALID, type Verdict } from './verdict.ts';

/** What an endorser transaction did, as far as the endorsement policies are concerned. */
export interface WrittenNamespaces {
  readonly verdict: Verdict;
  /** The chaincode that was called; empty where the verdict is not VALID. */
  readonly chaincode: string;
  /** Each of these must be endorsed as its own policies say: the chaincode that was called, and all that were written to. */
  readonly namespaces: readonly string[];
}

const refused = (verdict: Verdict): WrittenNamespaces => ({ verdict, chaincode: '', namespaces: [] });

/**
 * Whose policies a transaction has to meet, after the checks of chaincode name, version, event and read-write set (Fabric,
 * txvalidator/v20/plugindispatcher `Dispatch`).
 * @throws CommitError `beyond_limits`
 */
export function writtenNamespaces(envelope: EnvelopeView): WrittenNamespaces {
  let asked: ChaincodeIdMessage | null;
  try {
    asked = readHeaderExtension(envelope.channelHeader.extension);
  } catch (error) {
    return refused(verdictOf(error, Code.BAD_HEADER_EXTENSION));
  }
  let ran: ChaincodeIdMessage | null;
  let event: Uint8Array;
  try {
    const { action } = envelope.transaction;
    if (action.proposalResponsePayloadBytes.length === 0) {
      return refused(invalid(Code.BAD_RESPONSE_PAYLOAD, 'no response payload'));
    }
    if (action.proposalResponsePayload.extension.length === 0) {
      return refused(invalid(Code.BAD_RESPONSE_PAYLOAD, 'no chaincode action in the response payload'));
    }
    ran = action.chaincodeAction.chaincodeId;
    event = action.eventBytes;
  } catch (error) {
    return refused(verdictOf(error, Code.BAD_RESPONSE_PAYLOAD));
  }
  let namespaces: readonly NamespaceView[];
  let writes: readonly boolean[];
  try {
    namespaces = envelope.transaction.action.readWriteSet.namespaces;
    // Every part is decoded, written or not: a set that is damaged anywhere is no set.
    writes = namespaces.map(writesSomething);
  } catch (error) {
    return refused(verdictOf(error, Code.BAD_RWSET));
  }
  if (asked === null) {
    return refused(invalid(Code.INVALID_OTHER_REASON, 'the header names no chaincode'));
  }
  if (ran === null) {
    return refused(invalid(Code.INVALID_OTHER_REASON, 'the chaincode action names no chaincode'));
  }
  const chaincode = asked.name;
  if (chaincode === '') {
    return refused(invalid(Code.INVALID_CHAINCODE, 'the header names a chaincode without name'));
  }
  if (chaincode !== ran.name) {
    return refused(invalid(Code.INVALID_CHAINCODE, `${chaincode} was asked for, ${ran.name || 'nothing'} ran`));
  }
  if (ran.version === '') {
    return refused(invalid(Code.INVALID_CHAINCODE, `${chaincode} ran without a version`));
  }
  if (event.length > 0) {
    const wrong = wrongEvent(event, chaincode);
    if (wrong !== null) {
      return refused(wrong);
    }
  }
  const written = new Set([chaincode]);
  const seen = new Set<string>();
  for (const [index, { namespace }] of namespaces.entries()) {
    if (seen.has(namespace)) {
      return refused(invalid(Code.ILLEGAL_WRITESET, `namespace ${namespace} comes twice`));
    }
    seen.add(namespace);
    if (writes[index] === true) {
      written.add(namespace);
    }
  }
  return { verdict: VALID, chaincode, namespaces: [...written] };
}

function wrongEvent(bytes: Uint8Array, chaincode: string): Verdict | null {
  try {
    const { chaincodeId } = readChaincodeEvent(bytes);
    return chaincodeId === chaincode
      ? null
      : invalid(Code.INVALID_OTHER_REASON, `an event of ${chaincodeId || 'nobody'}, but ${chaincode} ran`);
  } catch (error) {
    return verdictOf(error, Code.INVALID_OTHER_REASON);
  }
}

/** Values, metadata, private values or private metadata. */
function writesSomething(namespace: NamespaceView): boolean {
  const isPublic = namespace.writes.length > 0 || namespace.metadataWrites.length > 0;
  const isPrivate = namespace.collections.some((one) => one.writes.length > 0 || one.metadataWrites.length > 0);
  return isPublic || isPrivate;
}
