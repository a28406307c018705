import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HashedCollectionView, RangeQueryView, ReadView } from '#node/protos/readWriteSetView.ts';
import { RangeQueryResults } from '../simulator/rangeQueryResults.ts';
import { encodeReadWriteSet, type NamespaceReadWriteSet } from '../simulator/readWriteSetCodec.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { CONFIG_KEY, CONFIG_NAMESPACE, hashedKey } from '../state/namespaces.ts';
import { publicUpdates } from '../state/stateDatabase.compliance.ts';
import { encodeMetadata } from '../state/stateMetadata.ts';
import { StateUpdates } from '../state/stateUpdates.ts';
import { type TestTransaction, testBlock } from './testBlock.ts';
import { validateAndPrepare } from './validateAndPrepare.ts';

const {
  VALID,
  MVCC_READ_CONFLICT,
  PHANTOM_READ_CONFLICT,
  INVALID_OTHER_REASON,
  NIL_TXACTION,
  DUPLICATE_TXID,
  NOT_VALIDATED,
} = peer.TxValidationCode;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

function rwset(set: Partial<NamespaceReadWriteSet>): TestTransaction {
  const whole = {
    namespace: 'ns',
    reads: [],
    rangeQueries: [],
    writes: [],
    metadataUpdates: [],
    collections: [],
    ...set,
  };
  return { results: encodeReadWriteSet([whole]) };
}

const put = (key: string, value: string) => ({ key, isDelete: false, value: bytes(value) });
const policy = (text: string) => [{ name: 'VALIDATION_PARAMETER', value: bytes(text) }];

function collection(set: Partial<HashedCollectionView>): HashedCollectionView {
  return { name: 'col', reads: [], writes: [], metadataWrites: [], privateHash: new Uint8Array(0), ...set };
}

/** Keys k000 … of namespace `ns`, written in block 0. */
async function stateOf(count: number): Promise<MemoryStateDatabase> {
  const state = new MemoryStateDatabase();
  await state.apply(publicUpdates(0, { ns: Object.fromEntries(keys(count).map((key) => [key, 'old'])) }), {
    block: 0,
    tx: 0,
  });
  return state;
}

const keys = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `k${String(index).padStart(4, '0')}`);
const at = (key: string): ReadView => ({ key, version: { block: 0, tx: 0 } });

async function codesOf(state: MemoryStateDatabase, transactions: readonly TestTransaction[]): Promise<number[]> {
  const result = await validateAndPrepare(testBlock(1, transactions), new Uint8Array(transactions.length), state);
  return [...result.codes];
}

async function updatesOf(state: MemoryStateDatabase, transactions: readonly TestTransaction[]): Promise<StateUpdates> {
  return (await validateAndPrepare(testBlock(1, transactions), new Uint8Array(transactions.length), state)).updates;
}

function query(names: readonly string[], more: Partial<RangeQueryView> = {}, degree = 50): RangeQueryView {
  const results = new RangeQueryResults(degree);
  for (const name of names) {
    results.add(name, { block: 0, tx: 0 });
  }
  return { startKey: '', endKey: '', exhausted: true, ...results.finish(), ...more };
}

describe('reads', () => {
  it('of what a transaction before them in the block wrote are conflicts, even of the same value', async () => {
    const state = await stateOf(2);
    const results = await validateAndPrepare(
      testBlock(1, [
        rwset({ writes: [put('k0000', 'old')] }),
        rwset({ reads: [at('k0000')], writes: [put('k0001', 'never')] }),
        rwset({ reads: [at('k0001')] }),
        rwset({ reads: [{ key: 'none', version: null }] }),
        rwset({ reads: [{ key: 'k0001', version: null }] }),
        rwset({ reads: [at('none')] }),
      ]),
      new Uint8Array(6),
      state,
    );
    expect([...results.codes]).toEqual([
      VALID,
      MVCC_READ_CONFLICT,
      VALID,
      VALID,
      MVCC_READ_CONFLICT,
      MVCC_READ_CONFLICT,
    ]);
    expect(results.reasons.get(1)).toBe(
      'key "k0000" of namespace "ns" was read at version 0:0, is version 1:0 (written earlier in this block)',
    );
    expect(results.reasons.get(4)).toBe('key "k0001" of namespace "ns" was read at absent, is version 0:0 (committed)');
    expect(results.updates.getPublic('ns', 'k0001')).toBeUndefined();
  });

  it('of hashes are checked as well', async () => {
    const state = new MemoryStateDatabase();
    const updates = new StateUpdates();
    const version = { block: 0, tx: 0 };
    updates.putHashed('ns', 'col', hashedKey(sha256('k')), { value: sha256('v'), metadata: null, version });
    await state.apply(updates, version);
    const read = (held: ReadView['version']) =>
      rwset({ collections: [collection({ reads: [{ keyHash: sha256('k'), version: held }] })] });
    const write = rwset({
      collections: [
        collection({ writes: [{ keyHash: sha256('k'), isDelete: false, isPurge: false, valueHash: sha256('w') }] }),
      ],
    });
    expect(await codesOf(state, [read(version), read(null), write, read(version)])).toEqual([
      VALID,
      MVCC_READ_CONFLICT,
      VALID,
      MVCC_READ_CONFLICT,
    ]);
  });
});

