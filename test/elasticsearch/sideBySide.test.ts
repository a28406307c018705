import type { Client } from '@elastic/elasticsearch';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { at, blockRecords, P2, record, txIdOf } from '#trace/store/conformance/exampleRecords.ts';
import { readEverything } from '#trace/store/conformance/readEverything.ts';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openElasticsearchStore } from '#trace/store/elasticsearch/elasticsearchStore.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { StoredRecord } from '#trace/record.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { generateRecords } from '../perf/generateRecords.ts';
import { askCluster } from './askCluster.ts';
import { type StorePlace, storePlace } from './freshStore.ts';

let place: StorePlace;
let sqlite: TraceStore;
let elasticsearch: TraceStore;

beforeEach(async () => {
  place = storePlace(inject('elasticsearchUrl'));
  sqlite = await openStore('sqlite::memory:');
  elasticsearch = await place.open();
});
afterEach(async () => {
  await sqlite.close();
  await place.destroy();
});

async function both(records: readonly StoredRecord[]): Promise<void> {
  for (const store of [sqlite, elasticsearch]) {
    await store.append(records);
    while ((await store.refresh()).remaining > 0);
  }
}

function block(number: number, ...more: readonly string[]): StoredRecord[] {
  return blockRecords({ number, txs: Object.fromEntries([txIdOf(`${number}-`), ...more].map((id) => [id, 'VALID'])) });
}

test('an index that is over goes whole, and what living traces stand on is carried over', async () => {
  const records = `${place.prefix}-records`;
  const rollOver = async () => {
    await askCluster('POST', `${records}/_rollover`);
    await askCluster('POST', `${place.prefix}-traces/_rollover`);
  };
  const again = txIdOf('deadbeef');
  const spread = txIdOf('facade01');
  for (let number = 1; number <= 9; number++) await both(block(number));
  // In a block here and in one of the second index; and a shortened ID whose transaction comes later.
  await both([
    ...block(10, again),
    record({ channel: 'mychannel', node: P2, ms: 10_000, point: 'chaincode.invoke', tx_id_prefix: 'facade01' }),
    record({ node: P2, ms: 10_001, point: 'tx.seen', tx_id: spread }),
    record({ channel: 'mychannel', node: P2, ms: 10_002, point: 'config.update' }),
    record({ channel: 'mychannel', node: P2, ms: 10_003, point: 'gossip.transfer', block: { number: 1, last: 5 } }),
  ]);
  await rollOver();
  for (let number = 11; number <= 19; number++) await both(block(number));
  await both(block(20, again, spread));
  await rollOver();
  for (let number = 21; number <= 25; number++) await both(block(number));
  const indices = async () =>
    Object.keys(await askCluster<Record<string, unknown>>('GET', `_alias/${records}`)).toSorted();
  expect(await indices()).toEqual([1, 2, 3].map((n) => `${records}-00000${n}`));

  for (const [before, traces, left] of [
    [at(10_500), 9, [2, 3]],
    [at(15_500), 5, [2, 3]],
    // All that are left of block 10, which goes with its transaction in block 20.
    [at(20_900), 8, [3]],
  ] as const) {
    const { records: dropped } = await sqlite.dropBefore(before);
    expect(await elasticsearch.dropBefore(before)).toEqual({ records: dropped, traces });
    expect(await indices()).toEqual(left.map((n) => `${records}-00000${n}`));
    expect(await readEverything(elasticsearch)).toEqual(await readEverything(sqlite));
  }
  expect((await elasticsearch.traces({})).items).toHaveLength(5);
});

/** Calls before each request that it sends. */
class Watched extends Connection {
  before: (request: { readonly method?: string; readonly path?: string }) => Promise<void> = async () => undefined;

  override async run<T>(work: Parameters<typeof Connection.prototype.run<T>>[0]): Promise<T> {
    return super.run(async (client) => {
      const request = async (params: Parameters<Client['transport']['request']>[0], options: object) => {
        await this.before(params);
        return client.transport.request(params, options);
      };
      return work({ transport: { request } } as unknown as Client);
    });
  }
}

test('what is carried over is not taken for a double by another process that is at work meanwhile', async () => {
  const again = txIdOf('deadbeef');
  for (const numbers of [
    [1, 2],
    [3, 4],
  ]) {
    for (const number of numbers) await both(block(number, ...(number % 2 === 0 ? [again] : [])));
    await askCluster('POST', `${place.prefix}-records/_rollover`);
  }
  await both(block(5));
  const connection = new Watched(parseElasticsearchUrl(place.url));
  const forgetful = await openElasticsearchStore(connection);
  const other = await place.open();
  let looks = 0;
  connection.before = async ({ method, path = '' }) => {
    if (method !== 'DELETE' || !path.includes('-records-0') || looks > 0) return;
    // By now it is in the newest index too.
    for (const store of [sqlite, other]) await store.append(block(6));
    for (; looks < 3; looks++) await other.refresh();
  };
  await forgetful.dropBefore(at(3000));
  await sqlite.dropBefore(at(3000));
  expect(looks).toBe(3);
  while ((await other.refresh()).remaining > 0);
  expect(await readEverything(other)).toEqual(await readEverything(sqlite));
  expect((await other.trace({ channel: 'mychannel', txId: again }))?.duplicates).toHaveLength(1);
  await forgetful.close();
});

test('statistics and pages of thousands of traces are the same', async () => {
  for (const batch of generateRecords(14_000, 5000)) {
    await sqlite.append(batch);
    await elasticsearch.append(batch);
  }
  for (const store of [sqlite, elasticsearch]) while ((await store.refresh()).remaining > 0);
  const middle = '2026-01-01T00:00:40.123Z';
  for (const query of [
    {},
    { from: middle },
    { to: middle, bucketUs: 333_333 },
    { channel: 'mychannel', bucketUs: 7e6 },
  ]) {
    const expected = await sqlite.statistics(query);
    expect(expected.latency.total.count).toBeGreaterThan(500);
    expect({ query, found: await elasticsearch.statistics(query) }).toEqual({ query, found: expected });
  }
  const [expected, found] = await Promise.all(
    [sqlite, elasticsearch].map(async (store) => (await store.traces({ limit: 1000, sort: 'durationUs' })).items),
  );
  expect(found).toEqual(expected);
});
