import { ChannelBundle } from '#node/channel/bundle.ts';
import type { CommitLedger } from './commitLedger.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { type CommittedBlock, type Durations, type ReceivedBlock, timed, type ValidatedBlock } from './blockStages.ts';
import type { VerifiedBlock } from './blockStages.ts';
import { ChaincodeDefinitions } from './chaincodeDefinitions.ts';
import { checkBlock } from './checkBlock.ts';
import { type CheckedTransaction, checkTransactions, uncheckedTransactions } from './checkSignatures.ts';
import { commitBlock } from './commitBlock.ts';
import { CommitError } from './commitError.ts';
import { applyConfigurations } from './configTransactions.ts';
import { isConfigBlock } from './envelopeForm.ts';
import { PolicyBook } from './policyBook.ts';
import { Slots } from './slots.ts';
import type { ValidationPlugins } from './validationPlugins.ts';
import { Code, reasonOf, type Verdict } from './verdict.ts';
import { type ChainTip, verifyBlockSignatures, verifyChain } from './verifyBlock.ts';

/**
 * Transactions whose signatures are on the thread pool at a time: enough that its threads are not out of work while this one
 * decodes, little enough that what the block before writes does not wait long behind them.
 */
const IN_FLIGHT = 96;

export interface BlockPipelineOptions {
  /**
   * Look at blocks while those before are still being committed (FastFabric, P-II). The result is the same: what depends on the
   * blocks before waits for them. Default true.
   */
  readonly overlap?: boolean;
  /** How many blocks may be ahead of the one that is being committed. Default 4. */
  readonly lookAhead?: number;
  /** Check the signatures of transactions in parallel. Default true. */
  readonly parallel?: boolean;
  /** How many transactions at a time. Default 96. */
  readonly inFlight?: number;
  /** Keep what was decoded from step to step (FastFabric, P-III). Default true; false shows what it is worth. */
  readonly decodeOnce?: boolean;
}

/** Called with every block that was committed, before the next one is: where `gossip.commit` is recorded. */
export type CommitHook = (block: CommittedBlock) => void;

export interface BlockPipelineModules {
  readonly ledger: CommitLedger;
  readonly onCommit?: CommitHook;
  /** Beside Fabric's own, by the names that chaincode definitions give. */
  readonly validationPlugins?: ValidationPlugins;
}

/** A block whose signatures are being checked; it waits for the block before it. */
interface StartedBlock {
  readonly received: ReceivedBlock;
  readonly isConfig: boolean;
  readonly bundle: ChannelBundle;
  readonly durations: Durations;
  readonly checks: Promise<readonly CheckedTransaction[]>;
}

/**
 * What happens when a block arrives.
 *
 * ```
 * ReceivedBlock    follows the chain, is whole, is of this channel                  verifyBlock.ts, envelopeForm.ts
 *   │              signed by the orderers as the channel demands                    verifyBlock.ts
 * VerifiedBlock    headers, creator's signature, ID, proposal hash                  transactionForm.ts, checkSignatures.ts
 *   │              chaincode, event, write sets; endorsers' signatures              namespaceRules.ts, checkEndorsers.ts
 *   │  - - - - - - from here on the block before must be committed - - - - - - - -
 *   │              ID not in the ledger, nor twice in the block                     checkBlock.ts
 *   │              definitions; policies of keys, collections, chaincodes           checkPolicies.ts
 *   │              configuration against the one in force                           configTransactions.ts
 * ValidatedBlock   versions and ranges that were read; codes; commit hash           commitBlock.ts
 *   │  - - - - - - nothing was written so far  - - - - - - - - - - - - - - - - - -
 *   │              private data, block store, state, history                        ledger/peerLedger.ts
 * CommittedBlock   hook `gossip.commit`
 * ```
 */
