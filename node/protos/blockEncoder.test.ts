import { describe, expect, it } from 'vitest';
import { BlockView } from './blockView.ts';
import { VERSIONS, vendoredBlocks } from './testBlocks.ts';

describe('a block taken apart and put together', () => {
  for (const version of VERSIONS) {
    it(`is the same bytes for every block of ${version}`, () => {
      for (const { bytes } of vendoredBlocks(version).blocks) {
        const view = BlockView.fromBytes(bytes);
        const again = BlockView.fromParts(view);
        expect(Buffer.compare(again.bytes, bytes)).toBe(0);
        expect(again.message.toObject()).toEqual(view.message.toObject());
        expect(again.commitHash).toEqual(view.commitHash);
      }
    });
  }

  it('keeps what is decoded when a peer sets the metadata', () => {
    const view = BlockView.fromBytes(vendoredBlocks('v3.1.5').blocks[4]?.bytes as Uint8Array);
    const metadata = view.metadata.map((part, index) => (index === 2 ? Uint8Array.of(11) : part));
    const decided = view.withMetadata(metadata);
    expect(decided.envelopes[0]).toBe(view.envelopes[0]);
    expect(decided.validationCode(0)).toBe(11);
    expect(BlockView.fromBytes(decided.bytes).validationCode(0)).toBe(11);
    expect(Buffer.compare(decided.hash, view.hash)).toBe(0);
  });
});
