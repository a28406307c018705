import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { common, ledger, msp, orderer, peer } from '@hyperledger/fabric-protos';
import { messageFields } from './messageFields.ts';
import { ProtoError } from './protoError.ts';
import { readNamespaces, readReadWriteSet } from './readWriteSetMessages.ts';
import { readStateData } from './stateDataMessage.ts';
import { decodeMessage, type MessageType } from './strictReader.ts';
import * as byHand from './transactionMessages.ts';

const { kvrwset } = ledger.rwset;

/** Messages that validation decodes, by the names that Go knows them by. */
const TYPES = {
  'common.Block': common.Block,
  'common.Envelope': common.Envelope,
  'common.Payload': common.Payload,
  'common.ChannelHeader': common.ChannelHeader,
  'common.SignatureHeader': common.SignatureHeader,
  'common.IdentifierHeader': common.IdentifierHeader,
  'common.Metadata': common.Metadata,
  'common.LastConfig': common.LastConfig,
  'common.OrdererBlockMetadata': common.OrdererBlockMetadata,
  'common.ConfigPolicy': common.ConfigPolicy,
  'common.ConfigValue': common.ConfigValue,
  'common.SignaturePolicyEnvelope': common.SignaturePolicyEnvelope,
  'common.ImplicitMetaPolicy': common.ImplicitMetaPolicy,
  'common.MSPPrincipal': msp.MSPPrincipal,
  'common.MSPRole': msp.MSPRole,
  'common.OrganizationUnit': msp.OrganizationUnit,
  'common.CombinedPrincipal': msp.CombinedPrincipal,
  'common.Orderers': common.Orderers,
  'common.OrdererAddresses': common.OrdererAddresses,
  'msp.SerializedIdentity': msp.SerializedIdentity,
  'msp.MSPConfig': msp.MSPConfig,
  'msp.FabricMSPConfig': msp.FabricMSPConfig,
  'orderer.ConsensusType': orderer.ConsensusType,
  'orderer.BatchSize': orderer.BatchSize,
  'etcdraft.BlockMetadata': orderer.etcdraft.BlockMetadata,
  'etcdraft.ConfigMetadata': orderer.etcdraft.ConfigMetadata,
  'protos.Transaction': peer.Transaction,
  'protos.ChaincodeActionPayload': peer.ChaincodeActionPayload,
  'protos.ProposalResponsePayload': peer.ProposalResponsePayload,
  'protos.ChaincodeAction': peer.ChaincodeAction,
  'protos.ChaincodeEvent': peer.ChaincodeEvent,
  'protos.ChaincodeHeaderExtension': peer.ChaincodeHeaderExtension,
  'protos.ApplicationPolicy': peer.ApplicationPolicy,
  'protos.CollectionConfigPackage': peer.CollectionConfigPackage,
  'rwset.TxReadWriteSet': ledger.rwset.TxReadWriteSet,
  'rwset.TxPvtReadWriteSet': ledger.rwset.TxPvtReadWriteSet,
  'kvrwset.KVRWSet': kvrwset.KVRWSet,
  'kvrwset.HashedRWSet': kvrwset.HashedRWSet,
  'kvrwset.KVMetadataWrite': kvrwset.KVMetadataWrite,
  'lifecycle.StateData': peer.lifecycle.StateData,
  'lifecycle.StateMetadata': peer.lifecycle.StateMetadata,
  'lifecycle.ChaincodeEndorsementInfo': peer.lifecycle.ChaincodeEndorsementInfo,
  'lifecycle.ChaincodeValidationInfo': peer.lifecycle.ChaincodeValidationInfo,
} as const;

type TypeName = keyof typeof TYPES;

interface Recorded {
  readonly name: TypeName;
  readonly bytes: Uint8Array;
  /** Serialised again without what is not known, or `error`. */
  readonly answer: string;
}

/**
 * Messages made at random, most in a form that no marshaller writes (fields that come twice or with another wire type, parts of
 * messages, groups, long numbers, text that is none), and what google.golang.org/protobuf 1.36.11 with Fabric's messages made of each.
 */
const recorded: readonly Recorded[] = gunzipSync(
  readFileSync(resolve(import.meta.dirname, '../../test/vectors/protobuf/decodedByGo.txt.gz')),
)
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [name, bytes, answer] = line.split(' ') as [TypeName, string, string];
    return { name, bytes: fromHex(bytes), answer: answer === '-' ? '' : answer };
  });

