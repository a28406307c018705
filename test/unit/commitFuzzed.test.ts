import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockMaker } from '../harness/signedBlocks.ts';
import { channelConfig, genesisEnvelope } from '../harness/signedChannel.ts';
import { CommitError } from '#node/commit/commitError.ts';
import { bytesSize, writeBytes } from '#node/protos/blockEncoder.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { commitAll, hex, recordedChain, stateOf, type TestLedger, testLedger } from './commitBlocks.ts';
import { CHANNEL, codesOf, define, MAJORITY, org1, org2, orderers, put, transaction } from './commitNetwork.ts';

/** A change of some bytes: where (as a part of the whole), how. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'zero', 'length'),
  byte: fc.integer({ min: 0, max: 255 }),
  count: fc.integer({ min: 1, max: 40 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(bytes: Uint8Array, { at, kind, byte, count }: Mutation): Uint8Array {
  const position = Math.floor(at * bytes.length);
  const [head, tail] = [bytes.subarray(0, position), bytes.subarray(position)];
  switch (kind) {
    case 'flip':
      return Buffer.concat([head, Uint8Array.of((tail[0] as number) ^ (byte || 1)), tail.subarray(1)]);
    case 'cut':
      return Buffer.concat([head, tail.subarray(count)]);
    case 'insert':
      return Buffer.concat([head, new Uint8Array(count).fill(byte), tail]);
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, count), tail]);
    case 'zero':
      return Buffer.concat([head, new Uint8Array(Math.min(count, tail.length)), tail.subarray(count)]);
    default:
      // A length of 2 GB and more.
      return Buffer.concat([head, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), tail.subarray(1)]);
  }
}

/** Null for bytes that a decoder refuses, with the one error that it may throw. */
function decoded(bytes: Uint8Array): BlockView | null {
  try {
    return BlockView.fromBytes(bytes);
  } catch (error) {
    if (error instanceof ProtoError) {
      return null;
    }
    throw error;
  }
}

describe('mutated blocks of a real network', () => {
  const chain = recordedChain('v3.1.5');
  const height = 67;
  let test: TestLedger;
  beforeAll(async () => {
    test = await testLedger();
    await commitAll(test.pipeline, chain.blocks.slice(0, height));
  });
  afterAll(() => test[Symbol.asyncDispose]());

  // The next block changes the configuration, the one after holds ordinary transactions.
  it.each([height, height + 1, 0, height - 1])(
    'end in a typed error, and leave the ledger as it was (block %i)',
    async (number) => {
      const before = [test.ledger.height, hex(test.ledger.commitHash), hex(test.ledger.blocks.lastHash)];
      const bytes = chain.blocks[number] as Uint8Array;
      const original = BlockView.fromBytes(bytes);
      await fc.assert(
        fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
          const view = decoded(mutations.reduce(mutated, bytes));
          if (view === null) {
            return;
          }
          // What is beside header, data and signatures is not protected, and does not count: such a block is the same block.
          fc.pre(
            hex(view.hash) !== hex(original.hash) ||
              hex(view.computedDataHash) !== hex(original.computedDataHash) ||
              hex(view.metadata[0] ?? null) !== hex(original.metadata[0] ?? null),
          );
          const outcome = await test.pipeline.commit({ view }).then(
            ({ number: committed }) => committed,
            (error: unknown) => error,
          );
          expect(outcome).toBeInstanceOf(CommitError);
          expect([test.ledger.height, hex(test.ledger.commitHash), hex(test.ledger.blocks.lastHash)]).toEqual(before);
        }),
        { numRuns: 250 },
      );
    },
  );
});

describe('mutated transactions that an orderer let pass', () => {
  it('get an INVALID code, change nothing, and leave the others alone', async () => {
    await using test = await testLedger({ channelId: CHANNEL });
    const maker = new BlockMaker(orderers.node);
    const setup = [
      [genesisEnvelope(CHANNEL, channelConfig([org1, org2], orderers))],
      [define({ name: 'basic', policy: MAJORITY })],
    ];
    await commitAll(
      test.pipeline,
      setup.map((data) => maker.next(data)),
    );
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const key = `key${count++}`;
        const whole = EnvelopeView.fromBytes(transaction([put(key)]));
        const { payloadBytes, signature } = whole;
        const payload = mutations.reduce(mutated, payloadBytes);
        fc.pre(payload.length > 0 && Buffer.compare(payload, payloadBytes) !== 0);
        // Once with the old signature, once with one over what came out: the checks behind the creator's are reached.
        const unsigned = envelopeOf(payload, signature);
        const signed = envelopeOf(payload, org1.client.signSync(payload));
        const [block] = await commitAll(test.pipeline, [
          maker.next([transaction([put(`${key}-before`)]), unsigned, signed, transaction([put(`${key}-behind`)])]),
        ]);
        const codes = codesOf(block as never);
        expect([codes[0], codes[3]]).toEqual(['VALID', 'VALID']);
        expect(codes[1]).not.toBe('VALID');
        // Whoever signs may change a field that no rule speaks of: then it is another valid transaction. Else nothing is written.
        const written = await test.ledger.state.get('basic', key);
        expect(codes[2] === 'VALID' || written === null).toBe(true);
      }),
      { numRuns: 150 },
    );
    expect((await stateOf(test.ledger)).length).toBeGreaterThan(200);
  });
});

function envelopeOf(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + bytesSize(payload) + bytesSize(signature));
  bytes[0] = 0x0a;
  const at = writeBytes(bytes, 1, payload);
  bytes[at] = 0x12;
  writeBytes(bytes, at + 1, signature);
  return bytes;
}
