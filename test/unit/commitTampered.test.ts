import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitError } from '#node/commit/commitError.ts';
import { encodeBlock } from '#node/protos/blockEncoder.ts';
import { type BlockParts, BlockView } from '#node/protos/blockView.ts';
import { commitAll, hex, received, recordedChain, type TestLedger, testLedger } from './commitBlocks.ts';

const chain = recordedChain('v3.1.5');
/** Six transactions, and the ledger stands right before it. */
const TARGET = 4;
const original = BlockView.fromBytes(chain.blocks[TARGET] as Uint8Array);
const others = [5, 6].map((number) => BlockView.fromBytes(chain.blocks[number] as Uint8Array));

const hashOf = (data: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash('sha256');
  for (const one of data) {
    digest.update(one);
  }
  return digest.digest();
};

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at < 0 ? copy.length + at : at] = (copy.at(at) as number) ^ 1;
  return copy;
};

const rebuilt = (parts: Partial<BlockParts>): Uint8Array => encodeBlock({ ...partsOf(original), ...parts });

const withData = (data: readonly Uint8Array[]): Uint8Array => rebuilt({ data });

/** As whoever cannot sign for the orderers would do it: the header fits the data again, the signature no longer the header. */
const withDataAndHash = (data: readonly Uint8Array[]): Uint8Array => rebuilt({ data, dataHash: hashOf(data) });

function partsOf({ number, previousHash, dataHash, data, metadata }: BlockView): BlockParts {
  return { number, previousHash, dataHash, data, metadata };
}

function withSignatures(change: (metadata: common.Metadata) => void): Uint8Array {
  const metadata = common.Metadata.deserializeBinary(original.metadata[0] as Uint8Array);
  change(metadata);
  return rebuilt({ metadata: [metadata.serializeBinary(), ...original.metadata.slice(1)] });
}

function envelope(index: number, change: (message: common.Envelope) => void): Uint8Array {
  const message = common.Envelope.deserializeBinary(original.data[index] as Uint8Array);
  change(message);
  return message.serializeBinary();
}

const replaced = (index: number, bytes: Uint8Array): readonly Uint8Array[] =>
  original.data.map((one, position) => (position === index ? bytes : one));

const swapped = [original.data[1], original.data[0], ...original.data.slice(2)] as readonly Uint8Array[];

const alterations: readonly (readonly [what: string, code: string, bytes: () => Uint8Array])[] = [
  [
    'a bit of a transaction',
    'data_hash',
    () =>
      withData(
        replaced(
          2,
          envelope(2, (one) => one.setSignature(flipped(one.getSignature_asU8(), -1))),
        ),
      ),
  ],
  [
    'a bit of a transaction, header fitted',
    'block_signature',
    () =>
      withDataAndHash(
        replaced(
          2,
          envelope(2, (one) => one.setSignature(flipped(one.getSignature_asU8(), -1))),
        ),
      ),
  ],
  ['two transactions swapped', 'data_hash', () => withData(swapped)],
  ['two transactions swapped, header fitted', 'block_signature', () => withDataAndHash(swapped)],
  ['a transaction left out', 'data_hash', () => withData(original.data.slice(1))],
  ['a transaction left out, header fitted', 'block_signature', () => withDataAndHash(original.data.slice(1))],
  ['a transaction twice', 'data_hash', () => withData([...original.data, original.data[0] as Uint8Array])],
  [
    'a transaction of another block put in',
    'data_hash',
    () => withData([...original.data, others[0]?.data[0] as Uint8Array]),
  ],
  ['all transactions left out', 'malformed_block', () => withData([])],
  ['all left out, header fitted', 'malformed_block', () => withDataAndHash([])],
  [
    'a transaction without signature',
    'malformed_block',
    () =>
      withDataAndHash(
        replaced(
          0,
          envelope(0, (one) => one.setSignature('')),
        ),
      ),
  ],
  [
    'a transaction without payload',
    'malformed_block',
    () =>
      withDataAndHash(
        replaced(
          0,
          envelope(0, (one) => one.setPayload('')),
        ),
      ),
  ],
  ['a transaction that is none', 'malformed_block', () => withDataAndHash(replaced(0, Uint8Array.of(1, 2, 3)))],
  [
    'bytes behind a transaction',
    'malformed_block',
    () => withDataAndHash(replaced(0, Buffer.concat([original.data[0] as Uint8Array, Uint8Array.of(0x12, 0)]))),
  ],
  [
    'a longer form of a length',
    'malformed_block',
    () => withDataAndHash(replaced(0, longerLength(original.data[0] as Uint8Array))),
  ],
  ['the number', 'unexpected_number', () => rebuilt({ number: TARGET + 1 })],
  ['the previous hash', 'previous_hash', () => rebuilt({ previousHash: flipped(original.previousHash, 0) })],
  ['no previous hash', 'previous_hash', () => rebuilt({ previousHash: new Uint8Array(0) })],
  ['the data hash', 'data_hash', () => rebuilt({ dataHash: flipped(original.dataHash, 5) })],
  ['no data hash', 'data_hash', () => rebuilt({ dataHash: new Uint8Array(0) })],
  ['no metadata', 'no_metadata', () => rebuilt({ metadata: [] })],
  ['metadata without signatures', 'block_signature', () => rebuilt({ metadata: [new Uint8Array(0)] })],
  ['signatures that are none', 'block_signature', () => rebuilt({ metadata: [Uint8Array.of(0x12, 0x7f)] })],
  [
    'a bit of the signature',
    'block_signature',
    () =>
      withSignatures((one) =>
        one
          .getSignaturesList()[0]
          ?.setSignature(flipped(one.getSignaturesList()[0]?.getSignature_asU8() as Uint8Array, -1)),
      ),
  ],
  [
    "the orderer's metadata, which it signs as well",
    'block_signature',
    () => withSignatures((one) => one.setValue(Buffer.concat([one.getValue_asU8(), Uint8Array.of(0x0a, 0)]))),
  ],
  ['signatures of another block', 'block_signature', () => rebuilt({ metadata: others[0]?.metadata as Uint8Array[] })],
  ['signed by a peer', 'block_signature', () => withSignatures((one) => signAsPeer(one))],
  ['the block after it, too early', 'unexpected_number', () => chain.blocks[TARGET + 1] as Uint8Array],
  ['the block before it, once more', 'unexpected_number', () => chain.blocks[TARGET - 1] as Uint8Array],
  ['the first block, once more', 'unexpected_number', () => chain.blocks[0] as Uint8Array],
  ['a block of another network', 'previous_hash', () => recordedChain('v2.5.9').blocks[TARGET] as Uint8Array],
];