function fromHex(text: string): Uint8Array {
  return text === '-' ? new Uint8Array(0) : new Uint8Array(Buffer.from(text, 'hex'));
}

function answerTo({ name, bytes }: Recorded): string {
  type Message = { serializeBinary(): Uint8Array };
  try {
    const message = decodeMessage(TYPES[name] as unknown as MessageType<Message>, bytes, name);
    return Buffer.from(message.serializeBinary()).toString('hex');
  } catch (error) {
    return error instanceof ProtoError ? 'error' : String(error);
  }
}

type Reader = (bytes: Uint8Array) => unknown;

/** Messages that are read by hand: what their readers make of them, and what they are to make of them. */
const READ_BY_HAND: Partial<Record<TypeName, readonly [got: Reader, wanted: Reader]>> = {
  'common.Envelope': [
    byHand.readEnvelope,
    (bytes) => {
      const one = decodeMessage(common.Envelope, bytes, 'test');
      return { payload: one.getPayload_asU8(), signature: one.getSignature_asU8() };
    },
  ],
  'common.Payload': [
    byHand.readPayload,
    (bytes) => {
      const one = decodeMessage(common.Payload, bytes, 'test');
      const header = one.getHeader();
      const headers =
        header === undefined
          ? null
          : { channelHeader: header.getChannelHeader_asU8(), signatureHeader: header.getSignatureHeader_asU8() };
      return { header: headers, data: one.getData_asU8() };
    },
  ],
  'common.ChannelHeader': [
    byHand.readChannelHeader,
    (bytes) => {
      const one = decodeMessage(common.ChannelHeader, bytes, 'test');
      return {
        ...one.toObject(),
        timestamp: one.getTimestamp()?.toObject() ?? null,
        extension: one.getExtension_asU8(),
        tlsCertHash: one.getTlsCertHash_asU8(),
      };
    },
  ],
  'common.SignatureHeader': [
    byHand.readSignatureHeader,
    (bytes) => {
      const one = decodeMessage(common.SignatureHeader, bytes, 'test');
      return { creator: one.getCreator_asU8(), nonce: one.getNonce_asU8() };
    },
  ],
  'protos.Transaction': [
    byHand.readTransaction,
    (bytes) =>
      decodeMessage(peer.Transaction, bytes, 'test')
        .getActionsList()
        .map((one) => ({ header: one.getHeader_asU8(), payload: one.getPayload_asU8() })),
  ],
  'protos.ChaincodeActionPayload': [
    byHand.readActionPayload,
    (bytes) => {
      const one = decodeMessage(peer.ChaincodeActionPayload, bytes, 'test');
      const action = one.getAction();
      const endorsed =
        action === undefined
          ? null
          : {
              proposalResponsePayload: action.getProposalResponsePayload_asU8(),
              endorsements: action.getEndorsementsList().map((endorsement) => ({
                endorser: endorsement.getEndorser_asU8(),
                signature: endorsement.getSignature_asU8(),
              })),
            };
      return { chaincodeProposalPayload: one.getChaincodeProposalPayload_asU8(), action: endorsed };
    },
  ],
  'protos.ProposalResponsePayload': [
    byHand.readResponsePayload,
    (bytes) => {
      const one = decodeMessage(peer.ProposalResponsePayload, bytes, 'test');
      return { proposalHash: one.getProposalHash_asU8(), extension: one.getExtension_asU8() };
    },
  ],
  'protos.ChaincodeAction': [
    byHand.readChaincodeAction,
    (bytes) => {
      const one = decodeMessage(peer.ChaincodeAction, bytes, 'test');
      const response = one.getResponse();
      const answered =
        response === undefined
          ? null
          : { status: response.getStatus(), message: response.getMessage(), payload: response.getPayload_asU8() };
      return {
        results: one.getResults_asU8(),
        events: one.getEvents_asU8(),
        response: answered,
        chaincodeId: one.getChaincodeId()?.toObject() ?? null,
      };
    },
  ],
  'protos.ChaincodeHeaderExtension': [
    byHand.readHeaderExtension,
    (bytes) => decodeMessage(peer.ChaincodeHeaderExtension, bytes, 'test').getChaincodeId()?.toObject() ?? null,
  ],
  'lifecycle.StateData': [
    readStateData,
    (bytes) => {
      const one = decodeMessage(peer.lifecycle.StateData, bytes, 'test');
      if (one.hasInt64()) {
        return { int64: one.getInt64() };
      }
      return one.hasString() ? { string: one.getString() } : one.hasBytes() ? { bytes: one.getBytes_asU8() } : null;
    },
  ],
  'rwset.TxReadWriteSet': [
    readNamespaces,
    (bytes) =>
      decodeMessage(ledger.rwset.TxReadWriteSet, bytes, 'test')
        .getNsRwsetList()
        .map((one) => ({
          namespace: one.getNamespace(),
          rwset: one.getRwset_asU8(),
          collections: one.getCollectionHashedRwsetList().map((collection) => ({
            name: collection.getCollectionName(),
            hashedRwset: collection.getHashedRwset_asU8(),
            pvtRwsetHash: collection.getPvtRwsetHash_asU8(),
          })),
        })),
  ],
  'kvrwset.KVRWSet': [
    (bytes) => {
      const { reads, writes, rangeQueries, metadataWrites } = readReadWriteSet(bytes);
      return {
        reads,
        writes,
        rangeQueries: rangeQueries.map((query) => decodeMessage(kvrwset.RangeQueryInfo, query, 'test').toObject()),
        metadataWrites: metadataWrites.map((write) => decodeMessage(kvrwset.KVMetadataWrite, write, 'test').toObject()),
      };
    },
    (bytes) => {
      const one = decodeMessage(kvrwset.KVRWSet, bytes, 'test');
      return {
        reads: one.getReadsList().map((read) => {
          const version = read.getVersion();
          return {
            key: read.getKey(),
            version: version === undefined ? null : { block: version.getBlockNum(), tx: version.getTxNum() },
          };
        }),
        writes: one.getWritesList().map((write) => ({
          key: write.getKey(),
          isDelete: write.getIsDelete(),
          value: write.getValue_asU8(),
        })),
        rangeQueries: one.getRangeQueriesInfoList().map((query) => query.toObject()),
        metadataWrites: one.getMetadataWritesList().map((write) => write.toObject()),
      };
    },
  ],
};

