import { ledger } from '@hyperledger/fabric-protos';
import { describe, expect, it } from 'vitest';
import { TxSimulator } from '../simulator/txSimulator.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { privateNamespace } from '../state/namespaces.ts';
import { addPrivateUpdates, addPurges, type PrivateWriteSet } from './privateUpdates.ts';
import { testBlock } from './testBlock.ts';
import { validateAndPrepare } from './validateAndPrepare.ts';

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
});
