import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '#trace/store/errors.ts';
import { CollectorRig, ownLines, range } from '../testing/collectorRig.ts';

let rig: CollectorRig;
beforeEach(() => {
  rig = new CollectorRig();
  writeFileSync(rig.path('peer0.log'), ownLines(0, 1000));
});
afterEach(() => rig.remove());

describe('a store that fails', () => {
  it('gets each batch again until it takes it; nothing is lost and nothing comes out of order', async () => {
    let failures = 7;
    rig.store.before = () => {
      if (failures-- > 0) throw new StoreError('busy', 'not now');
    };
    await rig.start({ batchRecords: 100, retryMs: 1 });
    expect(await rig.untilSequence(1000)).toEqual(range(0, 1000));
    expect(await rig.metric('ftl_collector_write_retries_total')).toBe(7);
    expect(await rig.metric('ftl_collector_dropped_records_total')).toBe(0);
  });

  it('holds back the files: no more is read than the queue takes', async () => {
    writeFileSync(rig.path('peer1.log'), ownLines(1000, 200_000));
    rig.store.before = () => {
      throw new StoreError('disk_full', 'no room');
    };
    await rig.start({ batchRecords: 100, queueBatches: 2, readBytes: 16 * 1024, retryMs: 1 });
    const tries = async () => rig.metric('ftl_collector_write_retries_total');
    // Eight tries, each twice as long after the one before; a real pause, since promises alone would starve their timers.
    for (const before = await tries(); (await tries()) < before + 8; ) await setTimeout(5);
    const queued = rig.collector.status().queued;
    // Two batches and the open one, and what a chunk of each file holds beyond.
    expect(queued).toBeGreaterThan(200);
    expect(queued).toBeLessThan(100 * 3 + 2 * 100);
    expect(await rig.metric('ftl_collector_queue_records')).toBe(rig.collector.status().queued);
    rig.store.before = () => undefined;
    await rig.until(() => rig.store.records.size === 200_000);
  });

  it('may be left at once; the next run writes what this one could not', async () => {
    let appended = 0;
    rig.store.before = () => {
      if (++appended > 3) throw new StoreError('io', 'gone');
    };
    await rig.start({ batchRecords: 100, retryMs: 1 });
    await rig.until(() => appended > 5);
    const abort = new AbortController();
    const stopped = rig.collector.stop({ signal: abort.signal });
    abort.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(rig.store.sequence).toEqual(range(0, 300));
    rig.store.before = () => undefined;
    await rig.start();
    expect(await rig.untilSequence(1000)).toEqual(range(0, 1000));
    expect(await rig.metric('ftl_collector_records_known_total')).toBe(0);
  });

  it('gets the others without a record that it can never hold; that one is a dead letter', async () => {
    rig.store.before = (records) => {
      if (records.some(({ record }) => record.ftl.seq === 567))
        throw new StoreError('invalid_record', 'cannot be held');
    };
    await rig.start({ deadLetters: { path: rig.path('dead.ndjson') } });
    expect(await rig.untilSequence(999)).toEqual(range(0, 1000).filter((seq) => seq !== 567));
    expect(rig.collector.status().deadLetters).toBe(1);
    await rig.stop();
    expect(rig.store.saved.size).toBe(1);
  });
});

describe('stopping', () => {
  it('writes what was read, with its checkpoint', async () => {
    await rig.start({ batchMs: 1e6 });
    await rig.until(() => rig.collector.status().queued === 1000);
    expect(rig.store.records.size).toBe(0);
    await rig.collector.stop();
    expect(rig.store.sequence).toEqual(range(0, 1000));
    await rig.start();
    await rig.collector.untilCaughtUp();
    expect(await rig.metric('ftl_collector_lines_total')).toBe(0);
  });
});

describe('several streams', () => {
  it('each keeps its own order', async () => {
    for (const stream of range(1, 5))
      writeFileSync(rig.path(`peer${stream}.log`), ownLines(stream * 1000, stream * 1000 + 1000));
    await rig.start({ readBytes: 4096, batchRecords: 64 });
    const sequence = await rig.untilSequence(5000);
    for (const stream of range(0, 5)) {
      const own = sequence.filter((seq) => Math.floor(seq / 1000) === stream);
      expect(own).toEqual(range(stream * 1000, stream * 1000 + 1000));
    }
  });
});
