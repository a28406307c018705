import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { peer } from '@hyperledger/fabric-protos';
import { ProtoError } from './protoError.ts';
import * as proposal from './proposalMessages.ts';
import * as shim from './shimMessages.ts';

type Reader = (bytes: Uint8Array) => unknown;

const inputOf = (input: peer.ChaincodeInput | undefined): unknown =>
  input === undefined ? null : { args: input.getArgsList_asU8(), isInit: input.getIsInit() };

const specOf = (spec: peer.ChaincodeSpec): unknown => ({
  chaincodeId: spec.getChaincodeId()?.toObject() ?? null,
  input: inputOf(spec.getInput()),
});

const eventOf = (event: peer.ChaincodeEvent): unknown => ({ ...event.toObject(), payload: event.getPayload_asU8() });

/** Each reader, and what the generated class says of a message as Go writes it. */
const READERS: Readonly<Record<string, readonly [read: Reader, wanted: Reader]>> = {
  'protos.ChaincodeMessage': [
    shim.readChaincodeMessage,
    (bytes) => {
      const one = peer.ChaincodeMessage.deserializeBinary(bytes);
      const event = one.getChaincodeEvent();
      return {
        type: one.getType(),
        payload: one.getPayload_asU8(),
        txId: one.getTxid(),
        channelId: one.getChannelId(),
        event: event === undefined ? null : eventOf(event),
      };
    },
  ],
  'protos.ChaincodeEvent': [shim.readChaincodeEvent, (bytes) => eventOf(peer.ChaincodeEvent.deserializeBinary(bytes))],
  'protos.Response': [
    shim.readResponse,
    (bytes) => {
      const one = peer.Response.deserializeBinary(bytes);
      return { status: one.getStatus(), message: one.getMessage(), payload: one.getPayload_asU8() };
    },
  ],
  'protos.GetState': [shim.readGetState, (bytes) => peer.GetState.deserializeBinary(bytes).toObject()],
  'protos.DelState': [shim.readDelState, (bytes) => peer.DelState.deserializeBinary(bytes).toObject()],
  'protos.PutState': [
    shim.readPutState,
    (bytes) => {
      const one = peer.PutState.deserializeBinary(bytes);
      return { key: one.getKey(), collection: one.getCollection(), value: one.getValue_asU8() };
    },
  ],
  'protos.SignedProposal': [
    proposal.readSignedProposal,
    (bytes) => {
      const one = peer.SignedProposal.deserializeBinary(bytes);
      return { proposalBytes: one.getProposalBytes_asU8(), signature: one.getSignature_asU8() };
    },
  ],
  'protos.ChaincodeProposalPayload': [
    proposal.readProposalPayload,
    (bytes) => ({ input: peer.ChaincodeProposalPayload.deserializeBinary(bytes).getInput_asU8() }),
  ],
  'protos.ChaincodeInvocationSpec': [
    proposal.readInvocationSpec,
    (bytes) => {
      const spec = peer.ChaincodeInvocationSpec.deserializeBinary(bytes).getChaincodeSpec();
      return spec === undefined ? null : specOf(spec);
    },
  ],
  'protos.ChaincodeSpec': [proposal.readChaincodeSpec, (bytes) => specOf(peer.ChaincodeSpec.deserializeBinary(bytes))],
};

const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text === '-' ? '' : text, 'hex'));

/** Made as those of `decodedByGo.txt.gz`: bytes, and how Go writes what it read, or `error`. */
const recorded = gunzipSync(
  readFileSync(resolve(import.meta.dirname, '../../test/vectors/protobuf/proposalsDecodedByGo.txt.gz')),
)
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ') as [name: string, bytes: string, answer: string]);

function answerOf(read: Reader, bytes: Uint8Array): unknown {
  try {
    return read(bytes);
  } catch (error) {
    return error instanceof ProtoError ? 'error' : error;
  }
}

it.each(Object.entries(READERS))('%s is read as Go reads it', (name, [read, wanted]) => {
  const cases = recorded.filter((one) => one[0] === name);
  expect(cases.length).toBeGreaterThan(60);
  expect(cases.map(([, , answer]) => answer)).toContain('error');
  for (const [, bytes, answer] of cases) {
    expect(answerOf(read, fromHex(bytes)), bytes).toEqual(answer === 'error' ? answer : wanted(fromHex(answer)));
  }
});