function outcome(read: Reader, bytes: Uint8Array): unknown {
  try {
    return read(bytes);
  } catch (error) {
    return error instanceof ProtoError ? 'error' : error;
  }
}

describe('decoding as Go does', () => {
  it('makes the same of every message, and refuses the same', () => {
    const names = new Set(recorded.map(({ name }) => name));
    expect([...names].toSorted()).toEqual(Object.keys(TYPES).toSorted());
    expect(recorded.filter(({ answer }) => answer === 'error').length).toBeGreaterThan(500);
    expect(recorded.map(answerTo)).toEqual(recorded.map(({ answer }) => answer));
  });

  it.each(Object.keys(READ_BY_HAND) as TypeName[])('makes the same of a %s that is read by hand', (name) => {
    const [read, wanted] = READ_BY_HAND[name] as readonly [Reader, Reader];
    const ofThisName = recorded.filter((one) => one.name === name);
    expect(ofThisName.map(({ bytes }) => outcome(read, bytes))).toEqual(
      ofThisName.map(({ bytes }) => outcome(wanted, bytes)),
    );
  });

  it('adds up the parts of a message that comes in many pieces in one go', () => {
    const piece = [0x12, 0x02, 0x08, 0x00];
    const bytes = Uint8Array.from({ length: 400_000 }, (_, index) => piece[index % 4] as number);
    const envelope = decodeMessage(common.SignaturePolicyEnvelope, bytes, 'test');
    expect(envelope.getRule()?.hasSignedBy()).toBe(true);
  });

  it('takes no part of a message that is not whole by itself', () => {
    const broken = Uint8Array.of(0x12, 0x01, 0x08, 0x12, 0x01, 0x00);
    expect(() => decodeMessage(common.SignaturePolicyEnvelope, broken, 'test')).toThrow(ProtoError);
  });
});

describe('the fields of a generated class', () => {
  it('are found by asking it', () => {
    expect([...messageFields(common.SignaturePolicy)]).toEqual([
      [1, { wire: 0, message: null, isMap: false, isRepeated: false, others: [2] }],
      [2, { wire: 2, message: common.SignaturePolicy.NOutOf, isMap: false, isRepeated: false, others: [1] }],
    ]);
    expect(messageFields(peer.ChaincodeInput).get(2)).toMatchObject({ message: null, isMap: true });
    expect(messageFields(orderer.etcdraft.BlockMetadata).get(1)).toMatchObject({ wire: 0, isRepeated: true });
  });

  it('fit the mask that keeps messages apart that come twice', () => {
    for (const type of Object.values(TYPES)) {
      expect(Math.max(0, ...messageFields(type as MessageType<object>).keys())).toBeLessThan(32);
    }
  });
});