describe('range queries', () => {
  it.each([0, 3, 50, 51, 200, 2600])('over %i keys that are as they were are fine', async (count) => {
    expect(await codesOf(await stateOf(count), [rwset({ rangeQueries: [query(keys(count))] })])).toEqual([VALID]);
  });

  it.each([3, 51, 200, 2600])('over %i keys meet every phantom', async (count) => {
    const changes = [
      { writes: [put('k0001', 'new')] },
      { writes: [{ key: 'k0001', isDelete: true, value: new Uint8Array(0) }] },
      { writes: [put('k00015', 'between')] },
      { writes: [put('z', 'behind')] },
      { writes: [put('a', 'before')] },
    ];
    for (const change of changes) {
      const codes = await codesOf(await stateOf(count), [
        rwset(change),
        rwset({ rangeQueries: [query(keys(count))], writes: [put('other', '1')] }),
      ]);
      expect([change, codes]).toEqual([change, [VALID, PHANTOM_READ_CONFLICT]]);
    }
  });

  it('that were left early care for nothing behind the last key, but for that key', async () => {
    const early = query(['k0000', 'k0001'], { exhausted: false, endKey: 'k0001' });
    const codes = await codesOf(await stateOf(5), [
      rwset({ writes: [put('k0002', 'new'), put('k00011', 'new')] }),
      rwset({ rangeQueries: [early] }),
      rwset({ writes: [put('k0001', 'new')] }),
      rwset({ rangeQueries: [early] }),
      rwset({ writes: [{ key: 'k0001', isDelete: true, value: new Uint8Array(0) }] }),
      rwset({ rangeQueries: [early] }),
    ]);
    expect(codes).toEqual([VALID, VALID, VALID, PHANTOM_READ_CONFLICT, VALID, PHANTOM_READ_CONFLICT]);
  });

  it('that no honest endorser sums up are phantoms, not crashes', async () => {
    const state = await stateOf(20);
    const hashes = [new Uint8Array(32), new Uint8Array(0)];
    const summaries = [0, 1, 2, 3, 2 ** 32 - 1].flatMap((maxDegree) =>
      [0, 1, 2, 7, 2 ** 32 - 1].flatMap((maxLevel) =>
        [[], hashes].map((list) => query([], { merkle: { maxDegree, maxLevel, hashes: list } })),
      ),
    );
    const codes = await codesOf(
      state,
      summaries.map((one) => rwset({ rangeQueries: [one] })),
    );
    expect(new Set(codes)).toEqual(new Set([PHANTOM_READ_CONFLICT]));
    expect(
      await codesOf(state, [rwset({ rangeQueries: [query([], { reads: [{ key: 'k0000', version: null }] })] })]),
    ).toEqual([PHANTOM_READ_CONFLICT]);
  });

  it('grown past the level of their summary are phantoms (where Go reads past the end of a list)', async () => {
    const state = await stateOf(6);
    // Degree 2, six keys: two hashes of three keys each. Three keys more lift the tree.
    const codes = await codesOf(state, [
      rwset({ writes: [put('l1', '1'), put('l2', '1'), put('l3', '1')] }),
      rwset({ rangeQueries: [query(keys(6), {}, 2)] }),
    ]);
    expect(codes).toEqual([VALID, PHANTOM_READ_CONFLICT]);
  });
});

