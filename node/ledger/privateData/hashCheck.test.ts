import { describe, expect, it } from 'vitest';
import { privateWrites } from '#test/harness/privateWrites.ts';
import { checkReconciled, isExpectedRwset } from './hashCheck.ts';
import { decodeWrites, sha256 } from './privateDataEntries.ts';
import { decodeTxPrivateData, encodeTxPrivateData } from './txPrivateRwset.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function data(writes: Record<string, string>) {
  return { namespace: 'assets', collection: 'secret', rwset: privateWrites(writes) };
}

function expected(writes: Record<string, string>, purged: string[] = [], whole = true) {
  return {
    rwset: whole ? sha256(data(writes).rwset) : null,
    writes: new Map(Object.entries(writes).map(([name, value]) => [hex(sha256(name)), sha256(value)])),
    purged: new Set(purged.map((name) => hex(sha256(name)))),
  };
}

describe('private data from another peer', () => {
  const both = { a: '1', b: '2' };

  it('is taken as it is where its hash stands in the block', () => {
    expect(checkReconciled(data(both), expected(both))).toEqual({ accepted: true, data: data(both) });
    expect(isExpectedRwset(data(both).rwset, expected(both).rwset as Uint8Array)).toBe(true);
  });

  it('is refused where it is another, or not expected at all', () => {
    const wrong = data({ a: '1', b: 'other' });
    expect(checkReconciled(wrong, expected(both))).toEqual({ accepted: false, reason: 'wrong_hash' });
    expect(checkReconciled(wrong, expected(both, [], false))).toEqual({ accepted: false, reason: 'wrong_hash' });
    expect(checkReconciled(data(both), expected({}))).toEqual({ accepted: false, reason: 'not_expected' });
    expect(checkReconciled({ ...wrong, rwset: Uint8Array.of(9) }, expected(both))).toMatchObject({
      reason: 'malformed',
    });
  });

  it('loses the keys that were purged here, and waits where the sender has purged more', () => {
    const kept = checkReconciled(data(both), expected(both, ['a']));
    expect(kept).toEqual({ accepted: true, data: data({ b: '2' }) });
    const emptied = checkReconciled(data(both), expected(both, ['a', 'b']));
    expect(emptied.accepted && decodeWrites(emptied.data.rwset).getWritesList()).toEqual([]);
    expect(checkReconciled(data({ b: '2' }), expected(both))).toEqual({ accepted: false, reason: 'incomplete' });
  });

  it('of before a snapshot keeps the keys that the snapshot knows', () => {
    expect(checkReconciled(data({ ...both, old: '0' }), expected(both, [], false))).toEqual({
      accepted: true,
      data: data(both),
    });
  });
});

describe('private data of a transaction', () => {
  it('is the same after a way over the wire', () => {
    const other = { ...data({ c: '3' }), collection: 'other' };
    const third = { ...other, namespace: 'bonds' };
    const collections = [data({ a: '1' }), other, third];
    expect(decodeTxPrivateData(7, encodeTxPrivateData({ tx: 7, collections }))).toEqual({ tx: 7, collections });
    expect(() => decodeTxPrivateData(7, Uint8Array.of(255))).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
