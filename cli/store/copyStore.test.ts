import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blockRecords, exampleRecords, IDS } from '#trace/store/conformance/exampleRecords.ts';
import { readEverything } from '#trace/store/conformance/readEverything.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { type CopyPhase, copyStore } from './copyStore.ts';

let folder: string;
let source: TraceStore;
let target: TraceStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-copy-'));
  source = await openStore(`sqlite:${join(folder, 'source.db')}`);
  target = await openStore(`sqlite:${join(folder, 'target.db')}`);
  await source.append(
    exampleRecords(),
    new Map([
      ['file:a', '7'],
      ['file:b', '9'],
    ]),
  );
});
afterEach(async () => {
  await source.close();
  await target.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Interrupts after so many pages of 10. */
function interruptedAfter(pages: number) {
  const abort = new AbortController();
  let seen = 0;
  return {
    pageSize: 10,
    signal: abort.signal,
    onProgress: (phase: CopyPhase) => {
      if (phase === 'copying' && ++seen === pages) abort.abort();
    },
  };
}

const distinct = new Set(exampleRecords().map(({ id }) => id)).size;

describe('copying a store', () => {
  it('makes another with the same records, answers and checkpoints', async () => {
    const phases = new Set<CopyPhase>();
    const result = await copyStore(source, target, { pageSize: 7, onProgress: (phase) => phases.add(phase) });
    expect(result).toMatchObject({
      resumedAt: 0,
      added: distinct,
      known: 0,
      records: distinct,
      checkpoints: 2,
      others: 0,
    });
    expect([...phases]).toEqual(['copying', 'verifying', 'summarising']);
    expect(await readEverything(target)).toEqual(await readEverything(source));
    expect(await target.checkpoints('file:')).toEqual(await source.checkpoints());
  });

  it('goes on where it was interrupted', async () => {
    await expect(copyStore(source, target, interruptedAfter(3))).rejects.toMatchObject({ code: 'interrupted' });
    expect((await target.info()).records).toBe(30);
    expect(await target.checkpoints('file:')).toEqual(new Map());
    const result = await copyStore(source, target);
    expect(result).toMatchObject({ resumedAt: 30, added: distinct - 30, known: 0, records: distinct });
    expect(await copyStore(source, target)).toMatchObject({
      resumedAt: 0,
      added: 0,
      known: distinct,
      hash: result.hash,
    });
  });

  it('begins anew where what was noted is of another store in the same place', async () => {
    await expect(copyStore(source, target, interruptedAfter(5))).rejects.toMatchObject({ code: 'interrupted' });
    const [key, note] = [...(await target.checkpoints('store-copy '))][0] ?? ['', ''];
    const broken = JSON.stringify({ ...(JSON.parse(note) as object), after: 'nowhere' });
    await target.append([], new Map([[key, broken]]));
    expect(await copyStore(source, target)).toMatchObject({ records: distinct, known: 50 });
  });

  it('leaves what the target has besides, and says how much', async () => {
    await target.append(blockRecords({ number: 77, txs: { [IDS.plain]: 'VALID' } }));
    const before = (await target.info()).records;
    expect(await copyStore(source, target)).toMatchObject({ records: distinct, others: before });
    expect((await target.info()).records).toBe(distinct + before);
  });

  it('does not call alike what is not', async () => {
    const [one] = exampleRecords();
    await target.append([{ id: one!.id, record: { ...one!.record, message: 'altered' } }]);
    await expect(copyStore(source, target)).rejects.toMatchObject({ code: 'differs' });
    expect(await target.checkpoints('file:')).toEqual(new Map());
  });

  it('calls two spellings of the same instant alike, and no others', async () => {
    const { record } = exampleRecords()[0]!;
    const [id, at] = ['00000000000000aa', '2026-01-01T00:00:00.120000Z'];
    await source.append([{ id, record: { ...record, '@timestamp': at } }]);
    await target.append([{ id, record: { ...record, '@timestamp': at.replace('0000Z', '0Z') } }]);
    expect(await copyStore(source, target)).toMatchObject({ records: distinct + 1, late: 0 });
    const other = await openStore('sqlite::memory:');
    await other.append([{ id, record: { ...record, '@timestamp': at.replace('.12', '.121') } }]);
    await expect(copyStore(source, other)).rejects.toMatchObject({ code: 'differs' });
    await other.close();
  });

  it('fetches what a note wrongly says was copied', async () => {
    await expect(copyStore(source, target, interruptedAfter(3))).rejects.toMatchObject({ code: 'interrupted' });
    // What had been copied is gone from the target, as after a retention: the note says that it is there.
    const anew = await openStore('sqlite::memory:');
    const [[key, note] = ['', '']] = await target
      .checkpoints('store-copy ')
      .then((all) => [...all].filter(([, text]) => text !== ''));
    expect(key).not.toBe('');
    await anew.append([], new Map([[key, note]]));
    const result = await copyStore(source, anew);
    expect(result).toMatchObject({ records: distinct, late: 30 });
    expect(await readEverything(anew)).toEqual(await readEverything(source));
    await anew.close();
  });

  it('fetches what comes into the source meanwhile', async () => {
    let added = false;
    const result = await copyStore(source, target, {
      pageSize: 10,
      onProgress: (phase, done) => {
        if (phase !== 'copying' || added || done < distinct) return;
        added = true;
        // The last page has been read.
        void source.append(exampleRecords().slice(0, 0), new Map([['file:a', '8']]));
        void source.append(blockRecords({ number: 1, txs: { [IDS.onlyInList]: 'VALID' }, channel: 'aaa' }));
      },
    });
    expect(result.records).toBe((await source.info()).records);
    expect(result.late).toBe(result.records - distinct);
    expect(result.late).toBeGreaterThan(0);
    expect((await target.info()).records).toBe(result.records);
    expect((await target.checkpoints('file:a')).get('file:a')).toBe('8');
  });

  it('refuses to copy a store into itself', async () => {
    const same = await openStore(`sqlite:${join(folder, 'source.db')}`);
    await expect(copyStore(source, same)).rejects.toMatchObject({ code: 'same_store' });
    await same.close();
    symlinkSync(join(folder, 'source.db'), join(folder, 'link.db'));
    const linked = await openStore(`sqlite:${join(folder, 'link.db')}`);
    await expect(copyStore(source, linked)).rejects.toMatchObject({ code: 'same_store' });
    await linked.close();
  });
});
