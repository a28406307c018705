import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { range } from '../testing/collectorRig.ts';
import { type Arrival, type HoldBudget, LineOrder } from './lineOrder.ts';
import { Peer, type Progress } from './peer.ts';
import type { ShippedLine } from './shippedLine.ts';
import { Window } from './window.ts';

const SIZE = 10;

function arrival(index: number, peer: Peer, more: Partial<ShippedLine> = {}): Arrival {
  const line: ShippedLine = {
    host: 'h',
    path: '/l',
    file: '',
    node: undefined,
    name: 'l@h',
    offset: index * SIZE,
    size: SIZE,
    text: `line ${index}`,
    rebuilt: false,
    ...more,
  };
  return { line, window: new Window(2, 1), peer };
}

class Bed {
  readonly peer = new Peer();
  readonly came: number[] = [];
  readonly budget: HoldBudget = { held: 0, max: 1000 };
  readonly order: LineOrder;

  constructor(holdMs: number, next: number | null = null) {
    this.order = new LineOrder(
      { holdMs, budget: this.budget },
      ({ line }) => this.came.push((line.offset ?? -SIZE) / SIZE),
      next,
    );
  }

  take(indexes: readonly number[], others = true, more: Partial<ShippedLine> = {}): void {
    for (const index of indexes) this.order.take(arrival(index, this.peer, more), others);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise((wake) => {
        setTimeout(wake, 2);
      });
    }
  }
}

class Connection implements Progress {
  windows = 0;
  rests = 0;
  isResting = false;
  isClosed = false;
}

const FOREVER = 1_000_000;

describe('LineOrder', () => {
  it('lets pass what follows, at once', () => {
    const bed = new Bed(FOREVER);
    bed.take(range(0, 5));
    expect(bed.came).toEqual(range(0, 5));
  });

  it('lets pass everything that can have nothing before it elsewhere', () => {
    const bed = new Bed(FOREVER);
    bed.take([3, 4, 9, 12], false);
    expect(bed.came).toEqual([3, 4, 9, 12]);
  });

  it('takes a carriage return that events do not show into account', () => {
    const bed = new Bed(FOREVER, 100);
    bed.order.take(arrival(0, bed.peer, { offset: 101 }), true);
    expect(bed.came).toEqual([10.1]);
  });

  it('puts lines in order, whatever the order of the parts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }).chain((sizes) => {
          const parts: number[][] = [];
          let at = 0;
          for (const size of sizes) parts.push(range(at, (at += size)));
          return fc.shuffledSubarray(parts, { minLength: parts.length });
        }),
        (parts) => {
          const bed = new Bed(FOREVER, 0);
          for (const part of parts) bed.take(part);
          expect(bed.came).toEqual(range(0, parts.flat().length));
          expect(bed.order.holds).toBe(false);
          expect(bed.budget.held).toBe(0);
        },
      ),
    );
  });

  it('lets pass old lines and lines without a place, even while others wait', () => {
    const bed = new Bed(FOREVER, 50);
    bed.take([9, 2]);
    bed.take([0], true, { offset: undefined });
    expect(bed.came).toEqual([2, -1]);
    bed.order.releaseAll();
    expect(bed.came).toEqual([2, -1, 9]);
  });

  it('waits a moment for what does not come, then goes on in order', async () => {
    const bed = new Bed(5, 0);
    bed.take([0, 7, 8, 4, 5]);
    expect(bed.came).toEqual([0]);
    await bed.until(() => bed.came.length === 5);
    expect(bed.came).toEqual([0, 4, 5, 7, 8]);
    bed.take([9]);
    expect(bed.came.at(-1)).toBe(9);
  });

  it('waits for what its sender is in the middle of sending, however long it takes', async () => {
    const bed = new Bed(1, 0);
    const other = new Connection();
    bed.peer.add(other);
    bed.take([5, 6]);
    await bed.until(() => !bed.order.holds || other.rests > 0 || performance.now() > 0);
    for (let turn = 0; turn < 20; turn++) await new Promise((wake) => setTimeout(wake, 1));
    expect(bed.came).toEqual([]);
    bed.take(range(0, 5));
    expect(bed.came).toEqual(range(0, 7));
  });

  it.each([
    ['rests', (other: Connection) => (other.rests += 1)],
    ['has received two more windows', (other: Connection) => (other.windows += 2)],
    ['is closed', (other: Connection) => (other.isClosed = true)],
  ])('goes on when the other connection %s', async (_, move) => {
    const bed = new Bed(1, 0);
    const other = new Connection();
    bed.peer.add(other);
    bed.take([5, 6]);
    for (let turn = 0; turn < 10; turn++) await new Promise((wake) => setTimeout(wake, 1));
    move(other);
    await bed.until(() => bed.came.length === 2);
    expect(bed.came).toEqual([5, 6]);
  });

  it('holds back no more than its share of memory', () => {
    const bed = new Bed(FOREVER, 0);
    bed.take([50], true, { text: 'x'.repeat(600) });
    expect(bed.came).toEqual([]);
    bed.take([60], true, { text: 'x'.repeat(600) });
    expect(bed.came).toEqual([50, 60]);
    expect(bed.budget.held).toBe(0);
  });
});