describe('writes', () => {
  const old = { block: 0, tx: 0 };

  async function withMetadata(): Promise<MemoryStateDatabase> {
    const state = new MemoryStateDatabase();
    const updates = new StateUpdates();
    updates.putPublic('ns', 'k', { value: bytes('v'), metadata: encodeMetadata(policy('p')), version: old });
    const key = hashedKey(sha256('k'));
    updates.putHashed('ns', 'col', key, { value: sha256('v'), metadata: encodeMetadata(policy('p')), version: old });
    await state.apply(updates, old);
    return state;
  }

  it('of a value keep the metadata, of metadata keep the value', async () => {
    const version = { block: 1, tx: 0 };
    const state = await withMetadata();
    const value = await updatesOf(state, [rwset({ writes: [put('k', 'w')] })]);
    expect(value.getPublic('ns', 'k')).toEqual({ value: bytes('w'), metadata: encodeMetadata(policy('p')), version });
    const metadata = await updatesOf(state, [
      rwset({
        metadataUpdates: [
          { key: 'k', entries: policy('q') },
          { key: 'none', entries: policy('q') },
        ],
        collections: [collection({ metadataWrites: [{ keyHash: sha256('k'), entries: policy('r') }] })],
      }),
    ]);
    expect(metadata.getPublic('ns', 'k')).toEqual({
      value: bytes('v'),
      metadata: encodeMetadata(policy('q')),
      version,
    });
    expect(metadata.getPublic('ns', 'none')).toBeUndefined();
    expect(metadata.getHashed('ns', 'col', hashedKey(sha256('k')))).toEqual({
      value: sha256('v'),
      metadata: encodeMetadata(policy('r')),
      version,
    });
  });

  it('take metadata away, with and without a value', async () => {
    const state = await withMetadata();
    const alone = await updatesOf(state, [rwset({ metadataUpdates: [{ key: 'k', entries: [] }] })]);
    expect(alone.getPublic('ns', 'k')).toMatchObject({ value: bytes('v'), metadata: null });
    const both = await updatesOf(state, [
      rwset({ writes: [put('k', 'w')], metadataUpdates: [{ key: 'k', entries: [] }] }),
    ]);
    expect(both.getPublic('ns', 'k')).toMatchObject({ value: bytes('w'), metadata: null });
  });

  it('see metadata and values of the transactions before them in the block', async () => {
    const updates = await updatesOf(await stateOf(1), [
      rwset({ metadataUpdates: [{ key: 'k0000', entries: policy('p') }] }),
      rwset({ writes: [put('k0000', 'new')] }),
      rwset({ writes: [put('fresh', 'f')] }),
      rwset({ metadataUpdates: [{ key: 'fresh', entries: policy('q') }] }),
    ]);
    expect(updates.getPublic('ns', 'k0000')).toEqual({
      value: bytes('new'),
      metadata: encodeMetadata(policy('p')),
      version: { block: 1, tx: 1 },
    });
    expect(updates.getPublic('ns', 'fresh')).toEqual({
      value: bytes('f'),
      metadata: encodeMetadata(policy('q')),
      version: { block: 1, tx: 3 },
    });
  });

  it('delete, whatever else they say; an empty value deletes as well', async () => {
    const state = await withMetadata();
    const gone = { value: null, metadata: null, version: { block: 1, tx: 0 } };
    const write = { keyHash: sha256('k'), isDelete: false, isPurge: false, valueHash: sha256('') };
    const updates = await updatesOf(state, [
      rwset({
        writes: [{ key: 'k', isDelete: true, value: new Uint8Array(0) }, put('empty', '')],
        metadataUpdates: [{ key: 'k', entries: policy('q') }],
        collections: [collection({ writes: [write] })],
      }),
    ]);
    expect(updates.getPublic('ns', 'k')).toEqual(gone);
    expect(updates.getPublic('ns', 'empty')).toEqual(gone);
    expect(updates.getHashed('ns', 'col', hashedKey(sha256('k')))).toEqual(gone);
    const metadata = await updatesOf(state, [
      rwset({ writes: [{ key: 'k', isDelete: true, value: new Uint8Array(0) }] }),
      rwset({ metadataUpdates: [{ key: 'k', entries: policy('q') }] }),
    ]);
    expect(metadata.getPublic('ns', 'k')).toEqual(gone);
  });

  it('of one key twice in a transaction do what the sum of their flags says, as in Go', async () => {
    const state = await stateOf(1);
    const twice = await updatesOf(state, [rwset({ writes: [put('k0000', '1'), put('k0000', '2')] })]);
    // Two puts add up to a change of metadata alone: the value stays.
    expect(twice.getPublic('ns', 'k0000')).toMatchObject({ value: bytes('old') });
    const fresh = await updatesOf(state, [rwset({ writes: [put('none', '1'), put('none', '2')] })]);
    expect(fresh.getPublic('ns', 'none')).toBeUndefined();
    const thrice = await updatesOf(state, [
      rwset({ writes: [put('k0000', '1'), put('k0000', '2'), put('k0000', '3')] }),
    ]);
    expect(thrice.getPublic('ns', 'k0000')).toMatchObject({ value: bytes('3'), metadata: null });
  });

  it('that purge are told, the last of each key', async () => {
    const purge = { keyHash: sha256('k'), isDelete: true, isPurge: true, valueHash: new Uint8Array(0) };
    const one = rwset({ collections: [collection({ writes: [purge] })] });
    const result = await validateAndPrepare(testBlock(1, [one, one]), new Uint8Array(2), new MemoryStateDatabase());
    expect(result.purges).toEqual([
      { namespace: 'ns', collection: 'col', keyHash: hashedKey(sha256('k')), version: { block: 1, tx: 1 } },
    ]);
  });
});

