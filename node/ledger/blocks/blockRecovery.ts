import { BlockView } from '#node/protos/blockView.ts';
import type { BlockFiles } from './blockFiles.ts';
import { indexedBlock } from './indexedBlock.ts';
import { decodeRecord } from './blockRecord.ts';
import { endOf, nameOf, type RecordPlace, scanFile } from './blockScan.ts';
import { BlockStoreError } from './blockStoreError.ts';
import type { BootstrapInfo } from './bootstrapInfo.ts';
import type { LevelBlockIndex, Savepoint } from './levelBlockIndex.ts';
import type { ChainTip } from './storedBlocks.ts';

/** What opening a store found. */
export interface Recovery {
  /** The file to append to; -1: none yet. */
  readonly file: number;
  /** Where to append. */
  readonly end: number;
  /** Blocks that were in the files and not in the index. */
  readonly indexed: number;
  /** Blocks that were in the index and not (any more) in the files. */
  readonly forgotten: number;
  /** Bytes of a block that was only partly written, cut off; null: none. */
  readonly cut: {
    readonly file: number;
    readonly offset: number;
    readonly bytes: number;
    readonly reason: string;
  } | null;
}

/**
 * Brings index and files together: the index gives up blocks that the files do not hold, then learns those that come after,
 * each checked (number, previous hash, data hash). What is left at the end of the last file is cut off if it is no whole block,
 * and so is all after the first bad block of those that were not synced.
 * @throws BlockStoreError `corrupt` for anything else that is not right
 */
export async function recover(
  files: BlockFiles,
  index: LevelBlockIndex,
  boot: BootstrapInfo | null,
): Promise<Recovery & { readonly tip: ChainTip }> {
  if (boot !== null && !(await index.hasSnapshot())) {
    throw new BlockStoreError('corrupt', 'the index of a channel joined from a snapshot is lost: join it again');
  }
  const count = await files.count();
  // Without a word on it only the last block can be torn.
  const durable = (await index.durableHeight()) ?? Number.POSITIVE_INFINITY;
  const { savepoint, forgotten } = await agree(files, index, boot, durable);
  let tip: ChainTip = tipOf(savepoint, boot);
  const before = tip.height;
  let cut: Recovery['cut'] = null;
  let end = savepoint === null ? 0 : endOf(savepoint.place);
  for (let file = savepoint?.place.file ?? 0; file < count; file++) {
    const last = file === count - 1;
    const walk = scanFile(files, file, file === savepoint?.place.file ? endOf(savepoint.place) : 0);
    let step = await walk.next();
    let bad: { readonly offset: number; readonly reason: string } | null = null;
    for (; step.done !== true && bad === null; step = await walk.next()) {
      const { place } = step.value;
      const checked = await check(files, place, tip);
      if (typeof checked === 'string') {
        if (!last || (endOf(place) < (await files.size(file)) && tip.height < durable)) {
          throw new BlockStoreError('corrupt', `${nameOf(file, place.offset)}: ${checked}`);
        }
        bad = { offset: place.offset, reason: checked };
        break;
      }
      await index.add(indexedBlock(checked.view, place, checked.envelopes), Math.min(durable, tip.height));
      tip = { height: tip.height + 1, lastHash: checked.view.hash, previousHash: checked.view.previousHash };
    }
    if (bad === null && step.done === true) {
      const { offset, torn } = step.value;
      bad = torn === null ? null : { offset, reason: torn };
      end = offset;
    }
    if (bad !== null) {
      if (!last) {
        throw new BlockStoreError('corrupt', `${nameOf(file, bad.offset)}: ${bad.reason}`);
      }
      end = bad.offset;
      cut = { file, offset: end, bytes: (await files.size(file)) - end, reason: bad.reason };
    }
  }
  if (count > 0) {
    await files.startWriting(count - 1);
    if (cut !== null) {
      await files.truncate(end);
    } else {
      // A crash may have left blocks that are written and not yet durable; from here on they are counted as such.
      await files.sync();
    }
    await index.setDurableHeight(tip.height);
  }
  return { tip, file: count - 1, end, indexed: tip.height - before, forgotten, cut };
}

