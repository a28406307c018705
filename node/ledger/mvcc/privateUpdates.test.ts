import { ledger, peer } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { keyHashOf } from '../simulator/queryExecutor.ts';
import { TxSimulator } from '../simulator/txSimulator.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { hashedNamespace, privateNamespace } from '../state/namespaces.ts';
import { StateUpdates } from '../state/stateUpdates.ts';
import { addExpiredUpdates, type ExpiringBlock, hashesWritten } from './expiredUpdates.ts';
import { addPrivateUpdates, addPurges, type PrivateWriteSet } from './privateUpdates.ts';
import { testBlock } from './testBlock.ts';
import { validateAndPrepare } from './validateAndPrepare.ts';

const { MVCC_READ_CONFLICT } = peer.TxValidationCode;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** One chaincode call that may write private data of `cc`, collection `col`. */
async function simulate(state: MemoryStateDatabase, run: (simulator: TxSimulator) => Promise<void>) {
  await using simulator = new TxSimulator(
    { txId: 'tx' },
    { state: state.snapshot(), collections: async () => new Set(['col']) },
  );
  await run(simulator);
  return simulator.results();
}

function writeSet(tx: number, privateBytes: Uint8Array | null): PrivateWriteSet {
  const message = ledger.rwset.TxPvtReadWriteSet.deserializeBinary(privateBytes ?? new Uint8Array(0));
  return {
    tx,
    collections: message.getNsPvtRwsetList().flatMap((own) =>
      own.getCollectionPvtRwsetList().map((one) => ({
        namespace: own.getNamespace(),
        collection: one.getCollectionName(),
        rwset: one.getRwset_asU8(),
      })),
    ),
  };
}

function expiringOf(block: BlockView, codes: Uint8Array, sets: readonly PrivateWriteSet[] = []): ExpiringBlock {
  return { number: block.number, hashes: [...hashesWritten(block, codes)], privateWriteSets: sets };
}

type Run = (simulator: TxSimulator) => Promise<void>;

/** A block of these calls, committed with private data. */
async function commit(state: MemoryStateDatabase, number: number, runs: readonly Run[]) {
  const results = await Promise.all(runs.map((run) => simulate(state, run)));
  const block = testBlock(
    number,
    results.map(({ publicBytes }) => ({ results: publicBytes })),
  );
  const result = await validateAndPrepare(block, new Uint8Array(runs.length), state);
  const sets = results.map(({ privateBytes }, tx) => writeSet(tx, privateBytes));
  await addPrivateUpdates(block, result, sets, state);
  await state.apply(result.updates, { block: number, tx: runs.length - 1 });
  return { block, result, sets };
}

