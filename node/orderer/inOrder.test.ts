import { describe, expect, it } from 'vitest';
import { inOrder } from './inOrder.ts';

async function* count(to: number, taken: number[] = []): AsyncGenerator<number, void> {
  for (let number = 0; number < to; number++) {
    taken.push(number);
    yield number;
  }
}

async function* broken(): AsyncGenerator<number, void> {
  yield 0;
  throw new Error('cut');
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
  }
  return all;
}

describe('work on several items', () => {
  it('gives results in the order of the items, whichever is done first', async () => {
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const started: number[] = [];
    const results = collect(
      inOrder(
        count(4),
        async (item) => {
          started.push(item);
          await gates[item]?.promise;
          return item;
        },
        4,
      ),
    );
    for (const gate of gates.toReversed()) {
      gate.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await results).toEqual([0, 1, 2, 3]);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('has no more under way than it may, and takes no more from the source', async () => {
    let under = 0;
    let most = 0;
    const taken: number[] = [];
    const results = inOrder(
      count(50, taken),
      async (item) => {
        most = Math.max(most, ++under);
        await new Promise((resolve) => setImmediate(resolve));
        under--;
        return item;
      },
      5,
    );
    await results.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    // The first is the reader's until it asks for the second.
    expect(taken.length).toBeLessThanOrEqual(5);
    expect(await collect(results)).toHaveLength(49);
    expect(most).toBeLessThanOrEqual(5);
  });

  it.each([1, 3])('ends with the error of an item, after the results before it (%i at a time)', async (inFlight) => {
    const results = inOrder(
      count(5),
      (item) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item)),
      inFlight,
    );
    expect((await results.next()).value).toBe(0);
    expect((await results.next()).value).toBe(1);
    await expect(results.next()).rejects.toThrow('two');
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it.each([1, 3])('ends with the error of the source (%i at a time)', async (inFlight) => {
    const results = inOrder(broken(), (item) => Promise.resolve(item), inFlight);
    expect((await results.next()).value).toBe(0);
    await expect(results.next()).rejects.toThrow('cut');
  });

  it('takes no more from the source once the reader has left', async () => {
    const taken: number[] = [];
    for await (const item of inOrder(count(100, taken), (one) => Promise.resolve(one), 2)) {
      if (item === 3) {
        break;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(taken.length).toBeLessThanOrEqual(7);
  });
});
