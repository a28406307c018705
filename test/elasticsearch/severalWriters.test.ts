import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openElasticsearchStore } from '#trace/store/elasticsearch/elasticsearchStore.ts';
import { exampleRecords } from '#trace/store/conformance/exampleRecords.ts';
import { readEverything } from '#trace/store/conformance/readEverything.ts';
import type { StoredRecord } from '#trace/record.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { newPlace } from './freshStore.ts';

/** What one writer does: appends so many of its records, then refreshes so many (0: not at all). */
type Step = readonly [records: number, refresh: number];

async function write(store: TraceStore, records: readonly StoredRecord[], steps: readonly Step[]): Promise<void> {
  let rest = records;
  for (const [count, limit] of steps) {
    await store.append(rest.slice(0, count));
    rest = rest.slice(count);
    if (limit > 0) await store.refresh({ limit });
  }
  await store.append(rest);
  while ((await store.refresh()).remaining > 0);
}

it('has the same summaries in the end, however the appends and refreshes of three collectors fall together', async () => {
  const records = exampleRecords();
  const reference = await newPlace().open();
  await reference.append(records);
  const expected = await readEverything(reference);
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 15 }), fc.constantFrom(0, 1, 3, 500)), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(records, { minLength: records.length }),
      fc.array(fc.nat(2), { minLength: records.length, maxLength: records.length }),
      fc.tuple(steps, steps, steps),
      async (shuffled, owners, plans) => {
        const place = newPlace();
        const writers = await Promise.all(
          plans.map(async (plan, n) => ({
            store: await place.open(),
            plan,
            // Some records come to two collectors.
            records: shuffled.filter((_, index) => owners[index] === n || index % 7 === n),
          })),
        );
        await Promise.all(writers.map(async (writer) => write(writer.store, writer.records, writer.plan)));
        expect(await readEverything(await place.open())).toEqual(expected);
        await place.destroy();
      },
    ),
    { numRuns: 8 },
  );
});

/** A process that stands still before one of its requests, until it is let go on; or of which only that request is slow. */
class Freezing extends Connection {
  #before = Infinity;
  #isSlow = false;
  readonly #frozen = Promise.withResolvers<void>();
  readonly #thaw = Promise.withResolvers<void>();

  /** Before the request after so many more. */
  freezeAfter(requests: number): Promise<void> {
    this.#before = requests;
    return this.#frozen.promise;
  }

  slowAfter(requests: number): Promise<void> {
    this.#isSlow = true;
    return this.freezeAfter(requests);
  }

  thaw(): void {
    this.#thaw.resolve();
  }

  override async run<T>(work: Parameters<typeof Connection.prototype.run<T>>[0]): Promise<T> {
    const left = this.#before--;
    if (this.#isSlow ? left === 0 : left <= 0) {
      this.#frozen.resolve();
      await this.#thaw.promise;
    }
    return super.run(work);
  }
}

it('takes over from a collector that stands still, and is not disturbed when that one goes on', async () => {
  const records = exampleRecords();
  const half = records.filter((_, n) => n % 2 === 0);
  const reference = await newPlace().open();
  await reference.append(records);
  const expected = await readEverything(reference);
  const requests = Array.from({ length: 24 }, (_, n) => n + 4);
  await Promise.all(
    requests.map(async (after) => {
      const place = newPlace();
      const connection = new Freezing(parseElasticsearchUrl(place.url));
      const slow = await openElasticsearchStore(connection);
      await slow.append(half);
      const frozen = connection.freezeAfter(after);
      const refreshing = (async () => {
        while ((await slow.refresh({ limit: 5 })).remaining > 0);
      })();
      // It may be done before it has sent so many.
      await Promise.race([frozen, refreshing]);
      const other = await place.open();
      await other.append(records);
      while ((await other.refresh()).remaining > 0);
      connection.thaw();
      await refreshing;
      expect({ after, all: await readEverything(other) }).toEqual({ after, all: expected });
      await slow.close();
    }),
  );
});

it('takes over from a collector that is dead', async () => {
  const records = exampleRecords();
  const reference = await newPlace().open();
  await reference.append(records);
  const place = newPlace();
  const connection = new Connection(parseElasticsearchUrl(place.url));
  const dying = await openElasticsearchStore(connection);
  await dying.append(records);
  expect((await dying.refresh({ limit: 2 })).remaining).toBeGreaterThan(0);
  await connection.close();
  const other = await place.open();
  expect(await readEverything(other)).toEqual(await readEverything(reference));
});

it('leaves a collector alone that is slow but alive', async () => {
  const records = exampleRecords();
  const place = newPlace();
  const connection = new Freezing(parseElasticsearchUrl(place.url));
  const slow = await openElasticsearchStore(connection);
  await slow.append(records);
  // By then it has the lease and reads what is new.
  const waiting = connection.slowAfter(8);
  const refreshing = slow.refresh();
  await waiting;
  const other = await place.open();
  // Each waits half a second; after five without a sign of life the other would take over.
  for (let n = 0; n < 14; n++) expect(await other.refresh()).toMatchObject({ refreshed: 0 });
  expect((await other.traces({})).items).toEqual([]);
  connection.thaw();
  expect(await refreshing).toMatchObject({ remaining: 0 });
  expect(await other.refresh()).toEqual({ refreshed: 0, remaining: 0 });
  expect((await other.traces({})).items.length).toBe(13);
  await slow.close();
});
