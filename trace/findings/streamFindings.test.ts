import { describe, expect, it } from 'vitest';
import { assemble } from '../assemble/assemble.ts';
import {
  blockRecords,
  CHANNEL,
  debugRecords,
  type ExampleNode,
  infoRecords,
  networkFacts,
  O1,
  P01,
  P02,
  stored,
  T0,
  TX_ID,
} from '../assemble/exampleNetwork.ts';
import { formatMicros } from '../assemble/time.ts';
import { buildNetwork } from '../network/buildNetwork.ts';
import type { StoredRecord } from '../record.ts';

const healthy = [...blockRecords(), ...infoRecords(), ...debugRecords()];
const whole = assemble(healthy, { channel: CHANNEL, txId: TX_ID, network: buildNetwork(networkFacts()) });
const endUs = Date.parse(whole.endedAt ?? '') * 1000 - T0;

/** @param from @param to microseconds after T0 */
function check(stage: string, node: ExampleNode, from: number, to: number, more: object = {}): StoredRecord {
  const checked = { stream: '0123456789abcdef', from: 7, to: 9, since: us(from), until: us(to), ...more };
  return stored(T0 + to, node, { point: 'stream.check', stage, check: checked });
}
const us = (after: number) => formatMicros(T0 + after);

function findings(facts: readonly StoredRecord[], records: readonly StoredRecord[] = healthy) {
  const network = buildNetwork([...networkFacts(), ...facts]);
  return assemble(records, { channel: CHANNEL, txId: TX_ID, network }).findings.filter(({ code }) =>
    code.startsWith('records_'),
  );
}

describe('records_missing', () => {
  it('says how many of which node are missing, and when they were written', () => {
    const one = check('missing', P01, 10_000, 60_000);
    expect(findings([one])).toEqual([
      {
        code: 'records_missing',
        severity: 'error',
        message: expect.stringMatching(
          /^3 records \(numbers 7 to 9\) of peer0\.org1\.example\.com, written between [\d:.]+ and [\d:.]+, are missing; the node does not tell/,
        ),
        records: [one.id],
      },
    ]);
  });

  it('is a warning where the node itself told that it dropped them', () => {
    expect(findings([check('missing', P01, 10_000, 60_000, { told: true })])).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('the node tells that it had no room') },
    ]);
  });

  it('touches what was on its way then, on nodes that had a part or might have', () => {
    expect(findings([check('missing', P01, -2_000_000, -1_000_000)])).toEqual([]);
    expect(findings([check('missing', P01, endUs + 1_000_000, endUs + 2_000_000)])).toEqual([]);
    expect(findings([check('missing', P01, -1_000_000, endUs + 1_000_000)])).toHaveLength(1);
    expect(findings([check('missing', O1, 10_000, 60_000)])).toHaveLength(1);
    const elsewhere: ExampleNode = { ...P01, name: 'peer0.org9.example.com' };
    expect(findings([check('missing', elsewhere, 10_000, 60_000)])).toEqual([]);
  });

  it('reaches further where the transaction is not known to have ended', () => {
    const proposed = healthy.filter(({ record }) => record.ftl.point.startsWith('endorse.'));
    expect(findings([check('missing', P02, 3_000_000, 4_000_000)], proposed)).toHaveLength(1);
    expect(findings([check('missing', P02, 60_000_000, 61_000_000)], proposed)).toEqual([]);
  });
});

describe('records_altered', () => {
  it('says which record, and what shows it', () => {
    const one = check('altered', P02, 10_000, 60_000, { from: 7, to: 7, fault: 'hash' });
    expect(findings([one])).toEqual([
      {
        code: 'records_altered',
        severity: 'critical',
        message: expect.stringMatching(
          /^Record 7 of peer0\.org2\.example\.com, [\d:.]+, is not as written: its hash does not follow from the one before\.$/,
        ),
        records: [one.id],
      },
    ]);
  });

  it('names a few of many', () => {
    const many = Array.from({ length: 5 }, (_, n) =>
      check('altered', P02, 10_000, 60_000, { from: n, to: n, fault: 'seal' }),
    );
    const [finding] = findings(many);
    expect(finding?.message).toContain('And 2 more places.');
    expect(finding?.records).toHaveLength(5);
  });
});
