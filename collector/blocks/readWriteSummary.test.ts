import { ledger } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { printable } from './printable.ts';
import { readWriteSummary } from './readWriteSummary.ts';

const { rwset } = ledger;
const { kvrwset } = rwset;

function version(block: number, tx: number) {
  const message = new kvrwset.Version();
  message.setBlockNum(block);
  message.setTxNum(tx);
  return message;
}

function summaryOf(
  fill: (set: InstanceType<typeof kvrwset.KVRWSet>, namespace: InstanceType<typeof rwset.NsReadWriteSet>) => void,
) {
  const set = new kvrwset.KVRWSet();
  const namespace = new rwset.NsReadWriteSet();
  namespace.setNamespace('cc');
  fill(set, namespace);
  namespace.setRwset(set.serializeBinary());
  const all = new rwset.TxReadWriteSet();
  all.setNsRwsetList([namespace]);
  return readWriteSummary(ReadWriteSetView.fromBytes(all.serializeBinary()))[0];
}

const many = (count: number) =>
  summaryOf((set) => {
    for (let n = 0; n < count; n++) {
      set.addWrites().setKey(`k${n}`);
    }
  });

describe('readWriteSummary', () => {
  it('keeps keys, versions and deletions, no values', () => {
    const summary = summaryOf((set) => {
      const read = set.addReads();
      read.setKey('there');
      read.setVersion(version(4, 1));
      set.addReads().setKey('not there');
      const write = set.addWrites();
      write.setKey('new');
      write.setValue(Uint8Array.of(1));
      const gone = set.addWrites();
      gone.setKey('gone');
      gone.setIsDelete(true);
    });
    expect(summary).toEqual({
      namespace: 'cc',
      reads: [
        { key: 'there', version: '4:1' },
        { key: 'not there', version: null },
      ],
      writes: [{ key: 'new' }, { key: 'gone', is_delete: true }],
    });
  });

  it('shows range queries, key policies and private data by hash', () => {
    const summary = summaryOf((set, namespace) => {
      const query = set.addRangeQueriesInfo();
      query.setStartKey('a');
      query.setEndKey('b');
      set.addMetadataWrites().setKey('k');
      const hashed = new kvrwset.HashedRWSet();
      const read = hashed.addHashedReads();
      read.setKeyHash(Uint8Array.of(0xab));
      read.setVersion(version(1, 2));
      const write = hashed.addHashedWrites();
      write.setKeyHash(Uint8Array.of(0xcd));
      write.setIsDelete(true);
      write.setIsPurge(true);
      const collection = namespace.addCollectionHashedRwset();
      collection.setCollectionName('secret');
      collection.setHashedRwset(hashed.serializeBinary());
    });
    expect(summary).toEqual({
      namespace: 'cc',
      reads: [],
      writes: [],
      range_queries: [{ start_key: 'a', end_key: 'b' }],
      metadata_writes: [{ key: 'k' }],
      collections: [
        {
          name: 'secret',
          reads: [{ key_hash: 'ab', version: '1:2' }],
          writes: [{ key_hash: 'cd', is_delete: true, is_purge: true }],
        },
      ],
    });
  });

  it('stops at 100 keys and says so', () => {
    expect([many(100)?.writes.length, many(100)?.truncated]).toEqual([100, undefined]);
    expect([many(101)?.writes.length, many(101)?.truncated]).toEqual([100, true]);
  });
});

describe('printable', () => {
  it('leaves readable text of any language alone', () => {
    for (const text of ['asset20', 'Größe 1', '资产', '😀', "it's {ok}"]) {
      expect(printable(text)).toBe(text);
    }
  });

  it('shows a composite key, controls and tricks with direction', () => {
    expect(printable('\u0000owner~id\u0000tom\u{10ffff}')).toBe('\\u0000owner~id\\u0000tom\\u{10ffff}');
    expect(printable('a\nb\u202ec\u2028\\')).toBe('a\\u000ab\\u202ec\\u2028\\\\');
    expect(printable('\ud800')).toBe('\\ud800');
  });

  it('cuts what is too long', () => {
    expect(printable('x'.repeat(600))).toBe(`${'x'.repeat(512)}…`);
  });
});
