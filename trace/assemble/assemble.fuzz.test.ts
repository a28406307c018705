import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildNetwork } from '../network/buildNetwork.ts';
import { POINT_NAMES } from '../points.ts';
import { type StoredRecord, TraceRecord } from '../record.ts';
import { Trace, TraceSummary } from '../trace.ts';
import { assemble } from './assemble.ts';
import { hex } from './exampleNetwork.ts';
import { summarise } from './summarise.ts';
import { formatMicros } from './time.ts';

/** Records that fit the schema and make no sense: few names, so that they meet each other often. */
const one = <const T>(...values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const identity = fc.record(
  {
    id: one('A/a', 'B/b', 'a', '', 'constructor'),
    kind: one('client', 'peer', 'orderer', 'chaincode'),
    msp: one('A', 'B', ''),
    name: one('a', 'b', 'constructor', ''),
    address: one('localhost:1', '127.0.0.1:1', 'a:2', '0.0.0.0:3', ':', 'x'),
    pki_id: one('aa', 'bb'),
    fingerprint: one('cc', 'dd'),
  },
  { requiredKeys: [] },
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const tx = fc.record(
  { id: fc.constantFrom('tx-one', 'tx-two', ''), code: one('VALID', 'DUPLICATE_TXID', 'X') },
  { requiredKeys: ['id'] },
);
const ftl = fc.record({
  point: fc.constantFrom(...POINT_NAMES),
  channel: fc.constantFrom('c', 'c', 'c', undefined, 'd'),
  tx_id: fc.constantFrom('tx-one', 'tx-one', 'tx-two', 'block:1:0', undefined, undefined, undefined),
  tx_id_prefix: fc.constantFrom(undefined, undefined, 'tx-o', 'tx-t', 'tx-one'),
  sender: maybe(identity),
  receiver: maybe(identity),
  creator: maybe(identity),
  endorsers: maybe(fc.array(identity, { maxLength: 3 })),
  block: maybe(
    fc.record(
      { number: fc.nat({ max: 2 }), last: one(0, 5), hash: one(hex('x'), hex('y')) },
      { requiredKeys: ['number'] },
    ),
  ),
  tx_index: one(0, 1),
  txs: maybe(fc.array(tx, { maxLength: 3 })),
  status: one(200, 500, 0),
  code: one('VALID', 'DUPLICATE_TXID', 'ENDORSEMENT_POLICY_FAILURE'),
  error: one('', 'no'),
  stage: one('created', 'written', 'requested', 'received', 'response', 'failed', 'elected', 'resigned', 'static'),
  duration_us: one(0, 1.5, 1e12),
  commit_hash: one('', 'h'),
  chaincode: one('cc', 'toString'),
  source: one('record', 'log', 'block'),
  consensus: maybe(fc.record({ node: one(0, 1, 2), leader: one(0, 1, 2) })),
  client_time: one('1970-01-01T00:00:00Z'),
});
const record = fc
  .record({ us: fc.nat({ max: 20_000_000 }), node: one('a', 'b', ''), type: one('fabric-peer', 'fabric-orderer'), ftl })
  .map(({ us, node, type, ftl: fields }): StoredRecord => {
    const made = {
      '@timestamp': formatMicros(us),
      'service.node.name': node,
      'service.type': type,
      ftl: { version: 1, ...fields },
    };
    const parsed = TraceRecord.parse(JSON.parse(JSON.stringify(made)));
    return { id: hex(JSON.stringify(parsed)).slice(0, 16), record: parsed };
  });

test('whatever records say, assemble answers with a trace that fits its schema', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 10, maxLength: 60, size: 'max' }),
      fc.constantFrom('tx-one', 'tx-one', 'block:1:0', 'tx-o'),
      (records, txId) => {
        const context = { channel: 'c', txId };
        const trace = assemble(records, context);
        expect(Trace.parse(trace)).toEqual(trace);
        expect(TraceSummary.parse(summarise(trace))).toEqual(summarise(trace));
        expect(assemble([...records, ...records].toReversed(), context)).toEqual(trace);
        expect(trace.edges.filter(({ from, to }) => from === to)).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
});

test('whatever facts say, the network answers', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40, size: 'max' }), identity, (records, partial) => {
      const network = buildNetwork(records);
      const ids = network.nodes.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const who = network.resolve(partial);
      expect(typeof who.id).toBe('string');
      const again = buildNetwork(records.toReversed());
      expect(again.nodes).toEqual(network.nodes);
      expect(again.leaders('c')).toEqual(network.leaders('c'));
      expect(again.subscriptions('c')).toEqual(network.subscriptions('c'));
      expect(again.resolve(partial)).toEqual(who);
    }),
    { numRuns: 150 },
  );
});