export class BlockPipeline {
  readonly #ledger: CommitLedger;
  readonly #onCommit: CommitHook;
  readonly #lookAhead: number;
  readonly #slots: Slots;
  readonly #decodeOnce: boolean;
  readonly #definitions: ChaincodeDefinitions;
  readonly #plugins: ValidationPlugins;
  #bundle: ChannelBundle | null;
  #book: PolicyBook | null;
  #running = false;

  private constructor(options: BlockPipelineOptions, modules: BlockPipelineModules, bundle: ChannelBundle | null) {
    this.#ledger = modules.ledger;
    this.#onCommit = modules.onCommit ?? (() => {});
    this.#lookAhead = options.overlap === false ? 0 : (options.lookAhead ?? 4);
    this.#slots = new Slots(options.parallel === false ? 1 : (options.inFlight ?? IN_FLIGHT));
    this.#decodeOnce = options.decodeOnce ?? true;
    this.#definitions = new ChaincodeDefinitions(modules.ledger.state);
    this.#plugins = modules.validationPlugins ?? {};
    this.#bundle = bundle;
    this.#book = bundle === null ? null : new PolicyBook(bundle);
  }

  /** Takes up the channel's configuration from the ledger; an empty ledger gets it from block 0. */
  static async open(options: BlockPipelineOptions, modules: BlockPipelineModules): Promise<BlockPipeline> {
    const { ledger } = modules;
    const config = await ledger.configEnvelope();
    const bundle = config === null ? null : usable(ChannelBundle.fromConfigEnvelope(ledger.channelId, config));
    return new BlockPipeline(options, modules, bundle);
  }

  /** The configuration in force; null before block 0. */
  get bundle(): ChannelBundle | null {
    return this.#bundle;
  }

  /** Commits one block; `run` is faster for many. */
  async commit(received: ReceivedBlock): Promise<CommittedBlock> {
    for await (const committed of this.run([received])) {
      return committed;
    }
    throw new CommitError('closed', received.view.number, 'not committed');
  }

