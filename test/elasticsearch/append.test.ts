import { expect, it } from 'vitest';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openElasticsearchStore } from '#trace/store/elasticsearch/elasticsearchStore.ts';
import { exampleRecords, IDS, record, stored, txIdOf } from '#trace/store/conformance/exampleRecords.ts';
import { StoreError } from '#trace/store/errors.ts';
import type { StoredRecord, TraceRecord } from '#trace/record.ts';
import { newPlace } from './freshStore.ts';

const channel = 'mychannel';

it('counts what is new in a batch of several requests', async () => {
  const store = await newPlace().open();
  const many = Array.from({ length: 6000 }, (_, n) =>
    record({ channel, ms: n, point: 'tx.seen', tx_id: txIdOf(`${n}-`) }),
  );
  expect(await store.append([...many.slice(0, 4000), ...many.slice(0, 10)])).toEqual({ added: 4000, known: 10 });
  expect(await store.append(many)).toEqual({ added: 2000, known: 4000 });
  expect((await store.info()).records).toBe(6000);
});

it('keeps records that Elasticsearch would not take as documents, beside those that it does', async () => {
  const store = await newPlace().open();
  const about = { channel, point: 'tx.seen', tx_id: IDS.plain } as const;
  const plain = record(about).record;
  const odd: TraceRecord[] = [
    { ...plain, '': 1 },
    { ...plain, 'a.': 1 },
    { ...plain, '.': { '..': [] } },
    { ...plain, service: 'no object' },
    { ...plain, 'service.node.name': 'n', service: { node: 'no object' } },
    { ...plain, deep: nested(1500) },
    { ...plain, message: 'long '.repeat(20_000) },
    { ...plain, 'service.node.name': 'n'.repeat(40_000) },
    { ...plain, ftl: { ...plain.ftl, chaincode: 'long '.repeat(20_000) } },
    { ...plain, ftl: { ...plain.ftl, sender: { id: '\ud800' } } },
  ];
  const records = [...odd, plain].map(stored);
  expect(await store.append(records)).toEqual({ added: records.length, known: 0 });
  expect(await store.append(records)).toEqual({ added: 0, known: records.length });
  const back = new Map((await store.records({ channel, txId: IDS.plain })).map((one) => [one.id, one.record]));
  for (const one of records) expect(back.get(one.id)).toEqual(one.record);
  expect(back.size).toBe(records.length);
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = { more: value };
  return value;
}

/** Fails one request with `busy`, as a cluster that has too much to do for longer than a request is repeated. */
class Failing extends Connection {
  failAfter = Infinity;

  override async run<T>(work: Parameters<typeof Connection.prototype.run<T>>[0]): Promise<T> {
    if (this.failAfter-- === 0) throw new StoreError('busy', 'too much to do');
    return super.run(work);
  }
}

it('writes checkpoints after all else, and counts what a failed attempt has written as new', async () => {
  const place = newPlace();
  const connection = new Failing(parseElasticsearchUrl(place.url));
  const store = await openElasticsearchStore(connection);
  const records: readonly StoredRecord[] = exampleRecords();
  const checkpoints = new Map([['file:a', '7']]);
  // Records, facts, what follows from them, checkpoints.
  for (let request = 0; request < 4; request++) {
    connection.failAfter = request;
    await expect(store.append(records, checkpoints)).rejects.toMatchObject({ code: 'busy' });
    expect(await store.checkpoints()).toEqual(new Map());
  }
  expect(await store.append(records, checkpoints)).toEqual({ added: records.length, known: 0 });
  expect(await store.checkpoints()).toEqual(checkpoints);
  expect(await store.append(records, checkpoints)).toEqual({ added: 0, known: records.length });
  await store.close();
});
