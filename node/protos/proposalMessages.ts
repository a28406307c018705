import { type ChaincodeIdMessage, NO_BYTES } from './transactionMessages.ts';
import { lengthTag, varintTag, WireScanner } from './wireScanner.ts';

/**
 * What a proposal asks for, read by hand as `transactionMessages.ts` does it. Each `read…` takes serialised bytes and throws ProtoError.
 */
const scanner = new WireScanner();

const [FIELD_1, FIELD_2, FIELD_3] = [lengthTag(1), lengthTag(2), lengthTag(3)];
const NUMBER_3 = varintTag(3);

/** `protos.SignedProposal` */
export interface SignedProposalMessage {
  readonly proposalBytes: Uint8Array;
  readonly signature: Uint8Array;
}

export function readSignedProposal(bytes: Uint8Array): SignedProposalMessage {
  const reader = scanner.start(bytes, 'protos.SignedProposal');
  let [proposalBytes, signature] = [NO_BYTES, NO_BYTES];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      proposalBytes = reader.bytes();
    } else if (tag === FIELD_2) {
      signature = reader.bytes();
    } else {
      reader.skip();
    }
  }
  return { proposalBytes, signature };
}

/** The input of a `protos.ChaincodeProposalPayload`; the transient map is looked at only to see that it is one. */
export function readProposalPayload(bytes: Uint8Array): { readonly input: Uint8Array } {
  const reader = scanner.start(bytes, 'protos.ChaincodeProposalPayload');
  let input = NO_BYTES;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      input = reader.bytes();
    } else if (tag === FIELD_2) {
      passMapEntry(reader);
    } else {
      reader.skip();
    }
  }
  return { input };
}

/** `protos.ChaincodeInput` without decorations: nobody but the peer may put any. */
export interface ChaincodeInputMessage {
  readonly args: readonly Uint8Array[];
  readonly isInit: boolean;
}

/** `protos.ChaincodeSpec`, as far as it plays a part. */
export interface ChaincodeSpecMessage {
  /** Null where there is none. */
  readonly chaincodeId: ChaincodeIdMessage | null;
  /** Null where there is none. */
  readonly input: ChaincodeInputMessage | null;
}

/** The spec of a `protos.ChaincodeInvocationSpec`; null where there is none. */
export function readInvocationSpec(bytes: Uint8Array): ChaincodeSpecMessage | null {
  const reader = scanner.start(bytes, 'protos.ChaincodeInvocationSpec');
  let spec: MutableSpec | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      spec ??= { chaincodeId: null, input: null };
      const outer = reader.enter();
      specFields(reader, spec);
      reader.leave(outer);
    } else {
      reader.skip();
    }
  }
  return spec;
}

/** `protos.ChaincodeSpec` by itself, as a chaincode names another one. */
export function readChaincodeSpec(bytes: Uint8Array): ChaincodeSpecMessage {
  const spec: MutableSpec = { chaincodeId: null, input: null };
  specFields(scanner.start(bytes, 'protos.ChaincodeSpec'), spec);
  return spec;
}

interface MutableSpec {
  chaincodeId: { path: string; name: string; version: string } | null;
  input: { args: Uint8Array[]; isInit: boolean } | null;
}

function specFields(reader: WireScanner, spec: MutableSpec): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_2) {
      spec.chaincodeId ??= { path: '', name: '', version: '' };
      const outer = reader.enter();
      idFields(reader, spec.chaincodeId);
      reader.leave(outer);
    } else if (tag === FIELD_3) {
      spec.input ??= { args: [], isInit: false };
      const outer = reader.enter();
      inputFields(reader, spec.input);
      reader.leave(outer);
    } else {
      reader.skip();
    }
  }
}

function idFields(reader: WireScanner, id: NonNullable<MutableSpec['chaincodeId']>): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      id.path = reader.text();
    } else if (tag === FIELD_2) {
      id.name = reader.text();
    } else if (tag === FIELD_3) {
      id.version = reader.text();
    } else {
      reader.skip();
    }
  }
}

function inputFields(reader: WireScanner, input: NonNullable<MutableSpec['input']>): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      input.args.push(reader.bytes());
    } else if (tag === FIELD_2) {
      passMapEntry(reader);
    } else if (tag === NUMBER_3) {
      input.isInit = reader.bool();
    } else {
      reader.skip();
    }
  }
}

/** Over an entry of a map from text to bytes. */
function passMapEntry(reader: WireScanner): void {
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      reader.text();
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
}
