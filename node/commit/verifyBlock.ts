import { common } from '@hyperledger/fabric-protos';
import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { SignedData } from '#node/policy/policy.ts';
import { blockHeaderBytes } from '#node/protos/blockHeader.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { CommitError } from './commitError.ts';
import { transactionsNotWellFormed } from './envelopeForm.ts';

const BLOCK_VALIDATION = '/Channel/Orderer/BlockValidation';

/** What the next block has to follow. */
export interface ChainTip {
  /** Number of the next block. */
  readonly height: number;
  /** Header hash of the last one; null where there is none to compare with (an empty chain). */
  readonly hash: Uint8Array | null;
}

/**
 * Checks all that can be said of a block without looking into its transactions: it follows the chain, belongs to the channel, its
 * data are the data that the header was made for (Fabric, `VerifyBlock` of the message crypto service and of the deliver client).
 * The orderers' signatures are {@link verifyBlockSignatures}'s.
 *
 * @throws CommitError `unexpected_number`, `previous_hash`, `malformed_block`, `data_hash`, `wrong_channel`, `no_metadata`
 */
export function verifyChain(block: BlockView, tip: ChainTip, channelId: string): void {
  const { number } = block;
  if (number !== tip.height) {
    throw new CommitError('unexpected_number', number, `the chain goes on with block ${tip.height}`);
  }
  if (tip.hash !== null && Buffer.compare(block.previousHash, tip.hash) !== 0) {
    const [is, not] = [hex(block.previousHash), hex(tip.hash)];
    throw new CommitError('previous_hash', number, `follows a block with hash ${is || '(none)'}, not ${not}`);
  }
  const malformed = transactionsNotWellFormed(block);
  if (malformed !== null) {
    throw new CommitError('malformed_block', number, malformed);
  }
  if (!block.dataHashMatches) {
    const [is, not] = [hex(block.computedDataHash), hex(block.dataHash)];
    throw new CommitError('data_hash', number, `its transactions hash to ${is}, its header says ${not || 'nothing'}`);
  }
  const named = channelOf(block);
  if (named !== channelId) {
    throw new CommitError('wrong_channel', number, `belongs to channel ${named.slice(0, 256)}, not ${channelId}`);
  }
  if (block.metadata.length === 0) {
    throw new CommitError('no_metadata', number, 'no metadata, so no signature');
  }
}

/**
 * The channel that the block's first transaction was made for.
 * @throws CommitError `malformed_block`
 */
export function channelOf(block: BlockView): string {
  try {
    const [first] = block.envelopes;
    if (first !== undefined) {
      return first.channelHeader.channel;
    }
  } catch (cause) {
    if (!(cause instanceof ProtoError)) {
      throw cause;
    }
    throw new CommitError('malformed_block', block.number, `no channel to be found: ${cause.message}`, { cause });
  }
  throw new CommitError('malformed_block', block.number, 'no transactions');
}

/**
 * The orderers signed the header as the channel's BlockValidation policy demands. With BFT consensus that policy wants a quorum of
 * the consenters, whom signatures name by number.
 *
 * @throws CommitError `block_signature`
 */
export async function verifyBlockSignatures(block: BlockView, bundle: ChannelBundle): Promise<void> {
  const policy = bundle.policies.policy(BLOCK_VALIDATION);
  if (policy === null) {
    throw new CommitError('block_signature', block.number, `the channel has no policy ${BLOCK_VALIDATION}`);
  }
  let signed: readonly SignedData[];
  try {
    signed = signedHeaders(block, bundle);
  } catch (cause) {
    if (!(cause instanceof ProtoError)) {
      throw cause;
    }
    throw new CommitError('block_signature', block.number, `unreadable signatures: ${cause.message}`, { cause });
  }
  const verdict = await policy.evaluate(signed);
  if (!verdict.satisfied) {
    const dropped = verdict.rejected.map(({ index, reason }) => `signature ${index}: ${reason}`);
    throw new CommitError('block_signature', block.number, [verdict.reason, ...dropped].join('; '));
  }
}

function signedHeaders(block: BlockView, bundle: ChannelBundle): readonly SignedData[] {
  const bytes = block.metadata[common.BlockMetadataIndex.SIGNATURES];
  const metadata = decodeMessage(common.Metadata, bytes ?? new Uint8Array(0), 'common.Metadata (signatures)');
  const value = metadata.getValue_asU8();
  const header = blockHeaderBytes(block.number, block.previousHash, block.dataHash);
  const signed: SignedData[] = [];
  for (const one of metadata.getSignaturesList()) {
    const signatureHeader = one.getSignatureHeader_asU8();
    const identifierHeader = one.getIdentifierHeader_asU8();
    const signature = one.getSignature_asU8();
    if (bundle.isBft && signatureHeader.length === 0 && identifierHeader.length > 0) {
      const { identifier } = decodeMessage(
        common.IdentifierHeader,
        identifierHeader,
        'common.IdentifierHeader',
      ).toObject();
      const identity = bundle.consenterIdentity(identifier);
      // Whoever is no consenter does not count.
      if (identity !== null) {
        signed.push({ identity, signature, data: Buffer.concat([value, identifierHeader, header]) });
      }
    } else {
      const creator = decodeMessage(common.SignatureHeader, signatureHeader, 'common.SignatureHeader');
      signed.push({
        identity: creator.getCreator_asU8(),
        signature,
        data: Buffer.concat([value, signatureHeader, header]),
      });
    }
  }
  return signed;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
