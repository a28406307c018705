import {
  anything,
  assert,
  constant,
  constantFrom,
  dictionary,
  integer,
  jsonValue,
  oneof,
  property,
  record as object,
  string,
  tuple,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POINT_NAMES } from '#trace/points.ts';
import { TraceRecord } from '#trace/record.ts';
import { decodeRecord, ftlRecord } from './ftlRecord.ts';
import { decodeFabric, recordedLogs } from './testing/recordedLogs.ts';

const full: TraceRecord = {
  '@timestamp': '2026-11-21T00:20:18.588668Z',
  'log.level': 'info',
  'log.logger': 'endorser',
  message: 'm',
  'ecs.version': '9.2.0',
  'service.type': 'fabric-peer',
  'service.node.name': 'peer0',
  'trace.id': '0'.repeat(32),
  ftl: {
    version: 1,
    point: 'gossip.commit',
    channel: 'c',
    tx_id: 'a'.repeat(64),
    sender: {
      id: 'Org1MSP/peer0',
      kind: 'peer',
      msp: 'Org1MSP',
      name: 'peer0',
      address: 'a:1',
      fingerprint: 'f',
      pki_id: 'p',
    },
    receiver: { kind: 'chaincode', name: 'cc' },
    creator: { kind: 'client' },
    block: { number: 1, last: 2, hash: 'a'.repeat(64), previous_hash: '', data_hash: 'b'.repeat(64) },
    tx_index: 0,
    txs: [{ id: 'x', type: 'CONFIG', code: 'VALID' }],
    tx_count: 1,
    status: 200,
    code: 'VALID',
    duration_us: 1.5,
    endorsers: [{ id: 'x' }],
    signers: [{}],
    client_time: '2026-11-21T00:20:18Z',
    consensus: { node: 1, leader: 2 },
    source: 'record',
    seq: 1,
    chain: 'x',
  },
};

/** What the schema alone makes of a line. */
function bySchema(line: string): unknown {
  const parsed = TraceRecord.safeParse(JSON.parse(line));
  return parsed.success ? { records: [parsed.data] } : 'dead';
}

function byDecoder(line: string): unknown {
  const decoded = decodeRecord(line);
  return decoded.dead === undefined ? decoded : 'dead';
}

describe('our own records', () => {
  it('pass as they are', () => {
    expect(decodeRecord(JSON.stringify(full))).toEqual({ records: [full] });
    for (const { lines } of recordedLogs('fabric-v2.5.9')) {
      for (const record of decodeFabric(lines).records)
        expect(decodeRecord(JSON.stringify(record))).toEqual({ records: [record] });
    }
  });

  it('keep unknown fields, wherever they are', () => {
    const more = {
      ...full,
      host: { name: 'h' },
      ftl: { ...full.ftl, future: [1], sender: { ...full.ftl.sender, shoe: 42 } },
    };
    expect(decodeRecord(JSON.stringify(more))).toEqual({ records: [more] });
  });

  it('have nested ECS fields made dotted', () => {
    const nested = {
      '@timestamp': full['@timestamp'],
      log: { level: 'info', logger: 'endorser', file: { path: '/x' } },
      ecs: { version: '9.2.0' },
      service: { type: 'fabric-peer', node: { name: 'peer0' } },
      trace: { id: '0'.repeat(32) },
      ftl: full.ftl,
    };
    expect(decodeRecord(JSON.stringify(nested)).records[0]).toEqual({
      '@timestamp': full['@timestamp'],
      'log.level': 'info',
      'log.logger': 'endorser',
      log: { file: { path: '/x' } },
      'ecs.version': '9.2.0',
      'service.type': 'fabric-peer',
      'service.node.name': 'peer0',
      'trace.id': '0'.repeat(32),
      ftl: full.ftl,
    });
  });

  it.each([
    [{ ...full, '@timestamp': 'now' }, /^@timestamp: /],
    [{ ...full, ftl: { ...full.ftl, point: 'nowhere' } }, /^ftl\.point: /],
    [{ ...full, ftl: { ...full.ftl, version: 2 } }, /^ftl\.version: /],
    [{ ...full, ftl: { ...full.ftl, block: { number: -1 } } }, /^ftl\.block\.number: /],
    [{ ...full, ftl: { ...full.ftl, endorsers: [{ kind: 'robot' }] } }, /^ftl\.endorsers\.0\.kind: /],
    [{ ...full, log: { level: 7 }, 'log.level': undefined }, /^log\.level: /],
    [{ '@timestamp': full['@timestamp'] }, /^ftl: /],
    [[1], /^not a JSON object/],
  ])('are buried with path and reason: %#', (value, reason) => {
    const { records, dead } = decodeRecord(JSON.stringify(value));
    expect(records).toEqual([]);
    expect(dead).toEqual({ code: 'bad_record', reason: expect.stringMatching(reason) as string });
  });

  it('are buried if they are no JSON or too long', () => {
    expect(decodeRecord('{"ftl":{').dead?.code).toBe('bad_json');
    expect(decodeRecord(`{"ftl":"${'x'.repeat(4_000_001)}"}`).dead?.code).toBe('too_long');
  });

  it('are told by their ftl field', () => {
    expect(ftlRecord.accepts(JSON.stringify(full))).toBe(true);
    expect(ftlRecord.accepts('{"level":"info","msg":"x"}')).toBe(false);
  });
});

