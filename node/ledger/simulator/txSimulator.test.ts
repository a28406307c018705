import { createHash } from 'node:crypto';
import { ledger } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { ReadWriteSetView } from '#node/protos/readWriteSetView.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { hashedKey } from '../state/namespaces.ts';
import { publicUpdates } from '../state/stateDatabase.compliance.ts';
import { encodeMetadata } from '../state/stateMetadata.ts';
import { StateUpdates } from '../state/stateUpdates.ts';
import { QueryExecutor } from './queryExecutor.ts';
import { SimulationError } from './simulationError.ts';
import type { StateIterator } from './stateIterator.ts';
import { TxSimulator } from './txSimulator.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const sha256 = (data: string | Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest());
const policy = new Map([['VALIDATION_PARAMETER', bytes('p')]]);

/** Keys a to e of `ns`, `a` with metadata; private key `k` of collection `col` with its hash. */
async function filled(): Promise<MemoryStateDatabase> {
  const state = new MemoryStateDatabase();
  const updates = publicUpdates(1, { ns: { a: '1', b: '2', c: '3', d: '4', e: '5' } });
  const version = { block: 1, tx: 0 };
  const metadata = encodeMetadata([{ name: 'VALIDATION_PARAMETER', value: bytes('p') }]);
  updates.putPublic('ns', 'a', { value: bytes('1'), metadata, version });
  updates.putPrivate('ns', 'col', 'k', { value: bytes('secret'), metadata: null, version });
  updates.putHashed('ns', 'col', hashedKey(sha256('k')), { value: sha256('secret'), metadata, version });
  await state.apply(updates, version);
  return state;
}

const collections = async (namespace: string): Promise<Set<string> | null> =>
  namespace === 'ns' ? new Set(['col']) : null;

async function simulator(state?: MemoryStateDatabase): Promise<TxSimulator> {
  return new TxSimulator({ txId: 'tx1' }, { state: (state ?? (await filled())).snapshot(), collections });
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return error instanceof SimulationError ? error.code : String(error);
  }
  return 'no error';
}

async function take(iterator: StateIterator, count: number): Promise<(string | null)[]> {
  const keys: (string | null)[] = [];
  for (let index = 0; index < count; index++) {
    keys.push((await iterator.next())?.key ?? null);
  }
  return keys;
}

/** What was noted of namespace `ns`. */
function noted(simulated: TxSimulator) {
  const view = ReadWriteSetView.fromBytes(simulated.results().publicBytes).namespace('ns');
  if (view === null) {
    throw new Error('nothing noted');
  }
  return view;
}

