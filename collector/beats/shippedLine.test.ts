import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../decoders/ftlRecord.ts';
import { fabricLog } from '../decoders/fabricLog/fabricLog.ts';
import { readEvent, readPairs, type ShippedLine } from './shippedLine.ts';

function read(event: unknown): ShippedLine {
  const line = readEvent(JSON.stringify(event));
  if ('dead' in line) throw new Error(`${line.dead.code}: ${line.dead.reason}`);
  return line;
}

const FILEBEAT = {
  '@timestamp': '2026-11-21T08:38:38.599Z',
  '@metadata': { beat: 'filebeat', type: '_doc', version: '7.17.29' },
  input: { type: 'log' },
  ecs: { version: '1.12.0' },
  host: { name: 'host1' },
  agent: { name: 'host1', type: 'filebeat', version: '7.17.29', hostname: 'host1', id: 'a', ephemeral_id: 'b' },
  log: { offset: 26, file: { path: '/var/log/fabric/peer.log' } },
};
const RECORD = {
  '@timestamp': '2026-01-01T00:00:00.123456Z',
  'log.level': 'info',
  message: 'm',
  'ecs.version': '8.11.0',
  'service.node.name': 'peer0',
  ftl: { version: 1, point: 'tx.seen', seq: 3, block: { number: 12 }, tx_id: 'ab', channel: 'c' },
};

function fileOf(more: object): string {
  return read({ ...FILEBEAT, message: 'x', log: { offset: 0, file: { path: '/l', ...more } } }).file;
}

describe('a line of a file', () => {
  it('is told by host, path and offset', () => {
    expect(read({ ...FILEBEAT, message: 'line three' })).toEqual({
      host: 'host1',
      path: '/var/log/fabric/peer.log',
      file: '',
      node: undefined,
      name: 'peer@host1',
      offset: 26,
      size: 11,
      text: 'line three',
      rebuilt: false,
    });
  });

  it('counts bytes, not characters', () => {
    expect(read({ ...FILEBEAT, message: 'Gruß' }).size).toBe(6);
  });

  it('belongs to the file that it was before it was renamed', () => {
    const log = { offset: 0, file: { path: '/var/log/fabric/peer.log.1' } };
    expect(read({ ...FILEBEAT, log, message: 'x' })).toMatchObject({
      path: '/var/log/fabric/peer.log',
      name: 'peer@host1',
    });
  });

  it('may tell which file it was (filestream of Filebeat 8)', () => {
    expect(fileOf({ device_id: '64769', inode: '12' })).toBe('["64769","12"]');
    expect(fileOf({ fingerprint: 'c5f1', inode: '12' })).toBe('c5f1');
  });

  it('is read from the events of Filebeat 6 and of Logstash too', () => {
    const six = { message: 'x', source: '/l/peer.log', offset: 5, beat: { hostname: 'h6', name: 'h6' } };
    expect(read(six)).toMatchObject({ host: 'h6', path: '/l/peer.log', offset: 5 });
    expect(read({ message: 'x', path: '/l/peer.log', host: 'h7', '@version': '1' })).toMatchObject({
      host: 'h7',
      path: '/l/peer.log',
      offset: undefined,
    });
  });

  it('has no size where a container runtime wrapped it, and the name of its container', () => {
    const event = { ...FILEBEAT, stream: 'stderr', message: 'x', container: { name: 'peer0.org1' } };
    expect(read(event)).toMatchObject({ offset: 26, size: undefined, name: 'peer0.org1@host1' });
    expect(read({ ...event, kubernetes: { pod: { name: 'org1-peer0-0' } } }).name).toBe('org1-peer0-0@host1');
  });

  it('that comes of no file belongs to its container or node', () => {
    const journal = { ...FILEBEAT, log: undefined, input: { type: 'journald' }, message: 'x' };
    expect(read({ ...journal, container: { name: 'peer0' } })).toMatchObject({ path: 'peer0', offset: undefined });
    expect(read({ ...journal, 'service.node.name': 'peer1' })).toMatchObject({ path: 'peer1', name: 'events@host1' });
    expect(read(journal)).toMatchObject({ path: '', name: 'events@host1' });
  });

  it('may have its node named by the sender', () => {
    expect(read({ ...FILEBEAT, message: 'x', service: { node: { name: 'peer9' } } }).node).toBe('peer9');
    expect(read({ ...FILEBEAT, message: 'x', 'service.node.name': 'peer8' }).node).toBe('peer8');
  });
});