describe('the fast check', () => {
  const odd = oneof(
    jsonValue(),
    constantFrom<unknown>(
      null,
      '',
      0,
      -1,
      1.5,
      1e300,
      2 ** 53,
      true,
      [],
      {},
      'peer',
      'fabric-peer',
      'a'.repeat(64),
      'A'.repeat(64),
      '2026-11-21T00:20:18.1234567890Z',
    ),
  );
  const ftlKeys = [
    ...Object.keys(full.ftl),
    'tx_id_prefix',
    'rw_sets',
    'config',
    'definition',
    'check',
    'tx_type',
    'error',
    'stage',
    'node_version',
    'commit_hash',
    'unknown',
    '__proto__',
    'constructor',
  ];

  it('says what the schema says, whatever one field holds', () => {
    assert(
      property(constantFrom(...ftlKeys), odd, (key, value) => {
        const line = JSON.stringify({ ...full, ftl: { ...full.ftl, [key]: value } });
        expect(byDecoder(line)).toEqual(bySchema(line));
      }),
      { numRuns: 3000 },
    );
    assert(
      property(constantFrom(...Object.keys(full), 'unknown', 'log', '__proto__'), odd, (key, value) => {
        const line = JSON.stringify({ ...full, [key === 'log' ? 'logs' : key]: value });
        expect(byDecoder(line)).toEqual(bySchema(line));
      }),
      { numRuns: 1000 },
    );
  });

  it('says what the schema says of identities, blocks and lists of transactions', () => {
    const inner = tuple(
      constantFrom('sender', 'receiver', 'creator', 'block', 'consensus', 'txs', 'endorsers', 'signers'),
      constantFrom(
        'id',
        'kind',
        'msp',
        'name',
        'address',
        'fingerprint',
        'pki_id',
        'number',
        'last',
        'hash',
        'previous_hash',
        'data_hash',
        'node',
        'leader',
        'type',
        'code',
        'x',
      ),
      odd,
    );
    assert(
      property(inner, ([key, part, value]) => {
        const old = full.ftl[key];
        const changed = Array.isArray(old)
          ? [{ ...(old[0] as object), [part]: value }]
          : { ...(old as object), [part]: value };
        const line = JSON.stringify({ ...full, ftl: { ...full.ftl, [key]: changed } });
        expect(byDecoder(line)).toEqual(bySchema(line));
      }),
      { numRuns: 3000 },
    );
  });

  it('says what the schema says of records that are made up', () => {
    const made = object(
      {
        '@timestamp': constantFrom('2026-11-21T00:20:18Z', '2026-11-21', 1),
        ftl: object(
          {
            version: constantFrom<unknown>(1, 1, 1, 2),
            point: constantFrom<unknown>(...POINT_NAMES, 'x', 'toString'),
            channel: anything(),
            status: integer(),
            tx_id: string(),
          },
          { requiredKeys: ['version', 'point'] },
        ),
        message: oneof(string(), constant(1)),
        extra: dictionary(string(), jsonValue()),
      },
      { requiredKeys: [] },
    );
    assert(
      property(made, (value) => {
        let line: string;
        try {
          line = JSON.stringify(value);
        } catch {
          return;
        }
        expect(byDecoder(line)).toEqual(bySchema(line));
      }),
      { numRuns: 1000 },
    );
  });
});
