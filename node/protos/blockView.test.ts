import { describe, expect, it } from 'vitest';
import { common } from '@hyperledger/fabric-protos';
import { blockHeaderBytes } from './blockHeader.ts';
import { BlockView } from './blockView.ts';
import type { EnvelopeView } from './envelopeView.ts';
import {
  allBlocksOf,
  loggedPkiIds,
  type RecordedBlock,
  type RecordedSet,
  sharedBlocks,
  vendoredBlocks,
  VERSIONS,
} from './testBlocks.ts';
import { timestampIso } from './timestamp.ts';

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** What a view says of a transaction, in the words of `validation.json`. */
function describeTransaction(block: BlockView, envelope: EnvelopeView, index: number) {
  const { typeName, txId, timestamp } = envelope.channelHeader;
  const told = {
    index,
    txId,
    type: typeName,
    timestamp: timestamp === null ? null : timestampIso(timestamp),
    validationCode: block.validationCodeName(index),
    code: block.validationCode(index),
  };
  if (typeName !== 'ENDORSER_TRANSACTION') {
    return told;
  }
  const { action } = envelope.transaction;
  return {
    ...told,
    creatorMsp: envelope.creator?.mspId,
    chaincode: action.chaincode.name,
    endorserMsps: action.endorsers.map(({ mspId }) => mspId),
    // What the client asked for and what the endorsers say are two things; here they agree, and the ID is what it must be.
    agrees:
      envelope.computedTxId === txId &&
      envelope.headerChaincode === action.chaincode.name &&
      action.invocation.chaincode.name === action.chaincode.name,
  };
}

const describeBlock = (block: BlockView) => ({
  block: block.number,
  channel: block.channel,
  previousHash: base64(block.previousHash),
  dataHash: base64(block.dataHash),
  dataHashMatches: block.dataHashMatches,
  signers: block.signers.map(({ mspId, role }) => [mspId, role]),
  hasCommitHash: block.commitHash !== null,
  transactions: block.envelopes.map((envelope, index) => describeTransaction(block, envelope, index)),
});

const nanoseconds = (time: string) => `${time.slice(0, 19)}.${(/\.(\d+)Z$/.exec(time)?.[1] ?? '').padEnd(9, '0')}Z`;

const asRecorded = (recorded: RecordedBlock, channel: string) => ({
  block: recorded.number,
  channel,
  previousHash: recorded.previousHash,
  dataHash: recorded.dataHash,
  dataHashMatches: true,
  signers: recorded.number === 0 ? [] : [['OrdererMSP', 'orderer']],
  hasCommitHash: recorded.number > 0,
  transactions: recorded.transactions.map((one) =>
    Object.assign({}, one, { timestamp: nanoseconds(one.timestamp) }, 'chaincode' in one ? { agrees: true } : {}),
  ),
});

function expectAsRecorded({ blocks, channel }: RecordedSet): void {
  const views = blocks.map(({ bytes }) => BlockView.fromBytes(bytes));
  expect(views.map(describeBlock)).toEqual(blocks.map((block) => asRecorded(block, channel)));
  const hashes = new Map(views.map((view) => [view.number + 1, base64(view.hash)]));
  const linked = views.filter(({ number }) => hashes.has(number));
  expect(linked.length).toBeGreaterThan(10);
  expect(linked.map(({ previousHash }) => base64(previousHash))).toEqual(
    linked.map(({ number }) => hashes.get(number)),
  );
}

