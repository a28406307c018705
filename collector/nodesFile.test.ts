import { describe, expect, it } from 'vitest';
import { TraceRecord } from '#trace/record.ts';
import { nodeRecords, parseNodes } from './nodesFile.ts';

const peer = { name: 'peer0.org1.example.com', msp: 'Org1MSP', kind: 'peer' };

describe('parseNodes', () => {
  it('takes a list of nodes; an empty file is an empty list', () => {
    expect(
      parseNodes([
        { ...peer, addresses: ['peer0:7051'], logs: ['/l/*.log'] },
        { ...peer, name: 'other' },
      ]),
    ).toHaveLength(2);
    expect(parseNodes(null)).toEqual([]);
    expect(parseNodes(undefined)).toEqual([]);
  });

  it.each([
    [{ nodes: [] }, 'the file: '],
    [[{ ...peer, kind: 'client' }], 'entry 1, kind: '],
    [[peer, { msp: 'Org1MSP', kind: 'peer' }], 'entry 2, name: '],
    [[{ ...peer, addresses: ['peer0'] }], 'entry 1, addresses.0: must be host:port'],
    [[{ ...peer, adresses: [] }], 'adresses'],
    [[peer, peer], 'Org1MSP/peer0.org1.example.com is there twice'],
  ])('says what is wrong and where: %j', (content, message) => {
    expect(() => parseNodes(content)).toThrowError(expect.objectContaining({ code: 'bad_nodes_file' }));
    expect(() => parseNodes(content)).toThrow(message);
  });
});

describe('nodeRecords', () => {
  it('tells each address once, with an ID that hangs on the content alone', () => {
    const nodes = parseNodes([
      { ...peer, addresses: ['peer0:7051', '10.0.0.5:7051'] },
      { ...peer, name: 'peer1' },
    ]);
    const records = nodeRecords(nodes, 0);
    expect(records.map(({ record }) => record.ftl.sender?.address)).toEqual(['peer0:7051', '10.0.0.5:7051', undefined]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(3);
    expect(nodeRecords(nodes, 1e12).map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    for (const { id, record } of records) {
      expect(id).toMatch(/^[0-9a-f]{16}$/);
      expect(TraceRecord.safeParse(record).success).toBe(true);
    }
  });
});