describe('a simulation', () => {
  it('reads what is committed, not what it writes', async () => {
    await using one = await simulator();
    await one.setState('ns', 'a', bytes('new'));
    await one.setState('ns', 'new', bytes('new'));
    await one.deleteState('ns', 'b');
    expect(await one.getState('ns', 'a')).toEqual(bytes('1'));
    expect(await one.getState('ns', 'new')).toBeNull();
    expect(await one.getStateMultipleKeys('ns', ['b', 'none'])).toEqual([bytes('2'), null]);
    expect(await one.getStateMetadata('ns', 'a')).toEqual(policy);
    const { reads, writes } = noted(one);
    const version = { block: 1, tx: 0 };
    expect(reads).toEqual([
      { key: 'a', version },
      { key: 'b', version },
      { key: 'new', version: null },
      { key: 'none', version: null },
    ]);
    expect(writes).toEqual([
      { key: 'a', isDelete: false, value: bytes('new') },
      { key: 'b', isDelete: true, value: new Uint8Array(0) },
      { key: 'new', isDelete: false, value: bytes('new') },
    ]);
  });

  it('sees one moment, whatever is committed meanwhile', async () => {
    const state = await filled();
    await using one = await simulator(state);
    const iterator = await one.getStateRange('ns', '', '');
    expect(await take(iterator, 1)).toEqual(['a']);
    await state.apply(publicUpdates(2, { ns: { b: null, bb: 'x', c: 'x' } }), { block: 2, tx: 0 });
    expect(await take(iterator, 5)).toEqual(['b', 'c', 'd', 'e', null]);
    expect(await one.getState('ns', 'c')).toEqual(bytes('3'));
    expect(one.height).toEqual({ block: 1, tx: 0 });
  });

  it('notes a range as far as its caller went', async () => {
    await using one = await simulator();
    const version = { block: 1, tx: 0 };
    const whole = await one.getStateRange('ns', 'b', 'd');
    expect(await take(whole, 3)).toEqual(['b', 'c', null]);
    const early = await one.getStateRange('ns', '', '');
    expect(await take(early, 2)).toEqual(['a', 'b']);
    const again = await one.getStateRange('ns', 'b', 'd');
    expect(await take(again, 3)).toEqual(['b', 'c', null]);
    await one.getStateRange('ns', 'x', 'z');
    const nothing = await one.getStateRange('ns', 'x', 'z');
    expect(await take(nothing, 1)).toEqual([null]);
    const merkle = null;
    const read = (...keys: string[]) => keys.map((key) => ({ key, version }));
    expect(noted(one).rangeQueries).toEqual([
      { startKey: 'b', endKey: 'd', exhausted: true, reads: read('b', 'c'), merkle },
      { startKey: '', endKey: 'b', exhausted: false, reads: read('a', 'b'), merkle },
      { startKey: 'x', endKey: '', exhausted: false, reads: [], merkle },
      { startKey: 'x', endKey: 'z', exhausted: true, reads: [], merkle },
    ]);
  });

  it('gives private writes apart, and their hashes in public', async () => {
    await using one = await simulator();
    await one.setPrivateData('ns', 'col', 'k2', bytes('v2'));
    await one.setPrivateData('ns', 'col', 'k1', bytes('v1'));
    await one.deletePrivateData('ns', 'col', 'gone');
    await one.purgePrivateData('ns', 'col', 'purged');
    await one.setPrivateDataMetadata('ns', 'col', 'k1', policy);
    expect(await one.getPrivateData('ns', 'col', 'k')).toEqual(bytes('secret'));
    expect(await one.getPrivateDataHash('ns', 'col', 'k')).toEqual(sha256('secret'));
    const { publicBytes, privateBytes, privateReads, writtenKeys } = one.results();
    const message = ledger.rwset.TxPvtReadWriteSet.deserializeBinary(privateBytes ?? new Uint8Array(0));
    const hidden = message.getNsPvtRwsetList()[0]?.getCollectionPvtRwsetList()[0];
    const set = ledger.rwset.kvrwset.KVRWSet.deserializeBinary(hidden?.getRwset_asU8() ?? new Uint8Array(0));
    expect(set.getWritesList().map((write) => [write.getKey(), write.getIsDelete()])).toEqual([
      ['gone', true],
      ['k1', false],
      ['k2', false],
      ['purged', true],
    ]);
    expect(set.getMetadataWritesList().map((write) => [write.getKey(), write.getEntriesList()])).toEqual([['k1', []]]);
    const [own] = ReadWriteSetView.fromBytes(publicBytes).namespace('ns')?.collections ?? [];
    expect(own?.privateHash).toEqual(sha256(hidden?.getRwset_asU8() ?? new Uint8Array(0)));
    expect(own?.reads).toEqual([{ keyHash: sha256('k'), version: { block: 1, tx: 0 } }]);
    // In the order of the keys, not of their hashes.
    expect(own?.writes.map(({ keyHash }) => keyHash)).toEqual(['gone', 'k1', 'k2', 'purged'].map(sha256));
    expect(own?.writes.map(({ isPurge }) => isPurge)).toEqual([false, false, false, true]);
    expect(own?.writes[1]?.valueHash).toEqual(sha256('v1'));
    expect(own?.metadataWrites).toEqual([
      { keyHash: sha256('k1'), entries: [{ name: 'VALIDATION_PARAMETER', value: bytes('p') }] },
    ]);
    expect(privateReads).toEqual(new Map([['ns', new Set(['col'])]]));
    expect(writtenKeys.map(({ key }) => key)).toEqual(['k2', 'k1', 'gone', 'purged']);
  });

  it('tells the metadata of the keys that it writes, without noting a read', async () => {
    await using one = await simulator();
    await one.setState('ns', 'a', bytes('x'));
    await one.setStateMetadata('ns', 'b', policy);
    await one.setPrivateData('ns', 'col', 'k', bytes('x'));
    const { writtenKeys, publicBytes } = one.results();
    expect(writtenKeys).toEqual([
      { namespace: 'ns', collection: null, key: 'a', metadata: policy },
      { namespace: 'ns', collection: null, key: 'b', metadata: new Map() },
      { namespace: 'ns', collection: 'col', key: 'k', metadata: policy },
    ]);
    expect(ReadWriteSetView.fromBytes(publicBytes).namespace('ns')?.reads).toEqual([]);
  });

  it('without a trace leaves no bytes', async () => {
    await using one = await simulator();
    expect(one.results()).toMatchObject({ publicBytes: new Uint8Array(0), privateBytes: null });
  });
});

