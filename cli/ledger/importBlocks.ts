import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import type { CommittedBlock, ReceivedBlock } from '#node/commit/blockStages.ts';
import { CommitError } from '#node/commit/commitError.ts';
import { channelOf } from '#node/commit/verifyBlock.ts';
import { channelsIn, PeerLedger } from '#node/ledger/peerLedger.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { listBlockFiles, readBlockFile } from './blockFiles.ts';

export interface ImportBlocksOptions {
  readonly ledger: string;
  readonly paths: readonly string[];
  readonly state: 'leveldb' | 'memory';
  readonly overlap: boolean;
  readonly signal: AbortSignal;
  /** Height is the number of blocks that the ledger has then. */
  readonly onStart?: (start: { readonly channelId: string; readonly height: number; readonly files: number }) => void;
  readonly onBlock: (block: CommittedBlock) => void;
  readonly onRecovery?: (block: number, height: number) => void;
}

export interface ImportedBlocks {
  readonly channelId: string;
  readonly height: number;
  readonly added: number;
  /** Blocks that the ledger had, with the same hash. */
  readonly known: number;
  /** Transactions added, by the name of their code. */
  readonly codes: ReadonlyMap<string, number>;
}

/**
 * Commits the blocks of files to a ledger, which is made where there is none. Files with blocks that the ledger has are passed over:
 * an import that was interrupted goes on when it is started again.
 * @throws CommitError, BlockFileError, errors of the stores
 */
export async function importBlocks(options: ImportBlocksOptions): Promise<ImportedBlocks> {
  const files = await listBlockFiles(options.paths);
  const channelId = await channelFor(options.ledger, files);
  await using ledger = await PeerLedger.open({
    folder: options.ledger,
    channelId,
    state: options.state,
    onRecovery: ({ block, height }) => options.onRecovery?.(block, height),
  });
  const pipeline = await BlockPipeline.open({ overlap: options.overlap }, { ledger });
  options.onStart?.({ channelId, height: ledger.height, files: files.length });
  const codes = new Map<string, number>();
  const counts = { known: 0, added: 0 };
  for await (const block of pipeline.run(newBlocks(files, ledger, counts, options.signal))) {
    counts.added++;
    for (const { codeName } of block.transactions) {
      codes.set(codeName, (codes.get(codeName) ?? 0) + 1);
    }
    options.onBlock(block);
  }
  return { channelId, height: ledger.height, ...counts, codes };
}

/** The one that the ledger holds, else the one that the first block begins. */
async function channelFor(folder: string, files: readonly string[]): Promise<string> {
  const [known, ...more] = await channelsIn(folder);
  if (more.length > 0) {
    throw new CommitError(
      'wrong_channel',
      null,
      `${folder} holds more than one channel: ${[known, ...more].join(', ')}`,
    );
  }
  if (known !== undefined) {
    return known;
  }
  const [first] = files;
  if (first === undefined) {
    throw new CommitError('unexpected_number', null, 'no blocks were given');
  }
  const block = await readBlockFile(first);
  if (block.number !== 0) {
    throw new CommitError('unexpected_number', block.number, `a new ledger begins with block 0, ${first} is not it`);
  }
  return channelOf(block);
}

async function* newBlocks(
  files: readonly string[],
  ledger: PeerLedger,
  counts: { known: number },
  signal: AbortSignal,
): AsyncGenerator<ReceivedBlock> {
  const { height } = ledger;
  for (const path of files) {
    if (signal.aborted) {
      return;
    }
    const view = await readBlockFile(path);
    if (view.number < height) {
      // Of blocks before a snapshot nothing is here to compare with.
      if (view.number >= ledger.blocks.firstBlock) {
        await expectSame(view, ledger);
      }
      counts.known++;
    } else {
      yield { view };
    }
  }
}

async function expectSame(given: BlockView, ledger: PeerLedger): Promise<void> {
  const stored = await ledger.blocks.byNumber(given.number);
  if (stored === null || Buffer.compare(stored.hash, given.hash) !== 0) {
    const [is, not] = [given.hash, stored?.hash ?? []].map((hash) => Buffer.from(hash).toString('hex'));
    throw new CommitError('fork', given.number, `the ledger has another block of this number: ${not}, given ${is}`);
  }
}
