import { expect, it } from 'vitest';
import { exampleRecords } from '#trace/store/conformance/exampleRecords.ts';
import { readEverything } from '#trace/store/conformance/readEverything.ts';
import { openStore } from '#trace/store/openStore.ts';
import { askCluster } from './askCluster.ts';
import { newPlace, type StorePlace } from './freshStore.ts';

async function filled(): Promise<{ readonly place: StorePlace; readonly expected: unknown }> {
  const place = newPlace();
  const store = await place.open();
  await store.append(exampleRecords());
  const expected = await readEverything(store);
  await store.close();
  return { place, expected };
}

it.each(['traces', 'blocks', 'state'])('makes %s again that somebody has deleted, out of the records', async (part) => {
  const { place, expected } = await filled();
  const pattern = part === 'traces' ? `${place.prefix}-traces-*` : `${place.prefix}-${part}`;
  await askCluster('DELETE', pattern);
  await expect(openStore(place.url, { mustExist: true })).rejects.toMatchObject({ code: 'cannot_open' });
  const store = await place.open();
  expect(await readEverything(store)).toEqual(expected);
});

it('is empty when its records are deleted, and takes new ones', async () => {
  const { place, expected } = await filled();
  await askCluster('DELETE', `${place.prefix}-records-*`);
  await askCluster('DELETE', `${place.prefix}-network`);
  const store = await place.open();
  while ((await store.refresh()).remaining > 0);
  expect((await store.traces({})).items).toEqual([]);
  expect((await store.append(exampleRecords())).known).toBe(0);
  expect(await readEverything(store)).toEqual(expected);
});

it('says what to do while the records are gone, and where an index stands in place of the alias', async () => {
  const { place } = await filled();
  const store = await place.open();
  await askCluster('DELETE', `${place.prefix}-records-*`);
  await expect(store.append(exampleRecords())).rejects.toMatchObject({
    code: 'io',
    message: expect.stringMatching(/has lost .*-records: start FTL anew/) as string,
  });
  await askCluster('PUT', `${place.prefix}-records`, {});
  await expect(place.open()).rejects.toMatchObject({
    code: 'not_a_store',
    message: expect.stringMatching(/is an index and must be an alias.*auto_create_index/) as string,
  });
});
