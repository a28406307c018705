import { describe, expect, it } from 'vitest';
import type { StoredRecord } from '../../record.ts';
import type { NewStore } from '../conformance.ts';
import { IDS, record } from './exampleRecords.ts';
import { refreshAll } from './readEverything.ts';

const NODE = { 'service.node.name': 'peer0.org1', 'service.type': 'fabric-peer' } as const;
const MINUTE = '2026-11-21T00:20';

function ofNode(stored: StoredRecord, id: string, at: string): StoredRecord {
  return { id, record: { ...stored.record, ...NODE, '@timestamp': at } };
}

function check(id: string, stage: string, more: object): StoredRecord {
  const stream = '0123456789abcdef';
  const checked = { stream, since: `${MINUTE}:10.000000Z`, until: `${MINUTE}:20.000000Z`, ...more };
  return ofNode(record({ point: 'stream.check', stage, check: checked }), id, `${MINUTE}:20.000000Z`);
}

function request(id: string, txId: string, at: string): StoredRecord {
  const asked = { point: 'endorse.request', channel: 'c1', tx_id: txId } as const;
  return ofNode(record({ ...asked, receiver: { kind: 'peer', name: 'peer0.org1' } }), id, at);
}

const missing = check('00000000000000b1', 'missing', { from: 3, to: 4 });
const found = check('00000000000000b2', 'read', { from: 0, to: 9 });

export function streamSuite(newStore: NewStore): void {
  describe('breaks in record streams', () => {
    it('come to light in the traces that they touch and at their node, and go when the records are found', async () => {
      const { store } = await newStore();
      await store.append([
        request('00000000000000a1', IDS.plain, `${MINUTE}:15.000000Z`),
        request('00000000000000a2', 'long-before', '2026-11-20T00:00:00.000000Z'),
      ]);
      await refreshAll(store);
      const touched = async () => (await store.traces({ finding: 'records_missing' })).items.map(({ txId }) => txId);
      expect(await touched()).toEqual([]);
      await store.append([missing]);
      await refreshAll(store);
      expect(await touched()).toEqual([IDS.plain]);
      expect((await store.statistics({})).findings).toContainEqual({
        code: 'records_missing',
        severity: 'error',
        count: 1,
      });
      const [node] = await store.nodes();
      expect(node?.streamBreaks).toEqual([
        expect.objectContaining({ kind: 'missing', from: 3, to: 4, told: false, record: missing.id }),
      ]);
      await store.append([found]);
      await refreshAll(store);
      expect(await touched()).toEqual([]);
      expect((await store.nodes())[0]?.streamBreaks).toEqual([]);
    });
  });
}
