import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { timestampIso } from '#node/protos/timestamp.ts';
import type { VersionView } from '#node/protos/readWriteSetView.ts';

/** A block as JSON: header, who signed, one line of facts a transaction. */
export function describeBlock(block: BlockView): object {
  return {
    number: block.number,
    hash: hex(block.hash),
    previousHash: hex(block.previousHash),
    dataHash: hex(block.dataHash),
    dataHashMatches: block.dataHashMatches,
    commitHash: block.commitHash === null ? null : hex(block.commitHash),
    lastConfig: attempt(() => block.lastConfig),
    signers: attempt(() =>
      block.signatures.map(({ consenterId }, index) =>
        consenterId === null ? (block.signers[index]?.commonName ?? null) : `consenter ${consenterId}`,
      ),
    ),
    bytes: block.bytes.length,
    transactions: block.envelopes.map((_, index) => describeTransaction(block, index, false)),
  };
}

/** A transaction as JSON; `inFull` with its arguments, reads and writes. What cannot be read says so. */
export function describeTransaction(block: BlockView, index: number, inFull: boolean): object {
  const envelope = block.envelopes[index] as EnvelopeView;
  return {
    ...(inFull ? { block: block.number } : {}),
    index,
    code: block.validationCodeName(index),
    ...attempt(() => headerOf(envelope)),
    ...attempt(() => (envelope.channelHeader.typeName === 'ENDORSER_TRANSACTION' ? endorsed(envelope, inFull) : {})),
  };
}

function headerOf(envelope: EnvelopeView): object {
  const { txId, typeName, timestamp, channel } = envelope.channelHeader;
  const { creator } = envelope;
  return {
    txId,
    type: typeName,
    channel,
    time: timestamp === null ? null : timestampIso(timestamp),
    creator: creator === null ? null : { mspId: creator.mspId, commonName: creator.commonName },
  };
}

function endorsed(envelope: EnvelopeView, inFull: boolean): object {
  const { action } = envelope.transaction;
  return {
    chaincode: action.chaincode.name,
    version: action.chaincode.version,
    function: action.functionName,
    endorsers: action.endorsers.map(({ mspId, commonName }) => ({ mspId, commonName })),
    ...(inFull
      ? {
          arguments: action.invocation.args.slice(1).map(textOrBase64),
          response:
            action.response === null
              ? null
              : { status: action.response.status, payload: textOrBase64(action.response.payload) },
          readWriteSets: action.readWriteSet.namespaces.map((one) => ({
            namespace: one.namespace,
            reads: one.reads.map(({ key, version }) => ({ key, version: versionOf(version) })),
            rangeQueries: one.rangeQueries.map(({ startKey, endKey }) => ({ startKey, endKey })),
            writes: one.writes.map(({ key, isDelete, value }) =>
              isDelete ? { key, isDelete } : { key, value: textOrBase64(value) },
            ),
            metadataWrites: one.metadataWrites,
            collections: one.collections.map(({ name, reads, writes }) => ({
              name,
              reads: reads.length,
              writes: writes.length,
            })),
          })),
        }
      : {}),
  };
}

export function versionOf(version: VersionView | null): string | null {
  return version === null ? null : `${version.block}:${version.tx}`;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as it is; what is none as `{base64}`. */
export function textOrBase64(bytes: Uint8Array): string | { readonly base64: string } {
  try {
    return strict.decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function attempt<T>(read: () => T): T | { readonly unreadable: string } {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtoError) {
      return { unreadable: error.message };
    }
    throw error;
  }
}
