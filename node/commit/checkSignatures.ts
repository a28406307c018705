import { common } from '@hyperledger/fabric-protos';
import type { MspIdentity } from '#node/msp/mspIdentity.ts';
import { MspError } from '#node/msp/mspError.ts';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { type CheckedEndorsers, checkEndorsers } from './checkEndorsers.ts';
import { type WrittenNamespaces, writtenNamespaces } from './namespaceRules.ts';
import type { Slots } from './slots.ts';
import { checkBody, checkHeaders } from './transactionForm.ts';
import { Code, invalid, VALID, type Verdict } from './verdict.ts';

/**
 * What is known of a transaction from itself and the channel's configuration alone, so that it can be found out while the block
 * before is still being committed.
 */
export interface CheckedTransaction {
  readonly envelope: EnvelopeView;
  /** Structure and creator. */
  readonly verdict: Verdict;
  /** HeaderType; -1 where there is no header. */
  readonly type: number;
  /** Empty where there is no header, or no ID in it. */
  readonly txId: string;
  /** Of an endorser transaction whose verdict is VALID; else null. Its own verdict counts after the look for duplicate IDs. */
  readonly written: WrittenNamespaces | null;
  /** Endorsers whose signatures hold; null where nobody needs to know. */
  readonly endorsers: CheckedEndorsers | null;
}

/** Checks the transactions of a block, as many at a time as there are slots. */
export function checkTransactions(
  envelopes: readonly EnvelopeView[],
  bundle: ChannelBundle,
  slots: Slots,
): Promise<readonly CheckedTransaction[]> {
  return Promise.all(envelopes.map((envelope) => slots.run(() => checkTransaction(envelope, bundle))));
}

/** Those of a genesis block, which nobody signed: whoever gives it is trusted. */
export function uncheckedTransactions(envelopes: readonly EnvelopeView[]): readonly CheckedTransaction[] {
  return envelopes.map((envelope) => ({
    envelope,
    verdict: VALID,
    ...headerOf(envelope),
    written: null,
    endorsers: null,
  }));
}

/**
 * Checks one transaction; the signatures of all run in parallel on the thread pool.
 * @throws CommitError `beyond_limits`
 */
export async function checkTransaction(envelope: EnvelopeView, bundle: ChannelBundle): Promise<CheckedTransaction> {
  const headers = checkHeaders(envelope);
  if (headers.code !== Code.VALID) {
    const { type, txId } = headerOf(envelope);
    return { envelope, verdict: headers, type, txId, written: null, endorsers: null };
  }
  const header = envelope.channelHeader;
  const creatorChecked = checkCreator(envelope, header.channel, bundle);
  // While the thread pool looks at the creator's signature: everything else that takes no state.
  const body = checkBody(envelope, header);
  let written: WrittenNamespaces | null = null;
  let endorsersChecked: Promise<CheckedEndorsers> | null = null;
  if (body.code === Code.VALID && header.type === common.HeaderType.ENDORSER_TRANSACTION) {
    written = writtenNamespaces(envelope);
    if (written.verdict.code === Code.VALID) {
      endorsersChecked = checkEndorsers(envelope.transaction.action, bundle.mspManager);
    }
  }
  const creator = await creatorChecked;
  const endorsers = await endorsersChecked;
  const verdict = creator.code === Code.VALID ? body : creator;
  const isValid = verdict.code === Code.VALID;
  return {
    envelope,
    verdict,
    type: header.type,
    txId: header.txId,
    written: isValid ? written : null,
    endorsers: isValid ? endorsers : null,
  };
}

/** The creator is a member in good standing and signed the payload (Fabric, `checkSignatureFromCreator`). */
async function checkCreator(envelope: EnvelopeView, channel: string, bundle: ChannelBundle): Promise<Verdict> {
  if (channel !== bundle.channelId) {
    // As in Fabric: no MSP of that name's channel knows the creator.
    return invalid(
      Code.BAD_CREATOR_SIGNATURE,
      `made for channel ${channel === '' ? 'without name' : channel.slice(0, 256)}, not ${bundle.channelId}`,
    );
  }
  let creator: MspIdentity;
  try {
    creator = bundle.mspManager.deserializeIdentity(envelope.signatureHeader.creator);
    creator.validate();
  } catch (error) {
    if (error instanceof MspError) {
      return invalid(Code.BAD_CREATOR_SIGNATURE, `creator is not accepted: ${error.message}`);
    }
    throw error;
  }
  return (await creator.verify(envelope.payloadBytes, envelope.signature))
    ? VALID
    : invalid(Code.BAD_CREATOR_SIGNATURE, `signature of ${creator.label} over the transaction does not hold`);
}

/** As much of the header as can be read: a transaction that is turned down is still found by its ID. */
function headerOf(envelope: EnvelopeView): { readonly type: number; readonly txId: string } {
  try {
    const { type, txId } = envelope.channelHeader;
    return { type, txId };
  } catch {
    return { type: -1, txId: '' };
  }
}