describe('transactions', () => {
  it('that are invalid already stay so and change nothing', async () => {
    const state = await stateOf(1);
    const block = testBlock(1, [rwset({ writes: [put('k0000', '1')] }), rwset({ reads: [at('k0000')] })]);
    for (const code of [DUPLICATE_TXID, NOT_VALIDATED]) {
      const result = await validateAndPrepare(block, Uint8Array.of(code, VALID), state);
      expect([...result.codes]).toEqual([code, VALID]);
      expect(result.updates.isEmpty).toBe(true);
    }
    await expect(validateAndPrepare(block, new Uint8Array(1), state)).rejects.toThrow(RangeError);
  });

  it('with configuration put it into the state, and not into the commit hash', async () => {
    const result = await validateAndPrepare(
      testBlock(1, [{ config: bytes('config') }]),
      new Uint8Array(1),
      new MemoryStateDatabase(),
    );
    expect(result.updates.getPublic(CONFIG_NAMESPACE, CONFIG_KEY)).toEqual({
      value: bytes('config'),
      metadata: null,
      version: { block: 1, tx: 0 },
    });
    expect(result.updateBytes).toHaveLength(0);
  });

  it('that cannot be read are invalid; types without writes are fine', async () => {
    const codes = await codesOf(new MemoryStateDatabase(), [
      { results: Uint8Array.of(0x12, 0x7f) },
      { type: common.HeaderType.ENDORSER_TRANSACTION, data: Uint8Array.of(0x12, 0x7f) },
      { type: common.HeaderType.ENDORSER_TRANSACTION, data: new Uint8Array(0) },
      { type: common.HeaderType.MESSAGE, data: bytes('x') },
      { results: new Uint8Array(0) },
    ]);
    expect(codes).toEqual([INVALID_OTHER_REASON, NIL_TXACTION, NIL_TXACTION, VALID, NIL_TXACTION]);
  });

  it('of any bytes at all end in a code', async () => {
    const state = await stateOf(60);
    const good = encodeReadWriteSet([
      {
        namespace: 'ns',
        reads: [at('k0000')],
        rangeQueries: [query(keys(60)), query(['k0000'], { exhausted: false, endKey: 'k0000' })],
        writes: [put('k', 'v')],
        metadataUpdates: [{ key: 'k', entries: policy('p') }],
        collections: [
          collection({
            reads: [{ keyHash: sha256('k'), version: null }],
            writes: [{ keyHash: sha256('k'), isDelete: false, isPurge: true, valueHash: sha256('v') }],
            metadataWrites: [{ keyHash: sha256('k'), entries: policy('p') }],
          }),
        ],
      },
    ]);
    expect(await codesOf(state, [{ results: good }])).toEqual([VALID]);
    const mutation = fc.record({ index: fc.nat(good.length - 1), to: fc.nat(255) });
    const results = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(mutation, { minLength: 1, maxLength: 4 }).map((mutations) => {
        const changed = new Uint8Array(good);
        for (const { index, to } of mutations) {
          changed[index] = to;
        }
        return changed;
      }),
      fc.nat(good.length).map((length) => good.slice(0, length)),
    );
    const known = new Set<number>([
      VALID,
      MVCC_READ_CONFLICT,
      PHANTOM_READ_CONFLICT,
      INVALID_OTHER_REASON,
      NIL_TXACTION,
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(results, { minLength: 1, maxLength: 4 }), async (all) => {
        const codes = await codesOf(
          state,
          all.map((one) => ({ results: one })),
        );
        expect(codes.filter((code) => !known.has(code))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
