import { ledger, peer } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeight, encodeHeight, readOrderedNumber } from './height.ts';
import { StateError } from './stateError.ts';
import { decodeMetadata, encodeMetadata } from './stateMetadata.ts';
import { decodeStoredValue, encodeStoredValue } from './storedValue.ts';
import { commitHash, updateBytes } from './updateBytes.ts';
import { StateUpdates } from './stateUpdates.ts';
import { WireWriter } from './wireWriter.ts';

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const height = fc.record({ block: number, tx: number });
const bytes = fc.uint8Array({ maxLength: 300 });

describe('heights', () => {
  it('are the bytes that Go writes', () => {
    expect([...encodeHeight({ block: 0, tx: 0 })]).toEqual([0, 0]);
    expect([...encodeHeight({ block: 10, tx: 20 })]).toEqual([1, 10, 1, 20]);
    expect([...encodeHeight({ block: 256, tx: 2 ** 32 })]).toEqual([2, 1, 0, 5, 1, 0, 0, 0, 0]);
  });

  it('come back, and sort as they are', () => {
    fc.assert(
      fc.property(height, height, (first, second) => {
        expect(decodeHeight(encodeHeight(first)).height).toEqual(first);
        const order = first.block - second.block || first.tx - second.tx;
        expect(Math.sign(Buffer.compare(encodeHeight(first), encodeHeight(second)))).toBe(Math.sign(order));
      }),
    );
  });

  it.each([[[]], [[2, 1]], [[9, 0, 0, 0, 0, 0, 0, 0, 0, 0]], [[8, 255, 255, 255, 255, 255, 255, 255, 255]]])(
    'refuse %j',
    (stored) => {
      expect(() => readOrderedNumber(Uint8Array.from(stored), 0)).toThrow(StateError);
    },
  );
});

it('stored values come back', () => {
  fc.assert(
    fc.property(bytes, fc.option(bytes), height, (value, metadata, version) => {
      expect(decodeStoredValue(encodeStoredValue(value, metadata, version))).toEqual({ value, metadata, version });
    }),
  );
});

it('metadata is the message that Go keeps', () => {
  const entry = fc.record({ name: fc.string({ minLength: 1 }), value: bytes });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name }), (entries) => {
      const message = new ledger.rwset.kvrwset.KVMetadataWrite();
      for (const { name, value } of entries) {
        const one = new ledger.rwset.kvrwset.KVMetadataEntry();
        one.setName(name);
        one.setValue(value);
        message.addEntries(one);
      }
      const encoded = encodeMetadata(entries);
      expect(Buffer.from(encoded)).toEqual(Buffer.from(message.serializeBinary()));
      expect([...decodeMetadata(encoded)]).toEqual(entries.map(({ name, value }) => [name, value]));
    }),
  );
  expect(decodeMetadata(null).size).toBe(0);
});

it('nested messages of every length get their length right', () => {
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 70_000]) {
    const inner = new Uint8Array(length).fill(7);
    const written = new WireWriter(1)
      .message(1, (outer) => outer.message(2, (writer) => writer.bytes(3, inner)))
      .finish();
    const collection = new ledger.rwset.CollectionPvtReadWriteSet();
    collection.setRwset(inner);
    // The same shape, other field numbers: what counts are the lengths.
    expect(written.length).toBe(outerLength(outerLength(length === 0 ? 0 : outerLength(length))));
    expect(written.subarray(written.length - length)).toEqual(inner);
  }
});

it('numbers of 32 bits are written as protobuf writes them, negative ones too', () => {
  for (const status of [0, 1, 127, 128, 200, 2 ** 31 - 1, -1, -200, -(2 ** 31)]) {
    const response = new peer.Response();
    response.setStatus(status);
    expect(Buffer.from(new WireWriter(1).int32(1, status).finish())).toEqual(Buffer.from(response.serializeBinary()));
  }
});

function outerLength(inner: number): number {
  return 1 + new WireWriter(1).varint(inner).finish().length + inner;
}

const text = (field: number, value: string) => [(field << 3) | 2, value.length, ...Buffer.from(value)];
const message = (fields: number[]) => [0x0a, fields.length, ...fields];

it('writes enter the commit hash in order, each name once, without the configuration', () => {
  const updates = new StateUpdates();
  const version = { block: 1, tx: 2 };
  const put = (value: string | null) => ({
    value: value === null ? null : Buffer.from(value),
    metadata: null,
    version,
  });
  updates.putPublic('', 'CONFIG', put('left out'));
  updates.putPublic('ns2', 'b', put('2'));
  updates.putPublic('ns2', 'a', put(null));
  updates.putHashed('ns1', 'c2', 'ff', put('h'));
  updates.putHashed('ns1', 'c1', '0a', put('h'));
  updates.putHashed('ns2', 'c', '01', put('h'));
  updates.putPrivate('ns1', 'c1', 'secret', put('left out'));
  const V = [0x32, 4, 1, 1, 1, 2];
  expect([...updateBytes(updates)]).toEqual([
    ...message([...text(1, 'ns1'), ...text(2, 'c1'), 0x1a, 1, 0x0a, ...text(5, 'h'), ...V]),
    ...message([...text(2, 'c2'), 0x1a, 1, 0xff, ...text(5, 'h'), ...V]),
    ...message([...text(1, 'ns2'), ...text(3, 'a'), 0x20, 1, ...V]),
    ...message([...text(3, 'b'), ...text(5, '2'), ...V]),
    ...message([...text(2, 'c'), 0x1a, 1, 1, ...text(5, 'h'), ...V]),
  ]);
  expect(commitHash(null, Uint8Array.of(0), new Uint8Array(0))).not.toEqual(
    commitHash(new Uint8Array(32), Uint8Array.of(0), new Uint8Array(0)),
  );
});
