import { expect, test } from 'vitest';
import { TraceListQuery } from '../../../server/api/schemas.ts';
import { apiQuery, parseQuery, tokenise, tokenValue, withToken } from './query.ts';

const NOW = Date.parse('2026-11-21T01:00:00Z');
const ID = 'be8ab01d0afab9121a7de06e94f71f70767c7842172d1c8920f20747bc844ff7';

test('every part of the language reaches the API in a form that it accepts', () => {
  const parsed = parseQuery(
    'channel:mychannel code:mvcc_read_conflict peer:peer0.org3 duration:>2s chaincode:basic.CreateAsset since:1h finding:mvcc_conflict block:17 be8ab01d some words',
  );
  expect(parsed.problems).toEqual([]);
  const query = apiQuery(parsed, NOW);
  expect(query).toEqual({
    channel: 'mychannel',
    code: 'MVCC_READ_CONFLICT',
    participant: 'peer0.org3',
    minDurationUs: 2_000_000,
    chaincode: 'basic',
    function: 'CreateAsset',
    finding: 'mvcc_conflict',
    block: 17,
    txId: 'be8ab01d',
    text: 'some words',
    from: '2026-11-21T00:00:00.000Z',
  });
  expect(TraceListQuery.parse(query)).toEqual(query);
});

test.each([
  ['duration:<500ms', { maxDurationUs: 500_000 }],
  ['duration:>=2s', { minDurationUs: 2_000_000 }],
  ['duration:1s..2.5s', { minDurationUs: 1_000_000, maxDurationUs: 2_500_000 }],
  ['since:2026-11-21', { from: '2026-11-21T00:00:00.000Z' }],
  ['until:2026-11-21T00:20:00Z', { to: '2026-11-21T00:20:00.000Z' }],
  ['chaincode:"my chaincode"', { chaincode: 'my chaincode' }],
  ['localhost:7051', { text: 'localhost:7051' }],
  ['block:4:0', {}],
  ['', {}],
])('%s', (text, filter) => {
  expect(apiQuery(parseQuery(text), NOW)).toEqual(filter);
});

test('what makes no sense is said, not thrown and not sent', () => {
  const parsed = parseQuery('duration:fast since:yesterday block:x channel: finding:nonsense', ['mvcc_conflict']);
  expect(parsed.problems).toHaveLength(5);
  expect(apiQuery(parsed, NOW)).toEqual({});
  expect(() => parseQuery('"open quote : :: "" \u0000')).not.toThrow();
});

test('a whole ID alone is a way straight to the trace, a prefix or a filter beside it is not', () => {
  expect(parseQuery(`  ${ID.toUpperCase()} `).exactTxId).toBe(ID);
  expect(parseQuery(`tx:${ID}`).exactTxId).toBe(ID);
  expect(parseQuery(ID.slice(0, 12)).exactTxId).toBeNull();
  expect(parseQuery(`${ID} channel:a`).exactTxId).toBeNull();
});

test('filters are set and taken out without touching the rest', () => {
  expect(withToken('some words code:VALID', 'code', 'NONE')).toBe('some words code:NONE');
  expect(withToken('outcome:VALID x', 'code', null)).toBe('x');
  expect(withToken('', 'chaincode', 'my chaincode')).toBe('chaincode:"my chaincode"');
  expect(tokenValue('since:1h peer:a', 'since')).toBe('1h');
  expect(tokenise('peer:"a b" c')).toEqual([
    { key: 'peer', value: 'a b' },
    { key: null, value: 'c' },
  ]);
});