describe('blocks of real networks', () => {
  it.each(VERSIONS)('%s: every transaction, code, identity and hash is as the network said', (version) => {
    const set = vendoredBlocks(version);
    expect(set.blocks.length).toBeGreaterThan(17);
    expectAsRecorded(set);
  });

  const shared = sharedBlocks();
  it(`beside the vendored part checks ${allBlocksOf(shared)}`, () => {
    expect(shared.every(({ blocks }) => blocks.length > 10)).toBe(true);
    for (const set of shared) {
      expectAsRecorded(set);
    }
  });

  it.each(VERSIONS)('%s: endorsers have the PKI-IDs that the peers logged of themselves', (version) => {
    const logged = new Map(loggedPkiIds(version).map(({ peer, pkiId }) => [peer, pkiId]));
    const seen = new Map<string | null, string>();
    for (const { bytes } of vendoredBlocks(version).blocks) {
      for (const { channelHeader, transaction } of chaincodeTransactions(bytes)) {
        expect(channelHeader.type).toBe(common.HeaderType.ENDORSER_TRANSACTION);
        for (const { commonName, pkiId } of transaction.action.endorsers) {
          seen.set(commonName, pkiId);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(2);
    for (const [peer, pkiId] of seen) {
      expect([peer, pkiId]).toEqual([peer, logged.get(peer as string)]);
    }
  });

  it('knows the configuration block in force and the Raft nodes', () => {
    const [first, ...rest] = vendoredBlocks('v3.1.5').blocks.map(({ bytes }) => BlockView.fromBytes(bytes));
    expect(first?.lastConfig).toBe(0);
    for (const block of rest) {
      expect(block.lastConfig).toBe(block.number < 67 ? 0 : 67);
      expect(block.consenterIds).toEqual([1, 2, 3]);
    }
  });

  it('gives one and the same view of a part however often it is asked', () => {
    const block = BlockView.fromBytes(vendoredBlocks('v3.1.5').blocks[4]?.bytes as Uint8Array);
    const [one] = block.envelopes;
    expect(one?.transaction).toBe(one?.transaction);
    expect(one?.transaction.action.readWriteSet).toBe(one?.transaction.action.readWriteSet);
    expect(one?.creator).toBe(one?.creator);
    expect(block.hash).toBe(block.hash);
  });

  it('shows what a transaction did', () => {
    const block = vendoredBlocks('v3.1.5').blocks.find(({ number }) => number === 37)?.bytes as Uint8Array;
    const [first] = BlockView.fromBytes(block).envelopes;
    const action = first?.transaction.action;
    expect(action?.functionName).toBe('TransferAsset');
    expect(action?.response?.status).toBe(200);
    expect(action?.readWriteSet.namespace('basic')?.reads).toEqual([{ key: 'asset20', version: { block: 28, tx: 0 } }]);
    expect(action?.readWriteSet.namespace('basic')?.writes.map(({ key, isDelete }) => [key, isDelete])).toEqual([
      ['asset20', false],
    ]);
    expect(() => first?.config).toThrow(expect.objectContaining({ name: 'ProtoError', code: 'wrong_type' }));
  });
});

describe('a block from another hand', () => {
  const recorded = vendoredBlocks('v3.1.5').blocks.find(({ number }) => number === 4)?.bytes as Uint8Array;

  it("has no verdicts in an orderer's copy", () => {
    const message = common.Block.deserializeBinary(recorded);
    const metadata = message.getMetadata() as common.BlockMetadata;
    const [signatures] = metadata.getMetadataList_asU8();
    metadata.setMetadataList([signatures as Uint8Array, ...[1, 2, 3, 4].map(() => new Uint8Array(0))]);
    const block = BlockView.fromBytes(message.serializeBinary());
    expect(block.envelopes.map((_, index) => block.validationCode(index))).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(block.commitHash).toBeNull();
    expect(Buffer.from(block.hash)).toEqual(Buffer.from(BlockView.fromBytes(recorded).hash));
  });

  it('takes 254, not validated, for no verdict', () => {
    const message = common.Block.deserializeBinary(recorded);
    const metadata = message.getMetadata() as common.BlockMetadata;
    const list = metadata.getMetadataList_asU8();
    list[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = Uint8Array.of(254, 0, 11, 200);
    metadata.setMetadataList(list);
    const block = BlockView.fromBytes(message.serializeBinary());
    expect([0, 1, 2, 3, 4].map((index) => block.validationCodeName(index))).toEqual([
      null,
      'VALID',
      'MVCC_READ_CONFLICT',
      'CODE_200',
      null,
    ]);
  });

  it('names its signers by number where consensus is BFT', () => {
    const identifier = new common.IdentifierHeader();
    identifier.setIdentifier(3);
    const signature = new common.MetadataSignature();
    signature.setIdentifierHeader(identifier.serializeBinary());
    signature.setSignature(Uint8Array.of(1, 2));
    const signatures = new common.Metadata();
    signatures.setSignaturesList([signature]);
    const message = common.Block.deserializeBinary(recorded);
    message.getMetadata()?.setMetadataList([signatures.serializeBinary()]);
    const block = BlockView.fromBytes(message.serializeBinary());
    expect(block.signatures).toEqual([{ creator: null, consenterId: 3, signature: Uint8Array.of(1, 2) }]);
    expect(block.signers).toEqual([]);
    expect(block.lastConfig).toBeNull();
  });

  it('is refused beyond the size limit, and beyond numbers that can be exact', () => {
    expect(() => BlockView.fromBytes(recorded, { maxBytes: 1000 })).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
    const message = common.Block.deserializeBinary(recorded);
    message.getHeader()?.setNumber(2 ** 60);
    expect(() => BlockView.fromBytes(message.serializeBinary())).toThrow(
      expect.objectContaining({ code: 'out_of_range' }),
    );
    message.getHeader()?.setNumber(4);
    message.getData()?.setDataList(Array.from({ length: 100_001 }, () => new Uint8Array(0)));
    expect(() => BlockView.fromBytes(message.serializeBinary())).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
    expect(() => BlockView.fromBytes(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'missing' }));
  });
});

const hex = (number: number | bigint, previous = new Uint8Array(0)) =>
  Buffer.from(blockHeaderBytes(number, previous, Uint8Array.of(9))).toString('hex');

describe('blockHeaderBytes', () => {
  it('is DER: the shortest integer, never negative, lengths beyond 127 in their own octets', () => {
    expect(hex(0)).toBe('30080201000400040109');
    expect(hex(127)).toBe('300802017f0400040109');
    expect(hex(128)).toBe('3009020200800400040109');
    expect(hex(2n ** 64n - 1n)).toBe('3010020900ffffffffffffffff0400040109');
    expect(hex(1, new Uint8Array(200))).toBe(`3081d10201010481c8${'00'.repeat(200)}040109`);
  });
});

function chaincodeTransactions(bytes: Uint8Array): readonly EnvelopeView[] {
  return BlockView.fromBytes(bytes).envelopes.filter(
    ({ channelHeader }) => channelHeader.type === common.HeaderType.ENDORSER_TRANSACTION,
  );
}