  /**
   * Commits blocks as they come, in order, and gives each when it is in the ledger. The first that cannot be taken ends the run
   * with its error, after those before it were given; the ledger is as they left it, and another run may go on from there.
   *
   * @throws CommitError, and errors of the stores
   */
  async *run(source: AsyncIterable<ReceivedBlock> | Iterable<ReceivedBlock>): AsyncGenerator<CommittedBlock, void> {
    if (this.#running) {
      throw new CommitError('closed', null, 'blocks of another source are being committed');
    }
    this.#running = true;
    const inFlight: Promise<CommittedBlock>[] = [];
    try {
      let tip: ChainTip = this.#ledger.tip;
      let before: Promise<unknown> = Promise.resolve();
      try {
        for await (const received of source) {
          verifyChain(received.view, tip, this.#ledger.channelId);
          const started = this.#start(received);
          const committed = before.then(() => this.#finish(started));
          committed.catch(() => {});
          inFlight.push(committed);
          before = committed;
          tip = { height: received.view.number + 1, hash: received.view.hash };
          // Nothing can be said of a block before the configuration that it comes under is known.
          const mayWait = started.isConfig ? 0 : this.#lookAhead;
          while (inFlight.length > mayWait) {
            yield await (inFlight.shift() as Promise<CommittedBlock>);
          }
        }
      } catch (error) {
        yield* drain(inFlight);
        throw error;
      }
      yield* drain(inFlight);
    } finally {
      // Whoever stops listening still finds the ledger at rest.
      await Promise.allSettled(inFlight);
      this.#running = false;
    }
  }

  /** All that can be found out without the block before: runs while that one is being committed. */
  #start(received: ReceivedBlock): StartedBlock {
    const { view } = received;
    const bundle = this.#bundle ?? this.#genesisBundle(view);
    const durations: Durations = {};
    const checks = Promise.all([
      timed(durations, 'signatures', () =>
        view.number === 0
          ? Promise.resolve(uncheckedTransactions(view.envelopes))
          : checkTransactions(view.envelopes, bundle, this.#slots),
      ),
      // Nobody signs a genesis block: whoever gives it is trusted.
      view.number === 0 ? null : timed(durations, 'verify', () => verifyBlockSignatures(view, bundle)),
    ]).then(([transactions]) => transactions);
    checks.catch(() => {});
    return { received, isConfig: isConfigBlock(view), bundle, durations, checks };
  }

  /** The rest, once the block before is in the ledger. */
  async #finish(started: StartedBlock): Promise<CommittedBlock> {
    const { received, isConfig, bundle, durations } = started;
    const transactions = await started.checks;
    const verified: VerifiedBlock = { ...received, isConfig, bundle, durations };
    const validated = await this.#validate(verified, transactions);
    const { committed, prepared } = await commitBlock(validated, transactions, this.#ledger);
    this.#definitions.changed(prepared.result.updates.public.keys());
    if (validated.newBundle !== null) {
      this.#bundle = validated.newBundle;
      this.#book = new PolicyBook(validated.newBundle);
    }
    this.#onCommit(committed);
    return committed;
  }

  async #validate(verified: VerifiedBlock, transactions: readonly CheckedTransaction[]): Promise<ValidatedBlock> {
    const { bundle } = verified;
    const view = this.#decodeOnce ? verified.view : BlockView.fromBytes(verified.view.bytes);
    const { number } = view;
    let verdicts: readonly Verdict[] = transactions.map(({ verdict }) => verdict);
    let newBundle: ChannelBundle | null = bundle;
    if (number > 0) {
      const book = this.#book ?? new PolicyBook(bundle);
      const { state, blocks } = this.#ledger;
      await timed(verified.durations, 'policies', async () => {
        const definitions = this.#definitions;
        verdicts = await checkBlock(transactions, { bundle, book, definitions, state, blocks, plugins: this.#plugins });
        const applied = await applyConfigurations(number, transactions, bundle);
        newBundle = applied === null ? null : usable(applied);
      });
    }
    const reasons = new Map<number, string>();
    for (const [index, { code, reason }] of verdicts.entries()) {
      if (code !== Code.VALID && reason !== null) {
        reasons.set(index, reason);
      }
    }
    return { ...verified, view, codes: Uint8Array.from(verdicts, ({ code }) => code), reasons, newBundle };
  }

  #genesisBundle(view: BlockView): ChannelBundle {
    const [first] = view.envelopes;
    if (first === undefined || !isConfigBlock(view)) {
      throw new CommitError(
        'config_rejected',
        view.number,
        'a chain begins with a configuration, this block holds none',
      );
    }
    try {
      return usable(ChannelBundle.fromConfigEnvelope(this.#ledger.channelId, first.payload.data));
    } catch (cause) {
      if (cause instanceof CommitError) {
        throw cause;
      }
      throw new CommitError('config_rejected', view.number, `unusable configuration: ${reasonOf(cause)}`, { cause });
    }
  }
}

/**
 * @throws CommitError `unsupported_capability`: what this node does not know, or the rules of releases before 2.0, which are not
 * built here
 */
function usable(bundle: ChannelBundle): ChannelBundle {
  try {
    bundle.requireSupported('peer');
  } catch (cause) {
    throw new CommitError('unsupported_capability', null, reasonOf(cause), { cause });
  }
  if (bundle.application?.capabilities.v20Validation !== true) {
    const names = [...(bundle.application?.capabilities.names ?? [])].join(', ') || 'none';
    throw new CommitError(
      'unsupported_capability',
      null,
      `the channel validates by the rules of releases before 2.0 (Application capabilities: ${names})`,
    );
  }
  return bundle;
}

async function* drain(inFlight: Promise<CommittedBlock>[]): AsyncGenerator<CommittedBlock, void> {
  while (inFlight.length > 0) {
    yield await (inFlight.shift() as Promise<CommittedBlock>);
  }
}
