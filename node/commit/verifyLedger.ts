import type { BlockReader } from '#node/ledger/blocks/blockReader.ts';
import type { StateDatabase, VersionedEntry } from '#node/ledger/state/stateDatabase.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { validationCodeName } from '#node/protos/enumNames.ts';
import { isPrivateNamespace } from '#node/ledger/state/namespaces.ts';
import { BlockPipeline } from './blockPipeline.ts';
import type { CommittedBlock, ReceivedBlock } from './blockStages.ts';
import { ShadowLedger } from './shadowLedger.ts';

/** Something in a stored ledger that is not as it must be. */
export type Discrepancy =
  /** A transaction's code is not what the rules say. */
  | {
      readonly kind: 'code';
      readonly block: number;
      readonly index: number;
      readonly txId: string;
      readonly stored: string;
      readonly computed: string;
      readonly reason: string | null;
    }
  /** The running hash over codes and writes is not what these make. */
  | { readonly kind: 'commit_hash'; readonly block: number; readonly stored: string; readonly computed: string }
  /** A key of the stored state is not what the blocks make. */
  | { readonly kind: 'state'; readonly namespace: string; readonly key: string; readonly detail: string };

export interface LedgerVerification {
  readonly channelId: string;
  readonly blocks: number;
  readonly transactions: number;
  /** Header hash of the last block, hex. */
  readonly lastHash: string;
  /** Computed from scratch; null before block 1. */
  readonly commitHash: string | null;
  /** Keys of the stored state that were compared; null where there was none to compare. */
  readonly keys: number | null;
  /** At most {@link MAX_DISCREPANCIES}; `more` counts the rest. */
  readonly discrepancies: readonly Discrepancy[];
  readonly more: number;
}

export const MAX_DISCREPANCIES = 100;

export interface VerifyLedgerModules {
  readonly blocks: BlockReader;
  /** Empty; filled with what the blocks make. Whoever made it closes it. */
  readonly scratch: StateDatabase;
  /** The ledger's own state, to be compared; null where it is not at hand. */
  readonly state: StateDatabase | null;
  readonly onBlock?: (block: CommittedBlock) => void;
}

/**
 * Goes through a stored ledger as if its blocks had just come: the chain of hashes, the orderers' signatures, every transaction's
 * checks, versions and ranges; then compares the codes and commit hashes that the peer stored, and its state.
 *
 * @throws CommitError where a block does not belong there at all (hash chain, signatures): what follows it proves nothing
 */
export async function verifyLedger({
  blocks,
  scratch,
  state,
  onBlock,
}: VerifyLedgerModules): Promise<LedgerVerification> {
  const found = new Findings();
  const shadow = new ShadowLedger(blocks, scratch);
  const pipeline = await BlockPipeline.open({}, { ledger: shadow });
  let transactions = 0;
  let count = 0;
  for await (const computed of pipeline.run(received(blocks))) {
    const stored = await blocks.byNumber(computed.number);
    if (stored !== null) {
      compareBlock(stored, computed, found);
    }
    transactions += computed.transactions.length;
    count++;
    onBlock?.(computed);
  }
  return {
    channelId: blocks.channelId,
    blocks: count,
    transactions,
    lastHash: hex(blocks.lastHash),
    commitHash: shadow.commitHash === null ? null : hex(shadow.commitHash),
    keys: state === null ? null : await compareStates(state, scratch, found),
    discrepancies: found.list,
    more: found.more,
  };
}

async function* received(blocks: BlockReader): AsyncGenerator<ReceivedBlock> {
  for await (const view of blocks.iterate(0)) {
    yield { view };
  }
}

class Findings {
  readonly list: Discrepancy[] = [];
  more = 0;

  add(one: Discrepancy): void {
    if (this.list.length < MAX_DISCREPANCIES) {
      this.list.push(one);
    } else {
      this.more++;
    }
  }
}

function compareBlock(stored: BlockView, computed: CommittedBlock, found: Findings): void {
  const { number: block } = computed;
  for (const [index, { id: txId, code, codeName, reason }] of computed.transactions.entries()) {
    const storedCode = stored.transactionsFilter[index];
    if (storedCode !== code) {
      const name = storedCode === undefined ? '(none)' : validationCodeName(storedCode);
      found.add({ kind: 'code', block, index, txId, stored: name, computed: codeName, reason });
    }
  }
  const [was, is] = [hex(stored.commitHash), hex(computed.commitHash)];
  if (was !== is) {
    found.add({ kind: 'commit_hash', block, stored: was, computed: is });
  }
}

/** Both in the same order: one walk. Private data cannot be made from blocks, their hashes can. */
async function compareStates(state: StateDatabase, scratch: StateDatabase, found: Findings): Promise<number> {
  const stored = state.scan(madeByBlocks)[Symbol.asyncIterator]();
  const computed = scratch.scan(madeByBlocks)[Symbol.asyncIterator]();
  let keys = 0;
  let [one, other] = [await stored.next(), await computed.next()];
  while (one.done !== true || other.done !== true) {
    const order = one.done === true ? 1 : other.done === true ? -1 : compareEntries(one.value, other.value);
    if (order < 0) {
      report(one.value as VersionedEntry, 'is in the state, though no block wrote it');
    } else if (order > 0) {
      report(other.value as VersionedEntry, 'is missing in the state');
    } else {
      keys++;
      const detail = difference(one.value as VersionedEntry, other.value as VersionedEntry);
      if (detail !== null) {
        report(one.value as VersionedEntry, detail);
      }
    }
    if (order <= 0) {
      one = await stored.next();
    }
    if (order >= 0) {
      other = await computed.next();
    }
  }
  return keys;

  function report({ namespace, key }: VersionedEntry, detail: string): void {
    found.add({ kind: 'state', namespace, key, detail });
  }
}

function madeByBlocks(namespace: string): boolean {
  return !isPrivateNamespace(namespace);
}

function versionText({ version }: VersionedEntry): string {
  return `${version.block}:${version.tx}`;
}

function compareEntries(one: VersionedEntry, other: VersionedEntry): number {
  return (
    Buffer.compare(Buffer.from(one.namespace), Buffer.from(other.namespace)) ||
    Buffer.compare(Buffer.from(one.key), Buffer.from(other.key))
  );
}

function difference(stored: VersionedEntry, computed: VersionedEntry): string | null {
  if (Buffer.compare(stored.value, computed.value) !== 0) {
    return 'holds another value than the blocks wrote';
  }
  if (stored.version.block !== computed.version.block || stored.version.tx !== computed.version.tx) {
    return `has version ${versionText(stored)}, the blocks make it ${versionText(computed)}`;
  }
  const same =
    stored.metadata === null || computed.metadata === null
      ? stored.metadata === computed.metadata
      : Buffer.compare(stored.metadata, computed.metadata) === 0;
  return same ? null : 'has other metadata than the blocks wrote';
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString('hex');
}
