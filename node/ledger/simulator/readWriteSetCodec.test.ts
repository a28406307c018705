import { describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { sharedBlocks, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { ReadWriteSetBuilder } from './readWriteSetBuilder.ts';
import { encodeReadWriteSet } from './readWriteSetCodec.ts';

interface Recorded {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly set: ReadWriteSetView;
}

/** What endorsers of real networks signed. */
const recorded: readonly Recorded[] = [vendoredBlocks('v2.5.9'), vendoredBlocks('v3.1.5'), ...sharedBlocks()].flatMap(
  ({ name, blocks }) =>
    blocks.flatMap(({ bytes, number, transactions }) =>
      BlockView.fromBytes(bytes).envelopes.flatMap((envelope, index) => {
        if (transactions[index]?.type !== 'ENDORSER_TRANSACTION') {
          return [];
        }
        const results = envelope.transaction.action.chaincodeAction.results;
        return [{ name: `${name} ${number}:${index}`, bytes: results, set: ReadWriteSetView.fromBytes(results) }];
      }),
    ),
);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('recorded read-write sets', () => {
  it('are there, with range queries and collections among them', () => {
    expect(recorded.length).toBeGreaterThan(50);
    const namespaces = recorded.flatMap(({ set }) => set.namespaces);
    expect(namespaces.some(({ collections }) => collections.length > 0)).toBe(true);
  });

  it('come out as the bytes that they were read from', () => {
    for (const { name, bytes, set } of recorded) {
      expect([name, hex(encodeReadWriteSet(set.namespaces))]).toEqual([name, hex(bytes)]);
    }
  });

  it('are built again from single reads and writes, in whatever order these come', () => {
    const open = recorded.filter(({ set }) => set.namespaces.every(({ collections }) => collections.length === 0));
    expect(open.length).toBeGreaterThan(40);
    for (const { name, bytes, set } of open) {
      const builder = new ReadWriteSetBuilder();
      for (const one of set.namespaces.toReversed()) {
        for (const { key, value } of one.writes.toReversed()) {
          builder.addWrite(one.namespace, key, null);
          builder.addWrite(one.namespace, key, value);
        }
        for (const { key, version } of one.reads.toReversed()) {
          builder.addRead(one.namespace, key, version);
        }
        for (const query of one.rangeQueries) {
          builder.addRangeQuery(one.namespace, query);
          builder.addRangeQuery(one.namespace, query);
        }
        for (const { key, entries } of one.metadataUpdates) {
          builder.addMetadataWrite(one.namespace, key, new Map(entries.map((entry) => [entry.name, entry.value])));
        }
        // A namespace without anything in it still has its place.
        if (one.reads.length + one.writes.length + one.rangeQueries.length + one.metadataUpdates.length === 0) {
          throw new Error(`${name}: an empty namespace`);
        }
      }
      const built = builder.build();
      expect([name, hex(built.publicBytes)]).toEqual([name, hex(bytes)]);
      expect(built.privateBytes).toBeNull();
    }
  });
});
