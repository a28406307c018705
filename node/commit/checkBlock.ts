import { common } from '@hyperledger/fabric-protos';
import type { BlockReader } from '#node/ledger/blocks/blockReader.ts';
import { checkPolicies, type PolicyModules } from './checkPolicies.ts';
import type { CheckedTransaction } from './checkSignatures.ts';
import { Code, invalid, VALID, type Verdict } from './verdict.ts';

/** What decisions are made of that depend on the blocks before. */
export interface BlockModules extends PolicyModules {
  readonly blocks: Pick<BlockReader, 'hasTxIds'>;
}

/**
 * Decides about every transaction of a block, apart from what it read: structure and signatures come with them, here follow those
 * checks that look at the ledger. In Fabric's order, which tells the code where several would do: duplicate ID in the ledger,
 * chaincode and writes, endorsement policies, duplicate ID in the block.
 */
export async function checkBlock(
  transactions: readonly CheckedTransaction[],
  modules: BlockModules,
): Promise<readonly Verdict[]> {
  const duplicates = await committedBefore(transactions, modules.blocks);
  const verdicts = transactions.map((one, index): Verdict => {
    if (one.verdict.code !== Code.VALID) {
      return one.verdict;
    }
    if (duplicates.has(index)) {
      return invalid(Code.DUPLICATE_TXID, `a transaction with ID ${one.txId} is in the ledger already`);
    }
    return one.written?.verdict ?? VALID;
  });
  const toAsk = transactions.map((one, index) => (verdicts[index]?.code === Code.VALID ? one : null));
  for (const [index, verdict] of (await checkPolicies(toAsk, modules)).entries()) {
    if (verdict.code !== Code.VALID) {
      verdicts[index] = verdict;
    }
  }
  markDuplicatesInBlock(transactions, verdicts);
  return verdicts;
}

async function committedBefore(
  transactions: readonly CheckedTransaction[],
  blocks: Pick<BlockReader, 'hasTxIds'>,
): Promise<ReadonlySet<number>> {
  const asked: number[] = [];
  for (const [index, one] of transactions.entries()) {
    if (one.verdict.code === Code.VALID && one.type === common.HeaderType.ENDORSER_TRANSACTION) {
      asked.push(index);
    }
  }
  if (asked.length === 0) {
    return new Set();
  }
  const known = await blocks.hasTxIds(asked.map((index) => (transactions[index] as CheckedTransaction).txId));
  return new Set(asked.filter((_, position) => known[position] === true));
}

/** Of several transactions with one ID the first valid one counts. */
function markDuplicatesInBlock(transactions: readonly CheckedTransaction[], verdicts: Verdict[]): void {
  const seen = new Set<string>();
  for (const [index, { type, txId }] of transactions.entries()) {
    if (verdicts[index]?.code !== Code.VALID || type !== common.HeaderType.ENDORSER_TRANSACTION) {
      continue;
    }
    if (seen.has(txId)) {
      verdicts[index] = invalid(Code.DUPLICATE_TXID, `an earlier transaction of the block has ID ${txId}`);
    }
    seen.add(txId);
  }
}
