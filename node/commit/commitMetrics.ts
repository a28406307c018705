import { Counter, Histogram, type Registry } from 'prom-client';
import type { BlockStoreMetrics } from '#node/ledger/blocks/blockStoreMetrics.ts';
import type { CommittedBlock, Durations } from './blockStages.ts';
import { Code } from './verdict.ts';

const BUCKETS = [0.005, 0.01, 0.015, 0.05, 0.1, 1, 10];
/** Fabric does not look into what was found invalid before versions are compared. */
const LOOKED_INTO: ReadonlySet<number> = new Set([Code.VALID, Code.MVCC_READ_CONFLICT, Code.PHANTOM_READ_CONFLICT]);

/** What a peer tells of the blocks that it commits, under Fabric's names (core/ledger/kvledger/metrics.go). */
export class CommitMetrics {
  readonly #blocks: BlockStoreMetrics;
  readonly #processing: Histogram<'channel'>;
  readonly #blocksAndPrivateData: Histogram<'channel'>;
  readonly #state: Histogram<'channel'>;
  readonly #transactions: Counter<'channel' | 'transaction_type' | 'chaincode' | 'validation_code'>;
  readonly #steps: Counter<'channel' | 'step'>;

  constructor(registry: Registry, modules: { readonly blocks: BlockStoreMetrics }) {
    this.#blocks = modules.blocks;
    const registers = [registry];
    const time = (name: string, help: string): Histogram<'channel'> =>
      new Histogram({ name, help, labelNames: ['channel'], buckets: BUCKETS, registers });
    this.#processing = time('ledger_block_processing_time', 'Time taken in seconds for ledger block processing.');
    this.#blocksAndPrivateData = time(
      'ledger_blockstorage_and_pvtdata_commit_time',
      'Time taken in seconds for committing the block and private data to storage.',
    );
    this.#state = time('ledger_statedb_commit_time', 'Time taken in seconds for committing block changes to state db.');
    this.#transactions = new Counter({
      name: 'ledger_transaction_count',
      help: 'Number of transactions processed.',
      labelNames: ['channel', 'transaction_type', 'chaincode', 'validation_code'],
      registers,
    });
    this.#steps = new Counter({
      name: 'ftl_commit_step_seconds_total',
      help: 'Time that blocks have spent in each step of their way into the ledger (docs/lifecycle-of-a-block.md).',
      labelNames: ['channel', 'step'],
      registers,
    });
  }

  committed(block: CommittedBlock): void {
    const { channelId: channel, durations } = block;
    const blockStore = seconds(durations, 'blockStore');
    this.#blocks.committed(channel, block.number + 1, blockStore);
    this.#processing.observe({ channel }, seconds(durations, 'mvcc'));
    this.#blocksAndPrivateData.observe({ channel }, blockStore + seconds(durations, 'privateData'));
    this.#state.observe({ channel }, seconds(durations, 'state'));
    for (const [step, microseconds] of Object.entries(durations)) {
      this.#steps.inc({ channel, step }, microseconds / 1e6);
    }
    for (const { count, ...labels } of outcomes(block)) {
      this.#transactions.inc({ channel, ...labels }, count);
    }
  }
}

function seconds(durations: Durations, step: keyof Durations): number {
  return (durations[step] ?? 0) / 1e6;
}

interface Outcome {
  readonly transaction_type: string;
  readonly chaincode: string;
  readonly validation_code: string;
  count: number;
}

/** Transactions by what became of them: most of a block's have the same labels. */
function outcomes({ view, transactions }: CommittedBlock): Iterable<Outcome> {
  const found = new Map<string, Outcome>();
  for (const [index, { type, code, codeName }] of transactions.entries()) {
    const known = LOOKED_INTO.has(code);
    const transactionType = known ? type : 'unknown';
    const chaincode = known && type === 'ENDORSER_TRANSACTION' ? chaincodeOf(view, index) : 'unknown';
    const key = `${transactionType}\0${chaincode}\0${codeName}`;
    const outcome = found.get(key);
    if (outcome === undefined) {
      found.set(key, { transaction_type: transactionType, chaincode, validation_code: codeName, count: 1 });
    } else {
      outcome.count++;
    }
  }
  return found.values();
}

function chaincodeOf(view: CommittedBlock['view'], index: number): string {
  try {
    const { name, version } = (view.envelopes[index] as (typeof view.envelopes)[number]).transaction.action.chaincode;
    return `${name}:${version}`;
  } catch {
    return 'unknown';
  }
}
