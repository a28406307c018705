import type { BlockView } from '#node/protos/blockView.ts';
import type { IndexedBlock } from './blockIndex.ts';
import type { EnvelopePlace } from './blockRecord.ts';
import type { RecordPlace } from './blockScan.ts';
import { txIdOf } from './txIdOf.ts';

/** NOT_VALIDATED, where a block has no verdict. */
const NO_VERDICT = 254;

/** What the index keeps of a block. */
export function indexedBlock(view: BlockView, place: RecordPlace, envelopes: readonly EnvelopePlace[]): IndexedBlock {
  return {
    number: view.number,
    hash: view.hash,
    previousHash: view.previousHash,
    place,
    envelopes,
    txIds: view.envelopes.map(txIdOf),
    codes: view.envelopes.map((_, index) => view.transactionsFilter[index] ?? NO_VERDICT),
  };
}