/** Puts a peer's identity where the orderer's was. */
function signAsPeer(metadata: common.Metadata): void {
  const [signature] = metadata.getSignaturesList();
  const header = common.SignatureHeader.deserializeBinary(signature?.getSignatureHeader_asU8() as Uint8Array);
  header.setCreator(original.envelopes[0]?.transaction.action.endorsements[0]?.endorser as Uint8Array);
  signature?.setSignatureHeader(header.serializeBinary());
}

/** The same envelope, its first length with a needless byte. */
function longerLength(bytes: Uint8Array): Uint8Array {
  let end = 1;
  while ((bytes[end] as number) >= 0x80) {
    end++;
  }
  const head = Uint8Array.from(bytes.subarray(0, end + 1));
  head[end] = (head[end] as number) | 0x80;
  return Buffer.concat([head, Uint8Array.of(0), bytes.subarray(end + 1)]);
}

describe('an altered block is caught', () => {
  let test: TestLedger;
  beforeAll(async () => {
    test = await testLedger();
    await commitAll(test.pipeline, chain.blocks.slice(0, TARGET));
  });
  afterAll(() => test[Symbol.asyncDispose]());

  it.each(alterations)('%s: %s', async (_what, code, bytes) => {
    const before = hex(test.ledger.commitHash);
    const failure = await test.pipeline.commit(received([bytes()])[0] as never).then(
      () => null,
      (error: unknown) => error,
    );

    expect(failure).toBeInstanceOf(CommitError);
    expect(failure).toMatchObject({ code });
    expect((failure as Error).message.length).toBeGreaterThan(10);
    // Nothing came of it.
    expect([test.ledger.height, hex(test.ledger.commitHash)]).toEqual([TARGET, before]);
  });

  it('while what a copy says of codes and commit hash counts for nothing', async () => {
    const lied = rebuilt({
      metadata: original.metadata.map((one, index) => (index === 2 || index === 4 ? Uint8Array.of(1, 2, 3) : one)),
    });
    await commitAll(test.pipeline, [lied]);

    expect(hex((await test.ledger.blocks.byNumber(TARGET))?.bytes ?? null)).toBe(hex(original.bytes));
  });
});

describe('a run that meets a bad block', () => {
  it.each([true, false])(
    'commits what comes before it, and goes on with the right one (overlap %s)',
    async (overlap) => {
      await using test = await testLedger({ overlap });
      const bad = withDataAndHash(swapped);
      const blocks = [...chain.blocks.slice(0, TARGET), bad, ...chain.blocks.slice(TARGET + 1)];
      const numbers: number[] = [];
      const run = async (): Promise<void> => {
        for await (const block of test.pipeline.run(received(blocks))) {
          numbers.push(block.number);
        }
      };
      await expect(run()).rejects.toMatchObject({ code: 'block_signature', block: TARGET });
      expect(numbers).toEqual([0, 1, 2, 3]);
      expect(test.ledger.height).toBe(TARGET);

      const rest = await commitAll(test.pipeline, chain.blocks.slice(TARGET));
      expect(rest.map(({ transactions }) => transactions.map(({ codeName }) => codeName))).toEqual(
        chain.codes.slice(TARGET),
      );
    },
  );

  it('a chain that begins with anything but a configuration is none', async () => {
    await using test = await testLedger();
    const first = encodeBlock({ ...partsOf(original), number: 0, previousHash: new Uint8Array(0) });
    await expect(test.pipeline.commit(received([first])[0] as never)).rejects.toMatchObject({
      code: 'config_rejected',
    });
    await expect(commitAll(test.pipeline, chain.blocks.slice(1))).rejects.toMatchObject({ code: 'unexpected_number' });
    expect(test.ledger.height).toBe(0);
  });
});
