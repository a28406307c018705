import { expect, it } from 'vitest';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openElasticsearchStore } from '#trace/store/elasticsearch/elasticsearchStore.ts';
import { exampleRecords } from '#trace/store/conformance/exampleRecords.ts';
import { readEverything, refreshAll } from '#trace/store/conformance/readEverything.ts';
import type { StoredRecord } from '#trace/record.ts';
import { newPlace, type StorePlace } from './freshStore.ts';

async function expected(): Promise<unknown> {
  const store = await newPlace().open();
  await store.append(exampleRecords());
  return readEverything(store);
}

async function indicesOf(place: StorePlace, alias: string): Promise<string[]> {
  const connection = new Connection(parseElasticsearchUrl(place.url));
  const indices = await connection.run((client) => client.indices.get({ index: `${place.prefix}-${alias}` }));
  await connection.close();
  return Object.keys(indices).toSorted();
}

it('is one store over all indices behind an alias; what comes again is there once', async () => {
  const place = newPlace();
  const records = exampleRecords();
  const parts = [0, 1, 2].map((part) => records.filter((_, n) => n % 3 === part));
  // The first part comes again in the last index, for the first time when its traces have records in all of them.
  for (const part of [...parts, parts[0] ?? [], records]) {
    const connection = new Connection(parseElasticsearchUrl(place.url));
    const store = await openElasticsearchStore(connection, { rollover: { maxDocuments: 1 } });
    await store.append(part);
    await refreshAll(store);
    await store.close();
  }
  expect((await indicesOf(place, 'records')).length).toBeGreaterThanOrEqual(4);
  expect((await indicesOf(place, 'traces')).length).toBeGreaterThanOrEqual(2);
  expect(await readEverything(await place.open())).toEqual(await expected());
});

it('shows a record that came again once, before a refresh has put the second one out', async () => {
  const place = newPlace();
  const records = exampleRecords();
  const connection = new Connection(parseElasticsearchUrl(place.url));
  const store = await openElasticsearchStore(connection, { rollover: { maxDocuments: 1 } });
  await store.append(records);
  await refreshAll(store);
  const [{ channel, txId } = { channel: '', txId: '' }] = (await store.traces({})).items;
  const before = await store.records({ channel, txId });
  await store.append(records);
  expect(await store.records({ channel, txId })).toEqual(before);
  await store.close();
});

it('takes up records that somebody else put into the index of records', async () => {
  const place = newPlace();
  const store = await place.open();
  await put(place, exampleRecords());
  await refreshAll(store);
  expect(await readEverything(store)).toEqual(await expected());
});

/** As Logstash's output does. */
async function put(place: StorePlace, records: readonly StoredRecord[]): Promise<void> {
  const connection = new Connection(parseElasticsearchUrl(place.url));
  const operations = records.flatMap(({ id, record }) => [{ create: { _id: id } }, record]);
  const answer = await connection.run((client) => client.bulk({ index: `${place.prefix}-records`, operations }));
  expect(answer.errors).toBe(false);
  await connection.close();
}
