import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { common, ledger, msp, orderer, peer } from '@hyperledger/fabric-protos';
import { messageFields } from './messageFields.ts';
import { ProtoError } from './protoError.ts';
import { decodeMessage, type MessageType } from './strictReader.ts';

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

describe('decoding as Go does', () => {
  it('makes the same of every message, and refuses the same', () => {
    const names = new Set(recorded.map(({ name }) => name));
    expect([...names].toSorted()).toEqual(Object.keys(TYPES).toSorted());
    expect(recorded.filter(({ answer }) => answer === 'error').length).toBeGreaterThan(500);
    expect(recorded.map(answerTo)).toEqual(recorded.map(({ answer }) => answer));
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
