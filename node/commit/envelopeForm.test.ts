import { describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { transactionsNotWellFormed } from './envelopeForm.ts';

/** Envelopes (payload `A`, signature `B`) and whether Fabric's `VerifyTransactionsAreWellFormed` takes them. */
const cases: readonly (readonly [what: string, hex: string, taken: boolean])[] = [
  ['as marshallers write it', '0a0141 120142', true],
  ['no payload', '120142', false],
  ['an empty payload', '0a00 120142', false],
  ['no signature', '0a0141', false],
  ['signature before payload', '120142 0a0141', false],
  ['a length longer than it need be', '0a8100 41 120142', false],
  ['the payload twice', '0a0141 120142 0a0141', false],
  ['an unknown field behind', '0a0141 120142 1a0143', true],
  ['an unknown field in between', '0a0141 1a0143 120142', false],
  ['an unknown number longer than it need be', '0a0141 120142 188000', true],
  ['an unknown length longer than it need be', '0a0141 120142 1a8000', true],
  ['an unknown tag longer than it need be', '0a0141 120142 9a8000 00', false],
  ['the number of a known field with another wire type behind', '0a0141 120142 0801', true],
  ['and before', '0801 0a0141 120142', false],
  ['an unknown group', '0a0141 120142 230a000801 24', true],
  ['a group with the number of a known field', '0a0141 120142 0b0a00 0c', true],
  ['a group that does not end', '0a0141 120142 23', false],
];

describe('the form of envelopes', () => {
  it.each(cases)('%s (%s): %s', (_what, hex, taken) => {
    const data = [new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))];
    const none = new Uint8Array(0);
    const block = BlockView.fromParts({ number: 1, previousHash: none, dataHash: none, data, metadata: [] });
    expect(transactionsNotWellFormed(block) === null).toBe(taken);
  });
});
