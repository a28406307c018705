import { BlockView } from '#node/protos/blockView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import type { StoredRecord } from '#trace/record.ts';
import { BlockError } from './blockError.ts';
import { BlockMemory, blockRecords } from './blockRecords.ts';
import { looksLikeBlock } from './looksLikeBlock.ts';

export interface BlockOptions {
  /** For blocks of which no transaction names the channel. */
  readonly channel?: string;
  /** 128 MiB. */
  readonly maxBytes?: number;
}

/** Fabric's own limit. */
const MAX_CHANNEL = 249;

/** The records of one block: see `BlockSource.decode`. For one block; a `BlockSource` does not repeat the network's facts. */
export function decodeBlock(bytes: Uint8Array, options: BlockOptions = {}): StoredRecord[] {
  return new BlockSource(options).decode(bytes);
}

/** Turns blocks into records. Remembers, within bounds, which facts of the network it has told. */
export class BlockSource {
  readonly #options: BlockOptions;
  readonly #memory = new BlockMemory();

  constructor(options: BlockOptions = {}) {
    this.#options = options;
  }

  /**
   * The records of one serialised `common.Block`: `block.header`, a `block.tx` for each transaction, and what the block says of
   * the network (`node.identity`, `channel.config`, `chaincode.definition`) and was not told before. A transaction that
   * cannot be decoded is a record with `error`; codes are absent where this copy of the block holds none (an orderer's).
   * IDs depend on nothing but the content: copies of a block from two peers give the same ones.
   * @throws BlockError for bytes that are no intact block.
   */
  decode(bytes: Uint8Array): StoredRecord[] {
    return this.recordsOf(this.#read(bytes));
  }

  /**
   * The records of a block that has been taken apart already.
   * @param asked channel that it was asked for, where no transaction names it
   * @throws BlockError for a block that is not intact
   */
  recordsOf(block: BlockView, asked?: string): StoredRecord[] {
    if (!block.dataHashMatches) {
      throw new BlockError('data_hash_mismatch', `block ${block.number}: its data is not what its header says`);
    }
    const channel = block.channel ?? asked ?? this.#options.channel ?? '';
    if (channel === '' || channel.length > MAX_CHANNEL) {
      const why =
        channel === '' ? 'no transaction names its channel' : `a channel name of ${channel.length} characters`;
      throw new BlockError('no_channel', `block ${block.number}: ${why}`);
    }
    return blockRecords(block, channel, this.#memory);
  }

  #read(bytes: Uint8Array): BlockView {
    let block: BlockView;
    try {
      block = BlockView.fromBytes(bytes, this.#options);
    } catch (cause) {
      if (!(cause instanceof ProtoError)) {
        throw cause;
      }
      const code = cause.code === 'too_large' ? 'too_large' : looksLikeBlock(bytes) ? 'undecodable' : 'not_a_block';
      throw new BlockError(code, cause.message, { cause });
    }
    if (!block.dataHashMatches) {
      // Many bytes that are no block at all read as one without hashes.
      throw looksLikeBlock(bytes)
        ? new BlockError('data_hash_mismatch', `block ${block.number}: its data is not what its header says`)
        : new BlockError('not_a_block', 'no block: header and data do not belong together');
    }
    return block;
  }
}