describe('what a simulation may not do', () => {
  it('write after a paginated query, nor the other way round', async () => {
    await using first = await simulator();
    const page = await first.getStateRangePage('ns', '', '', 2);
    expect(await take(page, 3)).toEqual(['a', 'b', null]);
    expect(await page.bookmark()).toBe('c');
    expect(await page.bookmark()).toBe('');
    expect(await codeOf(first.setState('ns', 'a', bytes('x')))).toBe('write_after_page');
    await using second = await simulator();
    await second.setState('ns', 'a', bytes('x'));
    expect(await codeOf(second.getStateRangePage('ns', '', '', 2))).toBe('page_after_write');
    expect(await take(await second.getStateRange('ns', '', ''), 1)).toEqual(['a']);
  });

  it('write after a query over private data, nor the other way round', async () => {
    await using first = await simulator();
    expect(await take(await first.getPrivateDataRange('ns', 'col', '', ''), 2)).toEqual(['k', null]);
    expect(await codeOf(first.setPrivateData('ns', 'col', 'a', bytes('x')))).toBe('write_after_private_query');
    expect(await codeOf(first.setStateMetadata('ns', 'a', policy))).toBe('write_after_private_query');
    await using second = await simulator();
    await second.purgePrivateData('ns', 'col', 'a');
    expect(await codeOf(second.getPrivateDataRange('ns', 'col', '', ''))).toBe('private_query_after_write');
  });

  it('name collections that are not defined', async () => {
    await using one = await simulator();
    expect(await codeOf(one.getPrivateData('ns', 'other', 'k'))).toBe('no_such_collection');
    expect(await codeOf(one.setPrivateData('ns', 'other', 'k', bytes('v')))).toBe('no_such_collection');
    expect(await codeOf(one.getPrivateDataHash('other', 'col', 'k'))).toBe('no_collections');
  });

  it('ask for more than it could note, or than the database can', async () => {
    await using one = await simulator();
    expect(await codeOf(one.getPrivateDataMetadataByHash('ns', 'col', sha256('k')))).toBe('metadata_by_hash');
    expect(await codeOf(one.executeQuery('ns', '{}'))).toBe('rich_query');
    expect(await codeOf(one.setState('ns', '\ud800', bytes('v')))).toBe('invalid_key');
  });

  it('go on when it is over', async () => {
    const one = await simulator();
    const iterator = await one.getStateRange('ns', '', '');
    one.results();
    expect(() => one.results()).toThrow(SimulationError);
    await one.done();
    await one.done();
    expect(await codeOf(one.getState('ns', 'a'))).toBe('done');
    expect(await codeOf(one.setState('ns', 'a', bytes('x')))).toBe('done');
    expect(await iterator.next()).toBeNull();
  });
});

it('a plain query notes nothing, asks for metadata by hash, and may use any collection where none is checked', async () => {
  const state = await filled();
  await using query = new QueryExecutor({ txId: '' }, { state: state.snapshot(), collections: null });
  expect(await query.getState('ns', 'a')).toEqual(bytes('1'));
  expect(await query.getPrivateDataMetadataByHash('ns', 'col', sha256('k'))).toEqual(policy);
  expect(await query.getPrivateDataMultipleKeys('ns', 'col', ['k', 'none'])).toEqual([bytes('secret'), null]);
  expect(await query.getPrivateData('ns', 'other', 'k')).toBeNull();
  expect(query.privateReads.size).toBe(0);
  const updates = new StateUpdates();
  await state.apply(updates, { block: 2, tx: 0 });
});
