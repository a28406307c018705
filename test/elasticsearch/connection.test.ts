import { expect, inject, it } from 'vitest';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import type { Client } from '@elastic/elasticsearch';

const health = (client: Client) => client.cluster.health();

it('reaches a cluster without its product check', async () => {
  const connection = new Connection(parseElasticsearchUrl(`elasticsearch:${inject('elasticsearchUrl')}/x`));
  expect((await connection.run(health)).status).toMatch(/green|yellow/);
  await connection.close();
  await expect(connection.run(health)).rejects.toMatchObject({ code: 'closed' });
});
