import { describe, expect, it } from 'vitest';
import type { StoredRecord } from '#trace/record.ts';
import { Batcher, type CheckpointSource } from './batcher.ts';

const record = (id: number): StoredRecord => ({
  id: id.toString(16).padStart(16, '0'),
  record: { '@timestamp': '2026-01-01T00:00:00Z', ftl: { version: 1, point: 'tx.seen', seq: id } },
});

class Stream implements CheckpointSource {
  position = 0;
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  checkpoint(): readonly [string, string] {
    return [this.#key, String(this.position)];
  }
}

function feed(batcher: Batcher, stream: Stream, count: number): void {
  for (let index = 0; index < count; index++) {
    stream.position++;
    batcher.add(record(stream.position));
    batcher.lineDone(stream);
  }
}

describe('Batcher', () => {
  it('seals full batches with the positions of that very moment', async () => {
    const batcher = new Batcher({ maxRecords: 3, maxDelayMs: 1e6, maxQueued: 10 });
    const a = new Stream('a');
    const b = new Stream('b');
    feed(batcher, a, 2);
    feed(batcher, b, 2);
    feed(batcher, a, 5);
    batcher.close();
    const seen: [number, Record<string, string>][] = [];
    for (let batch = await batcher.take(); batch != null; batch = await batcher.take()) {
      seen.push([batch.records.length, Object.fromEntries(batch.checkpoints)]);
    }
    expect(seen).toEqual([
      [3, { a: '2', b: '1' }],
      [3, { a: '4', b: '2' }],
      [3, { a: '7' }],
    ]);
  });

  it('pushes back when full and lets go when a batch is taken', async () => {
    const batcher = new Batcher({ maxRecords: 2, maxDelayMs: 1e6, maxQueued: 1 });
    const stream = new Stream('a');
    expect(batcher.room()).toBeUndefined();
    feed(batcher, stream, 2);
    const room = batcher.room();
    expect(room).toBeInstanceOf(Promise);
    expect((await batcher.take())?.records).toHaveLength(2);
    await room;
    expect(batcher.room()).toBeUndefined();
  });

  it('does not let a record wait for others longer than told', async () => {
    const batcher = new Batcher({ maxRecords: 1000, maxDelayMs: 1, maxQueued: 1 });
    feed(batcher, new Stream('a'), 1);
    expect((await batcher.take())?.records).toHaveLength(1);
  });

  it('saves progress without records too', async () => {
    const batcher = new Batcher({ maxRecords: 1000, maxDelayMs: 1, maxQueued: 1 });
    const stream = new Stream('a');
    stream.position = 42;
    batcher.lineDone(stream);
    expect(await batcher.take()).toEqual({ records: [], checkpoints: new Map([['a', '42']]) });
  });

  it('says that nothing came in time, and still gives what comes later', async () => {
    const batcher = new Batcher({ maxRecords: 1, maxDelayMs: 1, maxQueued: 1 });
    expect(await batcher.take(1)).toBeUndefined();
    feed(batcher, new Stream('a'), 1);
    expect((await batcher.take(1000))?.records).toHaveLength(1);
  });

  it('says when all that was added is stored, and does not wait for the batch to fill', async () => {
    const batcher = new Batcher({ maxRecords: 100, maxDelayMs: 1e6, maxQueued: 1 });
    expect(await batcher.written()).toBe(true);
    const stream = new Stream('a');
    feed(batcher, stream, 2);
    const order: string[] = [];
    const first = batcher.written().then((stored) => order.push(`first ${stored}`));
    expect((await batcher.take())?.records).toHaveLength(2);
    feed(batcher, stream, 3);
    const second = batcher.written().then((stored) => order.push(`second ${stored}`));
    batcher.stored();
    await first;
    expect(order).toEqual(['first true']);
    expect((await batcher.take())?.records).toHaveLength(3);
    batcher.stored();
    await second;
    expect(await batcher.written()).toBe(true);
    feed(batcher, stream, 1);
    const never = batcher.written();
    batcher.discard();
    expect(await never).toBe(false);
    expect(await batcher.written()).toBe(true);
  });

  it('wakes a taker that waits for a batch as soon as somebody waits for it to be stored', async () => {
    const batcher = new Batcher({ maxRecords: 100, maxDelayMs: 1e6, maxQueued: 1 });
    const taken = batcher.take();
    feed(batcher, new Stream('a'), 2);
    const written = batcher.written();
    expect((await taken)?.records).toHaveLength(2);
    batcher.stored();
    expect(await written).toBe(true);
  });

  it('waits for what is sealed alone where the open batch turns out to hold nothing', async () => {
    const batcher = new Batcher({ maxRecords: 100, maxDelayMs: 1e6, maxQueued: 1 });
    batcher.lineDone({ checkpoint: () => null });
    const written = batcher.written();
    batcher.close();
    expect(await written).toBe(true);
  });
});
