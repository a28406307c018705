import { common } from '@hyperledger/fabric-protos';
import type { MvccResult } from '#node/ledger/mvcc/mvcc.ts';
import type { PreparedBlock } from '#node/ledger/peerLedger.ts';
import type { CommitLedger } from './commitLedger.ts';
import { commitHash } from '#node/ledger/state/updateBytes.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { headerTypeName, validationCodeName } from '#node/protos/enumNames.ts';
import type { CheckedTransaction } from './checkSignatures.ts';
import {
  type CommittedBlock,
  type CommittedTransaction,
  type Durations,
  timed,
  type ValidatedBlock,
} from './blockStages.ts';
import type { TxCode } from './verdict.ts';

const { TRANSACTIONS_FILTER, COMMIT_HASH } = common.BlockMetadataIndex;
const NOTHING = new Uint8Array(0);

/**
 * The last step: versions and ranges that were read are compared with the state, the codes and the commit hash go into the block's
 * metadata, and the block into the ledger. Nothing is written before all of that is known.
 */
export async function commitBlock(
  validated: ValidatedBlock,
  transactions: readonly CheckedTransaction[],
  ledger: CommitLedger,
): Promise<{ readonly committed: CommittedBlock; readonly prepared: PreparedBlock }> {
  const durations: Durations = { ...validated.durations };
  const result = await timed(durations, 'mvcc', () => ledger.validateReads(validated.view, validated.codes));
  const hash = nextCommitHash(validated.view.number, result, ledger.commitHash);
  const stored = stampBlock(validated.view, result.codes, hash);
  const prepared: PreparedBlock = {
    block: stored,
    result,
    commitHash: hash,
    privateData: validated.privateData ?? [],
  };
  await ledger.commit(prepared, (step, run) => timed(durations, step, run));
  return {
    prepared,
    committed: {
      channelId: ledger.channelId,
      number: stored.number,
      hash: stored.hash,
      previousHash: stored.previousHash,
      dataHash: stored.dataHash,
      commitHash: hash,
      isConfig: validated.isConfig,
      durations,
      view: stored,
      transactions: transactions.map((one, index): CommittedTransaction => {
        const code = result.codes[index] as TxCode;
        return {
          id: one.txId,
          type: one.type < 0 ? 'UNKNOWN' : headerTypeName(one.type),
          code,
          codeName: validationCodeName(code),
          reason: code === 0 ? null : (validated.reasons.get(index) ?? result.reasons.get(index) ?? null),
        };
      }),
    },
  };
}

/** A peer's running hash over codes and writes begins with block 1; a chain that was begun without it goes on without. */
export function nextCommitHash(block: number, result: MvccResult, previous: Uint8Array | null): Uint8Array | null {
  return block === 1 || previous !== null ? commitHash(previous, result.codes, result.updateBytes) : null;
}

/** The block as a peer stores it: with its own codes and commit hash, whatever a copy from elsewhere held there. */
export function stampBlock(block: BlockView, codes: Uint8Array, hash: Uint8Array | null): BlockView {
  const metadata = Array.from({ length: Math.max(block.metadata.length, COMMIT_HASH + 1) }, (_, index) => {
    return block.metadata[index] ?? NOTHING;
  });
  metadata[TRANSACTIONS_FILTER] = codes;
  metadata[COMMIT_HASH] = hash === null ? NOTHING : metadataWithValue(hash);
  return block.withMetadata(metadata);
}

function metadataWithValue(value: Uint8Array): Uint8Array {
  const metadata = new common.Metadata();
  metadata.setValue(value);
  return metadata.serializeBinary();
}
