import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { common, ledger, msp, peer } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import { decodeMessage, type MessageType } from './strictReader.ts';
import { vendoredBlocks, VERSIONS } from './testBlocks.ts';
import { wireFields } from './wireFields.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'no error';
  } catch (error) {
    return error instanceof ProtoError ? error.code : `not a ProtoError: ${String(error)}`;
  }
};
const decodeBlock = (bytes: Uint8Array) => decodeMessage(common.Block, bytes, 'test');

interface Binary {
  serializeBinary(): Uint8Array;
}

let compared = 0;

/** Decodes with both readers and compares what they understood. */
function both<T extends Binary>(
  type: MessageType<T> & { deserializeBinary(bytes: Uint8Array): T },
  bytes: Uint8Array,
): T {
  const ours = decodeMessage(type, bytes, 'test');
  expect(Buffer.from(ours.serializeBinary())).toEqual(Buffer.from(type.deserializeBinary(bytes).serializeBinary()));
  compared++;
  return ours;
}

describe('decodeMessage', () => {
  it.each(VERSIONS)('%s: understands every message of real blocks as google-protobuf does', (version) => {
    for (const { bytes } of vendoredBlocks(version).blocks) {
      const block = both(common.Block, bytes);
      for (const data of block.getData()?.getDataList_asU8() ?? []) {
        const payload = both(common.Payload, both(common.Envelope, data).getPayload_asU8());
        const header = both(common.ChannelHeader, payload.getHeader()?.getChannelHeader_asU8() as Uint8Array);
        const signature = both(common.SignatureHeader, payload.getHeader()?.getSignatureHeader_asU8() as Uint8Array);
        both(msp.SerializedIdentity, signature.getCreator_asU8());
        if (header.getType() !== common.HeaderType.ENDORSER_TRANSACTION) {
          continue;
        }
        const [action] = both(peer.Transaction, payload.getData_asU8()).getActionsList();
        const actionPayload = both(peer.ChaincodeActionPayload, action?.getPayload_asU8() as Uint8Array);
        const proposal = both(peer.ChaincodeProposalPayload, actionPayload.getChaincodeProposalPayload_asU8());
        both(peer.ChaincodeInvocationSpec, proposal.getInput_asU8());
        const endorsed = actionPayload.getAction()?.getProposalResponsePayload_asU8() as Uint8Array;
        const answer = both(peer.ChaincodeAction, both(peer.ProposalResponsePayload, endorsed).getExtension_asU8());
        for (const set of both(ledger.rwset.TxReadWriteSet, answer.getResults_asU8()).getNsRwsetList()) {
          both(ledger.rwset.kvrwset.KVRWSet, set.getRwset_asU8());
          for (const collection of set.getCollectionHashedRwsetList()) {
            both(ledger.rwset.kvrwset.HashedRWSet, collection.getHashedRwset_asU8());
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(500);
  });

  it('reads numbers of every width as google-protobuf does', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.integer(),
        fc.string({ unit: 'binary' }),
        fc.boolean(),
        (a, b, text, flag) => {
          const header = new common.ChannelHeader();
          header.setType(b);
          header.setEpoch(Math.abs(a));
          header.setChannelId(text.toWellFormed());
          both(common.ChannelHeader, header.serializeBinary());
          const data = new peer.lifecycle.StateData();
          data.setInt64(a);
          expect(both(peer.lifecycle.StateData, data.serializeBinary()).getInt64()).toBe(a);
          const write = new ledger.rwset.kvrwset.KVWrite();
          write.setIsDelete(flag);
          both(ledger.rwset.kvrwset.KVWrite, write.serializeBinary());
        },
      ),
    );
  });

  it('refuses lengths beyond the message at once, where google-protobuf walks up to 4 GiB', () => {
    // channel_id (text) and timestamp (message) of 4294967295 bytes, and the same in a message within.
    const length = [0xff, 0xff, 0xff, 0xff, 0x0f];
    const decodeHeader = (...bytes: number[]) =>
      codeOf(() => decodeMessage(common.ChannelHeader, Uint8Array.from(bytes), 'test'));
    expect(decodeHeader(0x22, ...length)).toBe('truncated');
    expect(decodeHeader(0x1a, ...length)).toBe('truncated');
    expect(decodeHeader(0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)).toBe('truncated');
    expect(codeOf(() => decodeBlock(Uint8Array.of(0x0a, 2, 0x1a, 3, 1, 2, 3)))).toBe('truncated');
  });

  it('names what is wrong', () => {
    const cases: readonly (readonly [string, readonly number[]])[] = [
      ['malformed', [0x00]],
      ['malformed', [0x07]],
      ['malformed', [0x0c]],
      ['malformed', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
      ['malformed', [0x30, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]],
      ['malformed', [0x23, 0x2c]],
      ['malformed', [0x23, 0x00]],
      ['truncated', [0x80]],
      ['truncated', [0x0a]],
      ['truncated', [0x23]],
      ['truncated', [0x25, 1, 2]],
      ['no error', [0x08, 0x01]],
      ['no error', [0x0a, 0, 0x0a, 0]],
      ['no error', [0x23, 0x08, 0x01, 0x24]],
      ['no error', [0xa2, 0x06, 1, 0]],
    ];
    for (const [code, bytes] of cases) {
      expect([bytes, codeOf(() => decodeBlock(Uint8Array.from(bytes)))]).toEqual([bytes, code]);
    }
    expect(codeOf(() => decodeMessage(msp.SerializedIdentity, Uint8Array.of(0x0a, 1, 0xff), 'test'))).toBe(
      'invalid_utf8',
    );
  });

  it('stops at 2,000 levels of messages, in either form, and reads groups without recursion', () => {
    const otherForm = Uint8Array.of(0x0d, 1, 2, 3, 4);
    for (const innermost of [Uint8Array.of(8, 1), otherForm]) {
      const decode = (levels: number) => () => decodeMessage(common.SignaturePolicy, nested(levels, innermost), 'test');
      expect(codeOf(decode(1_000))).toBe('no error');
      expect(codeOf(decode(1_001))).toBe('too_deep');
    }
    expect(codeOf(() => decodeBlock(new Uint8Array(9_000).fill(0x23)))).toBe('truncated');
    expect(codeOf(() => decodeBlock(new Uint8Array(1_000_000).fill(0x23)))).toBe('malformed');
  });

  it('stops at four million fields, before their objects fill the memory', () => {
    // Empty envelopes, two bytes each, in one block.
    const data = delimited(
      0x12,
      new Uint8Array(8_000_000).map((_, at) => (at % 2 === 0 ? 0x0a : 0)),
    );
    expect(codeOf(() => decodeBlock(data))).toBe('too_large');
  });

  it('throws nothing but ProtoError for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const type of [common.Block, common.ChannelHeader, common.SignaturePolicyEnvelope, msp.FabricMSPConfig]) {
          expect(codeOf(() => decodeMessage(type as MessageType<object>, bytes, 'test'))).not.toMatch(/^not a/);
        }
        expect(codeOf(() => wireFields(bytes, 'test'))).not.toMatch(/^not a/);
      }),
      { numRuns: 500 },
    );
  });

  it('passes over maps without reading them', () => {
    const input = new peer.ChaincodeInput();
    input.setArgsList([Uint8Array.of(1)]);
    input.getDecorationsMap().set('a', Uint8Array.of(2));
    const read = decodeMessage(peer.ChaincodeInput, input.serializeBinary(), 'test');
    expect(read.getArgsList_asU8()).toEqual([Uint8Array.of(1)]);
    expect(read.getDecorationsMap().getLength()).toBe(0);
  });
});

/** `SignaturePolicy.n_out_of.rules`, one in the other. */
function nested(levels: number, innermost: Uint8Array): Uint8Array {
  let policy = innermost;
  for (let level = 0; level < levels; level++) {
    policy = delimited(0x12, delimited(0x12, policy));
  }
  return policy;
}

function delimited(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  let rest = content.length;
  while (rest >= 0x80) {
    length.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return Uint8Array.from([tag, ...length, rest, ...content]);
}
