import * as fc from 'fast-check';
import { POINT_NAMES, POINTS, type Point } from '../../points.ts';
import type { TraceRecord } from '../../record.ts';

const hexDigits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });
/** Any text that JSON can carry, halves of surrogate pairs and control characters among it. */
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\0', 'a\0b', '\ud800', 'é', '12', '00', '__proto__', 'x'.repeat(300)),
);
const json = fc.jsonValue({ maxDepth: 3, noUnicodeString: false }).map(normal);
const uint = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
);
const unknowns = fc.dictionary(fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('__proto__', 'toString')), json, {
  maxKeys: 3,
});

const timestamp = fc.oneof(
  fc
    .tuple(
      fc.date({ min: new Date('1969-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
      fc.integer({ min: 0, max: 9 }),
      fc.nat(999_999_999),
    )
    .map(([date, digits, nanos]) => {
      const head = date.toISOString().slice(0, 19);
      return digits === 0 ? `${head}Z` : `${head}.${String(nanos).padStart(9, '0').slice(0, digits)}Z`;
    }),
  fc.constantFrom(
    '2026-02-30T00:00:00Z',
    '2026-12-31T23:59:60.5Z',
    '9999-12-31T23:59:59.999999Z',
    '2026-13-99T99:99:99Z',
  ),
);

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const identity = fc
  .tuple(
    fc.record({
      id: some(text),
      kind: some(fc.constantFrom('client', 'peer', 'orderer', 'chaincode')),
      msp: some(text),
      name: some(fc.constantFrom('peer0', 'peer1')),
      address: some(text),
      fingerprint: some(hexDigits(64)),
      pki_id: some(text),
    }),
    unknowns,
  )
  .map(([known, more]) => defined({ ...more, ...known }));

const txRef = fc.record({ id: text, type: some(text), code: some(fc.constantFrom('VALID', '', 'a b')) }).map(defined);

const block = fc
  .record({
    number: uint,
    hash: some(hexDigits(64)),
    previous_hash: some(fc.oneof(fc.constant(''), hexDigits(64))),
    data_hash: some(hexDigits(64)),
    more: some(json),
  })
  .map(defined);

const ftlFields = {
  sender: some(identity),
  creator: some(identity),
  receiver: some(identity),
  tx_index: some(uint),
  txs: some(fc.array(txRef, { maxLength: 4 })),
  tx_count: some(uint),
  tx_type: some(text),
  status: some(fc.integer()),
  code: some(text),
  error: some(text),
  chaincode: some(text),
  function: some(text),
  duration_us: some(
    fc.oneof(
      uint,
      fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0),
    ),
  ),
  stage: some(text),
  commit_hash: some(fc.oneof(text, hexDigits(64), hexDigits(7))),
  endorsers: some(fc.array(identity, { maxLength: 3 })),
  client_time: some(timestamp),
  signers: some(fc.array(identity, { maxLength: 2 })),
  source: some(fc.constantFrom('record', 'log', 'block')),
  seq: some(uint),
  chain: some(fc.oneof(text, hexDigits(32))),
} as const;

const TX_POINTS = POINT_NAMES.filter((point) => POINTS[point].scope === 'tx');
const BLOCK_POINTS = POINT_NAMES.filter((point) => POINTS[point].scope === 'block');

/** Any record of the transaction, unknown fields and odd values included. */
export function transactionRecord(channel: string, txId: string, traceId: string): fc.Arbitrary<TraceRecord> {
  return arbitraryRecord(TX_POINTS, { channel: fc.constant(channel), tx_id: fc.constant(txId), block: some(block) }, [
    traceId,
  ]);
}

/** Any record about the block. */
export function blockRecord(channel: string, number: number): fc.Arbitrary<TraceRecord> {
  return arbitraryRecord(
    BLOCK_POINTS,
    { channel: fc.constant(channel), block: block.map((ref) => Object.assign(ref, { number })) },
    [],
  );
}

function arbitraryRecord(
  points: readonly Point[],
  key: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  traceIds: readonly string[],
): fc.Arbitrary<TraceRecord> {
  return fc
    .tuple(
      fc.record({
        '@timestamp': timestamp,
        'log.level': some(text),
        'log.logger': some(text),
        message: some(fc.oneof(text, fc.constant('Proposal received'), fc.constant('Committed block [12] in 3ms'))),
        'service.node.name': some(text),
        'trace.id': some(fc.oneof(hexDigits(32), fc.constantFrom(...traceIds, 'e'.repeat(32)))),
      }),
      unknowns,
      fc.record({ point: fc.constantFrom(...points), ...key, ...ftlFields }),
      unknowns,
    )
    .map(([top, more, ftl, others]) =>
      normal<TraceRecord>({ ...defined({ ...more, ...top }), ftl: defined({ ...others, ...ftl, version: 1 }) }),
    );
}

function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** As a line of JSON would give it: no negative zero, for one. */
function normal<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
