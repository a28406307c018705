import { afterEach, describe } from 'vitest';
import { changesSuite } from './conformance/changesSuite.ts';
import { exportSuite } from './conformance/exportSuite.ts';
import { listingSuite } from './conformance/listingSuite.ts';
import { orderSuite } from './conformance/orderSuite.ts';
import { resolutionSuite } from './conformance/resolutionSuite.ts';
import { retentionSuite } from './conformance/retentionSuite.ts';
import { searchSuite } from './conformance/searchSuite.ts';
import { streamSuite } from './conformance/streamSuite.ts';
import { writingSuite } from './conformance/writingSuite.ts';
import type { TraceStore } from './traceStore.ts';

/** One empty place for a store to live in. */
export interface StoreUnderTest {
  /** A handle to the same data each time, as another process would open it. */
  open(): Promise<TraceStore>;
  /** Closes what is still open and removes all of it. */
  destroy(): Promise<void>;
}
export type StoreFactory = () => Promise<StoreUnderTest>;
/** A fresh place with one open handle, destroyed after the test. */
export type NewStore = () => Promise<{ readonly store: TraceStore; readonly again: () => Promise<TraceStore> }>;

export interface ConformanceOptions {
  /** Of the generated cases, this part is tried: for a store that takes its time. */
  readonly share?: number;
}

/** What every implementation of `TraceStore` must do. */
export function traceStoreConformance(
  name: string,
  factory: StoreFactory,
  { share = 1 }: ConformanceOptions = {},
): void {
  describe(`${name} conforms`, () => {
    const places: StoreUnderTest[] = [];
    afterEach(async () => {
      for (const place of places.splice(0)) await place.destroy();
    });
    const newStore: NewStore = async () => {
      const place = await factory();
      places.push(place);
      return { store: await place.open(), again: () => place.open() };
    };
    writingSuite(newStore, share);
    resolutionSuite(newStore);
    orderSuite(newStore, share);
    searchSuite(newStore);
    listingSuite(newStore);
    changesSuite(newStore);
    retentionSuite(newStore);
    streamSuite(newStore);
    exportSuite(newStore);
  });
}