describe('a record that the sender has taken apart', () => {
  /** As Filebeat does with keys_under_root and overwrite_keys. */
  const atRoot = { ...FILEBEAT, ...RECORD };

  it('is put together to the same record', () => {
    const { text, rebuilt, size, node } = read(atRoot);
    expect({ rebuilt, size, node }).toEqual({ rebuilt: true, size: undefined, node: undefined });
    expect(JSON.parse(text)).toEqual(RECORD);
    expect(decodeRecord(text).records).toEqual([RECORD]);
  });

  it('is found under `json` as well, and nested', () => {
    expect(JSON.parse(read({ ...FILEBEAT, json: RECORD }).text)).toEqual(RECORD);
    const nested = { ...FILEBEAT, ...RECORD, 'service.node.name': undefined, service: { node: { name: 'peer0' } } };
    expect(decodeRecord(read(nested).text).records).toEqual([RECORD]);
  });

  it('gives the same text whatever order its members come in, so that its ID stays the same', () => {
    const shuffled = (value: unknown, seed: number): unknown => {
      if (typeof value !== 'object' || value === null) return value;
      const keys = Object.keys(value);
      const turned = keys.map((_, index) => keys[(index * 7 + seed) % keys.length]!);
      const order = new Set(turned).size === keys.length ? turned : keys.toReversed();
      return Object.fromEntries(order.map((key) => [key, shuffled((value as Record<string, unknown>)[key], seed + 1)]));
    };
    const { text } = read(atRoot);
    for (let seed = 0; seed < 50; seed++) expect(read(shuffled(atRoot, seed)).text).toBe(text);
  });

  it('stays as the node wrote it if the sender kept that', () => {
    const original = JSON.stringify(RECORD);
    expect(read({ ...atRoot, event: { original } })).toMatchObject({ text: original, rebuilt: false });
  });

  it('may be an entry of a stock log', () => {
    const entry = {
      level: 'info',
      ts: 1767225600.25,
      name: 'nodeCmd',
      caller: 'a.go:1',
      msg: 'Starting peer',
      port: 7,
    };
    const { text } = read({ ...FILEBEAT, tags: ['x'], ...entry });
    expect(text).toBe(JSON.stringify(entry));
    expect(fabricLog.accepts(text)).toBe(true);
  });
});

describe("events of Logstash's lumberjack output", () => {
  it('are in the field that its codec filled', () => {
    const line = JSON.stringify({ ...FILEBEAT, message: 'x' });
    expect(readPairs(new Map([['line', line]]))).toMatchObject({ text: 'x', offset: 26 });
  });

  it('may be plain lines with fields, as logstash-forwarder sends them', () => {
    const pairs = { line: 'plain', file: '/l', offset: '12', host: 'old', path: '/l/peer.log' };
    expect(readPairs(new Map(Object.entries(pairs)))).toMatchObject({ text: 'plain', offset: 12, host: 'old' });
    expect(readPairs(new Map([['line', '{ no JSON']]))).toMatchObject({ text: '{ no JSON' });
  });
});

describe('what is no event', () => {
  it.each([
    ['no JSON', '{', 'bad_json'],
    ['no object', '[1]', 'bad_event'],
    ['nothing in it', '{}', 'bad_event'],
    ['a message that is no text', '{"message":{"a":1}}', 'bad_event'],
  ])('is a dead letter: %s', (_, text, code) => {
    expect(readEvent(text)).toMatchObject({ dead: { code } });
  });

  it('never throws, whatever the JSON', () => {
    const keys = [
      'message',
      'log',
      'ftl',
      'json',
      'host',
      'agent',
      'event',
      'service',
      'level',
      'name',
      'msg',
      '__proto__',
    ];
    const anything = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.jsonValue({ maxDepth: 1 }), tie('object')),
      object: fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 5 })), tie('value'), {
        maxKeys: 6,
      }),
    })).object;
    fc.assert(
      fc.property(anything, (event) => {
        const line = readEvent(JSON.stringify(event));
        expect('dead' in line || typeof line.text === 'string').toBe(true);
      }),
      { numRuns: 300 },
    );
    const deep = `${'{"ftl":'.repeat(3000)}1${'}'.repeat(3000)}`;
    expect(readEvent(deep)).toMatchObject({ rebuilt: true });
  });
});
