import { expect, it } from 'vitest';
import { assemble } from '../../assemble/assemble.ts';
import { buildNetwork } from '../../network/buildNetwork.ts';
import { client, P1, peer, record, txIdOf } from '../conformance/exampleRecords.ts';
import { summaryOf } from './summaryDocument.ts';

it('holds no more edges than Elasticsearch takes nested documents, and all participants', () => {
  const channel = 'mychannel';
  const tx_id = txIdOf('feed');
  const records = Array.from({ length: 3 }, (_, n) =>
    record({
      channel,
      node: P1,
      ms: n,
      point: 'endorse.request',
      tx_id,
      sender: client,
      receiver: peer(`peer${n}.org1`),
    }),
  );
  const context = { channel, txId: tx_id, network: buildNetwork([]), heights: new Map<string, number>() };
  const trace = assemble(records, context);
  expect(trace.edges).toHaveLength(3);
  const evidence = { records, context, blocks: [] };
  expect(summaryOf(trace, evidence).edges).toHaveLength(3);
  const many = { ...trace, edges: Array.from({ length: 5000 }, () => trace.edges).flat() };
  expect(summaryOf(many, evidence).edges).toHaveLength(10_000);
});