/** The last block on which index and files agree. */
async function agree(
  files: BlockFiles,
  index: LevelBlockIndex,
  boot: BootstrapInfo | null,
  durable: number,
): Promise<{ readonly savepoint: Savepoint | null; readonly forgotten: number }> {
  const first = boot === null ? 0 : boot.lastBlock + 1;
  const indexed = await index.savepoint();
  if (indexed === null) {
    return { savepoint: null, forgotten: 0 };
  }
  const sizes = new Map<number, number>();
  let number = indexed.number;
  for (; number >= first; number--) {
    const place = await index.place(number);
    if (place === null) {
      throw new BlockStoreError('corrupt', `the index does not know block ${number}, but block ${indexed.number}`);
    }
    const size = sizes.get(place.file) ?? (await files.size(place.file));
    sizes.set(place.file, size);
    if (endOf(place) <= size) {
      break;
    }
  }
  number = await wholeUpTo(files, index, Math.max(first, durable), number);
  const forgotten = indexed.number - number;
  if (forgotten > 0) {
    await index.truncate(number + 1);
  }
  const savepoint = forgotten > 0 ? await index.savepoint() : indexed;
  if (savepoint !== null) {
    await expectSame(files, savepoint);
  }
  return { savepoint, forgotten };
}

/** The last block before the first one that a power cut has spoilt: looked for where blocks were not synced. */
async function wholeUpTo(files: BlockFiles, index: LevelBlockIndex, from: number, to: number): Promise<number> {
  for (let number = from; number <= to; number++) {
    const place = (await index.place(number)) as RecordPlace;
    const found = decoded(await files.read(place.file, place.offset + place.prefix, place.length));
    const hash = await index.hashOf(number);
    if (found === null || hash === null || Buffer.compare(found.view.hash, hash) !== 0 || !found.view.dataHashMatches) {
      return number - 1;
    }
  }
  return to;
}

/** An index of other files would send readers astray: one block tells. */
async function expectSame(files: BlockFiles, savepoint: Savepoint): Promise<void> {
  const { place, number } = savepoint;
  const body = await files.read(place.file, place.offset + place.prefix, place.length);
  const found = decoded(body);
  if (found === null || found.view.number !== number || Buffer.compare(found.view.hash, savepoint.hash) !== 0) {
    const detail = `${nameOf(place.file, place.offset)} does not hold block ${number} as the index knows it`;
    throw new BlockStoreError('corrupt', detail);
  }
}

function tipOf(savepoint: Savepoint | null, boot: BootstrapInfo | null): ChainTip {
  if (savepoint !== null) {
    const { number, hash, previousHash } = savepoint;
    return { height: number + 1, lastHash: hash, previousHash };
  }
  return boot === null
    ? { height: 0, lastHash: new Uint8Array(0), previousHash: new Uint8Array(0) }
    : { height: boot.lastBlock + 1, lastHash: boot.lastHash, previousHash: boot.previousHash };
}

/** The block at a place if it is the next one, else why it is not. */
async function check(
  files: BlockFiles,
  place: RecordPlace,
  tip: ChainTip,
): Promise<NonNullable<ReturnType<typeof decoded>> | string> {
  const found = decoded(await files.read(place.file, place.offset + place.prefix, place.length), place.prefix);
  if (found === null) {
    return 'the bytes are no block';
  }
  const { view } = found;
  if (view.number !== tip.height) {
    return `holds block ${view.number}, not block ${tip.height}`;
  }
  if (Buffer.compare(view.previousHash, tip.lastHash) !== 0) {
    return `block ${view.number} does not follow the block before it`;
  }
  return view.dataHashMatches ? found : `block ${view.number} has other data than its header says`;
}

function decoded(body: Uint8Array, prefix = 0) {
  try {
    const { parts, envelopes } = decodeRecord(body, prefix);
    return { view: BlockView.fromParts(parts), envelopes };
  } catch {
    return null;
  }
}