describe('private data', () => {
  it('is written beside its hash, with the same version, and read again', async () => {
    const state = new MemoryStateDatabase();
    await commit(state, 1, [(one) => one.setPrivateData('cc', 'col', 'k', bytes('secret'))]);
    expect(await state.get(privateNamespace('cc', 'col'), 'k')).toEqual({
      value: bytes('secret'),
      metadata: null,
      version: { block: 1, tx: 0 },
    });
    const seen = await simulate(state, async (one) => {
      expect(await one.getPrivateData('cc', 'col', 'k')).toEqual(bytes('secret'));
      expect(await one.getPrivateData('cc', 'col', 'none')).toBeNull();
    });
    expect([...(seen.privateReads.get('cc') ?? [])]).toEqual(['col']);
    await commit(state, 2, [(one) => one.deletePrivateData('cc', 'col', 'k')]);
    expect(await state.get(privateNamespace('cc', 'col'), 'k')).toBeNull();
  });

  it('follows its hash when metadata alone raise the version', async () => {
    const state = new MemoryStateDatabase();
    await commit(state, 1, [(one) => one.setPrivateData('cc', 'col', 'k', bytes('secret'))]);
    await commit(state, 2, [
      (one) => one.setPrivateDataMetadata('cc', 'col', 'k', new Map([['VALIDATION_PARAMETER', bytes('p')]])),
      (one) => one.setPrivateDataMetadata('cc', 'col', 'none', new Map([['VALIDATION_PARAMETER', bytes('p')]])),
    ]);
    expect((await state.get(privateNamespace('cc', 'col'), 'k'))?.version).toEqual({ block: 2, tx: 0 });
    await simulate(state, async (one) => {
      expect(await one.getPrivateData('cc', 'col', 'k')).toEqual(bytes('secret'));
      expect([...(await one.getPrivateDataMetadata('cc', 'col', 'k')).keys()]).toEqual(['VALIDATION_PARAMETER']);
    });
  });

  it('that is missing here is told from data that is not there at all', async () => {
    const state = new MemoryStateDatabase();
    const { publicBytes } = await simulate(state, (one) => one.setPrivateData('cc', 'col', 'k', bytes('secret')));
    const block = testBlock(1, [{ results: publicBytes }]);
    const result = await validateAndPrepare(block, new Uint8Array(1), state);
    await addPrivateUpdates(block, result, [], state);
    await state.apply(result.updates, { block: 1, tx: 0 });
    await simulate(state, async (one) => {
      await expect(one.getPrivateData('cc', 'col', 'k')).rejects.toMatchObject({ code: 'private_data_missing' });
      expect(await one.getPrivateDataHash('cc', 'col', 'k')).toHaveLength(32);
    });
  });

  it('with another hash than the block holds is refused; so is what no transaction has', async () => {
    const state = new MemoryStateDatabase();
    const { block, result, sets } = await commit(state, 1, [
      (one) => one.setPrivateData('cc', 'col', 'k', bytes('secret')),
    ]);
    const [{ collections }] = sets as [PrivateWriteSet];
    const [own] = collections as [PrivateWriteSet['collections'][number]];
    const forged = { ...own, rwset: Uint8Array.of(...own.rwset, 0) };
    const other = { ...own, collection: 'other' };
    for (const one of [forged, other]) {
      const attempt = addPrivateUpdates(block, result, [{ tx: 0, collections: [one] }], state);
      await expect(attempt).rejects.toMatchObject({ name: 'MvccError', code: 'private_hash' });
    }
    await addPrivateUpdates(block, result, [{ tx: 7, collections: [forged] }], state);
  });

  it('that is purged goes, unless it was written again', async () => {
    const state = new MemoryStateDatabase();
    await commit(state, 1, [(one) => one.setPrivateData('cc', 'col', 'k', bytes('secret'))]);
    const { result } = await commit(state, 2, [
      (one) => one.purgePrivateData('cc', 'col', 'k'),
      (one) => one.setPrivateData('cc', 'col', 'j', bytes('kept')),
    ]);
    expect(result.purges).toHaveLength(1);
    const [purge] = result.purges as [(typeof result.purges)[number]];
    addPurges(
      [
        { purge, key: 'k' },
        { purge, key: 'j' },
        { purge, key: 'unseen' },
      ],
      result.updates,
    );
    expect(result.updates.getPrivate('cc', 'col', 'k')?.value).toBeNull();
    expect(result.updates.getPrivate('cc', 'col', 'j')?.value).toEqual(bytes('kept'));
    expect(result.updates.getPrivate('cc', 'col', 'unseen')?.value).toBeNull();
  });

  it('expires with its hash, unless something wrote it since; a stale private value goes alone', async () => {
    const state = new MemoryStateDatabase();
    const first = await commit(state, 1, [
      async (one) => {
        for (const key of ['kept', 'old', 'rewritten', 'stale']) {
          await one.setPrivateData('cc', 'col', key, bytes(key));
        }
      },
    ]);
    // Of key `stale` only the new hash arrives.
    const hidden = await simulate(state, (one) => one.setPrivateData('cc', 'col', 'stale', bytes('new')));
    const visible = await simulate(state, (one) => one.setPrivateData('cc', 'col', 'kept', bytes('new')));
    const second = testBlock(2, [{ results: visible.publicBytes }, { results: hidden.publicBytes }]);
    const after = await validateAndPrepare(second, new Uint8Array(2), state);
    await addPrivateUpdates(second, after, [writeSet(0, visible.privateBytes)], state);
    await state.apply(after.updates, { block: 2, tx: 1 });
    const reading = await simulate(state, async (one) => {
      expect(await one.getPrivateData('cc', 'col', 'old')).toEqual(bytes('old'));
    });
    const writing = await simulate(state, (one) => one.setPrivateData('cc', 'col', 'rewritten', bytes('again')));
    const block = testBlock(3, [{ results: writing.publicBytes }]);
    const result = await validateAndPrepare(block, new Uint8Array(1), state);
    await addPrivateUpdates(block, result, [writeSet(0, writing.privateBytes)], state);
    const expiring = expiringOf(first.block, first.result.codes, first.sets);
    await addExpiredUpdates(expiring, () => false, 3, state, result.updates);
    expect(result.updates.getPrivate('cc', 'col', 'old')).toBeUndefined();
    const before = result.updateBytes;
    await addExpiredUpdates(expiring, (_, collection) => collection === 'col', 3, state, result.updates);
    expect(result.updateBytes).toEqual(before);
    await state.apply(result.updates, { block: 3, tx: 0 });
    const left = async (namespace: string) => {
      const { entries } = await state.page(namespace, '', '', 0);
      return entries.map(({ key, version }) => [key, version.block]);
    };
    expect(await left(privateNamespace('cc', 'col'))).toEqual([
      ['kept', 2],
      ['rewritten', 3],
    ]);
    expect(new Map((await left(hashedNamespace('cc', 'col'))) as [string, number][])).toEqual(
      new Map([
        [keyHashOf('kept'), 2],
        [keyHashOf('stale'), 2],
        [keyHashOf('rewritten'), 3],
      ]),
    );
    // Who read the key while it was there conflicts now.
    const late = testBlock(4, [{ results: reading.publicBytes }]);
    expect([...(await validateAndPrepare(late, new Uint8Array(1), state)).codes]).toEqual([MVCC_READ_CONFLICT]);
  });

  it('without its data here expires by its hash alone', async () => {
    const state = new MemoryStateDatabase();
    const { block, result } = await commit(state, 1, [(one) => one.setPrivateData('cc', 'col', 'k', bytes('secret'))]);
    const updates = new StateUpdates();
    const expiring = expiringOf(block, result.codes);
    await addExpiredUpdates(expiring, () => true, 9, state, updates);
    expect(updates.getHashed('cc', 'col', keyHashOf('k'))?.value).toBeNull();
    expect(updates.private.size).toBe(0);
    const invalid = new StateUpdates();
    await addExpiredUpdates(expiringOf(block, Uint8Array.of(11)), () => true, 9, state, invalid);
    expect(invalid.isEmpty).toBe(true);
  });
});
