import { createHash } from 'node:crypto';
import { encodeBlock } from '#node/protos/blockEncoder.ts';
import type { BlockParts, BlockView } from '#node/protos/blockView.ts';

/** For tests: a block with other parts; a hash that goes with its data unless that is one of them. */
export function blockWith(block: BlockView, parts: Partial<BlockParts>): Uint8Array {
  const { number = block.number, data = block.data, metadata = block.metadata } = parts;
  const digest = createHash('sha256');
  for (const one of data) {
    digest.update(one);
  }
  return encodeBlock({
    number,
    previousHash: block.previousHash,
    data,
    metadata,
    dataHash: parts.dataHash ?? digest.digest(),
  });
}
