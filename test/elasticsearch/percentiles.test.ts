import { randomBytes } from 'node:crypto';
import { afterEach, expect, inject, test } from 'vitest';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Cluster } from '#trace/store/elasticsearch/cluster.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { indexNames } from '#trace/store/elasticsearch/indices.ts';
import { EXACT_UP_TO, nearestRanks, type RankAnswer, ranksOf } from '#trace/store/elasticsearch/nearestRank.ts';

const FRACTIONS = [0.5, 0.95, 0.99];
const index = `ftl-test-${randomBytes(6).toString('hex')}`;
let cluster: Cluster;

afterEach(async () => {
  await cluster.send({ method: 'DELETE', path: `/${index}`, accept: [404] });
  await cluster.connection.close();
});

/** Long tails, as latencies have, and many of the same. */
function latencies(count: number): number[] {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.round(1000 / (state / 2_147_483_647));
  });
}

async function ranks(values: readonly number[]): Promise<(number | null)[]> {
  const url = `elasticsearch:${inject('elasticsearchUrl')}/${index}`;
  cluster = new Cluster(new Connection(parseElasticsearchUrl(url)), indexNames(index));
  // In several segments, and over two shards whose digests have to be put together.
  const settings = { number_of_shards: 2, number_of_replicas: 0 };
  await cluster.send({
    method: 'PUT',
    path: `/${index}`,
    body: { settings, mappings: { properties: { us: { type: 'long' } } } },
  });
  for (let at = 0; at < values.length; at += 5000) {
    const lines = values.slice(at, at + 5000).map((us) => `{"index":{}}\n{"us":${us}}\n`);
    await cluster.write(lines.join(''), [index]);
  }
  await cluster.refresh(index);
  const aggs = { ranks: nearestRanks('us', FRACTIONS, values.length) };
  const { aggregations } = await cluster.search(index, { size: 0, aggs });
  return ranksOf(aggregations['ranks'] as RankAnswer, FRACTIONS, values.length);
}

const rankOf = (sorted: readonly number[], value: number) => sorted.filter((other) => other < value).length;

test.each([1, 2, 3, 99, 100, 101, EXACT_UP_TO])(
  'percentiles of %i values are those of the nearest rank',
  async (count) => {
    const values = latencies(count);
    const sorted = values.toSorted((a, b) => a - b);
    const expected = FRACTIONS.map((fraction) => sorted[Math.max(0, Math.ceil(count * fraction) - 1)]);
    expect(await ranks(values)).toEqual(expected);
  },
);

test('of many more they are as good as exact', async () => {
  const values = latencies(3 * EXACT_UP_TO);
  const sorted = values.toSorted((a, b) => a - b);
  const found = await ranks(values);
  for (const [n, fraction] of FRACTIONS.entries()) {
    expect(Math.abs(rankOf(sorted, found[n] ?? 0) / values.length - fraction)).toBeLessThan(0.001);
  }
});
