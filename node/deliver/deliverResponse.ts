import { common, peer } from '@hyperledger/fabric-protos';
import { MessageWriter } from '#node/channel/wire.ts';
import { encodeTxPrivateData } from '#node/ledger/privateData/txPrivateRwset.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import { encodeBlock, encodeBlockField } from '#node/protos/blockEncoder.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { NOT_VALIDATED } from '#node/protos/enumNames.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { type ChaincodeEventMessage, readChaincodeEvent } from '#node/protos/shimMessages.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import {
  readActionPayload,
  readChaincodeAction,
  readResponsePayload,
  readTransaction,
} from '#node/protos/transactionMessages.ts';
import { wireFields } from '#node/protos/wireFields.ts';

/** Field numbers of `protos.DeliverResponse`; `orderer.DeliverResponse` has the first two of them. */
const FIELD = { status: 1, block: 2, filteredBlock: 3, blockAndPrivateData: 4 } as const;

type Shape = 'block' | 'header' | 'filtered';

/** One encoding a block and shape, however many read it; it goes when the view goes. */
const encoded = new WeakMap<BlockView, Map<Shape, Uint8Array>>();

function shared(block: BlockView, shape: Shape, encode: () => Uint8Array): Uint8Array {
  let shapes = encoded.get(block);
  if (shapes === undefined) {
    shapes = new Map();
    encoded.set(block, shapes);
  }
  let bytes = shapes.get(shape);
  if (bytes === undefined) {
    bytes = encode();
    shapes.set(shape, bytes);
  }
  return bytes;
}

function wrapped(field: number, bytes: Uint8Array): Uint8Array {
  return new MessageWriter().message(field, bytes).finish();
}

/** @param status of `common.Status` */
export function statusResponse(status: number): Uint8Array {
  return new MessageWriter().uint(FIELD.status, status).finish();
}

export function blockResponse(block: BlockView): Uint8Array {
  return shared(block, 'block', () => encodeBlockField(FIELD.block, block));
}

/** Header and metadata: an attestation that the block is there. */
export function headerResponse(block: BlockView): Uint8Array {
  return shared(block, 'header', () => {
    const header = new common.BlockHeader();
    header.setNumber(block.number);
    header.setPreviousHash(block.previousHash);
    header.setDataHash(block.dataHash);
    const metadata = new common.BlockMetadata();
    metadata.setMetadataList([...block.metadata]);
    const message = new common.Block();
    message.setHeader(header);
    message.setMetadata(metadata);
    return wrapped(FIELD.block, message.serializeBinary());
  });
}

/** @throws ProtoError for a block with a transaction that cannot be read as far as that takes */
export function filteredResponse(block: BlockView): Uint8Array {
  return shared(block, 'filtered', () =>
    new WireWriter(block.data.length * 192 + 64)
      .message(FIELD.filteredBlock, (writer) => writeFilteredBlock(writer, block))
      .finish(),
  );
}

export function privateDataResponse(block: BlockView, data: readonly TxPrivateData[]): Uint8Array {
  const message = new MessageWriter().message(1, encodeBlock(block));
  for (const one of data) {
    message.message(2, new MessageWriter().uint(1, one.tx).message(2, encodeTxPrivateData(one)).finish());
  }
  return wrapped(FIELD.blockAndPrivateData, message.finish());
}

/**
 * What a client without a right to the data learns: IDs, codes, and which events there were (core/peer/deliverevents.go). A serialised
 * `protos.FilteredBlock`.
 */
function writeFilteredBlock(writer: WireWriter, block: BlockView): void {
  const codes = block.transactionsFilter;
  const shown = [...block.envelopes.entries()].filter(
    // Bytes that are no envelope are passed over, other damage is not: as in Fabric.
    ([, envelope]) => isEnvelope(envelope) && envelope.payload.header !== null,
  );
  writer.string(1, shown.at(-1)?.[1].channelHeader.channel ?? '').number(2, block.number);
  for (const [index, envelope] of shown) {
    const { txId, type } = envelope.channelHeader;
    writer.message(4, (transaction) => {
      transaction
        .string(1, txId)
        .int32(2, type)
        .number(3, codes[index] ?? NOT_VALIDATED);
      if (type === common.HeaderType.ENDORSER_TRANSACTION) {
        transaction.message(4, (actions) => writeFilteredActions(actions, envelope.payload.data));
      }
    });
  }
}

function isEnvelope(envelope: EnvelopeView): boolean {
  try {
    return envelope.message !== null;
  } catch (error) {
    if (error instanceof ProtoError) {
      return false;
    }
    throw error;
  }
}

function writeFilteredActions(writer: WireWriter, transaction: Uint8Array): void {
  for (const { payload } of readTransaction(transaction)) {
    const event = eventOf(payload);
    if (event !== null && event.chaincodeId !== '') {
      writer.message(1, (action) =>
        // Without its payload.
        action.message(1, (told) => told.string(1, event.chaincodeId).string(2, event.txId).string(3, event.eventName)),
      );
    }
  }
}

/** @param payload a serialised `protos.ChaincodeActionPayload` */
function eventOf(payload: Uint8Array): ChaincodeEventMessage | null {
  const { action } = readActionPayload(payload);
  if (action === null) {
    return null;
  }
  const answer = readResponsePayload(action.proposalResponsePayload);
  const { events } = readChaincodeAction(answer.extension);
  return events.length === 0 ? null : readChaincodeEvent(events);
}

/** What a Deliver service answered. */
export type DeliverAnswer =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'block'; readonly block: BlockView }
  | { readonly kind: 'filtered'; readonly block: peer.FilteredBlock };

/**
 * Reads a response of either service; of one with private data the block.
 * @throws ProtoError
 */
export function readResponse(bytes: Uint8Array): DeliverAnswer {
  const what = 'DeliverResponse';
  // The last one counts, where a message holds more than it may.
  const last = wireFields(bytes, what).findLast(
    ({ field }) => field >= FIELD.status && field <= FIELD.blockAndPrivateData,
  );
  switch (last?.field) {
    case FIELD.status:
      return { kind: 'status', status: last.value };
    case FIELD.block:
      return { kind: 'block', block: BlockView.fromBytes(last.bytes) };
    case FIELD.filteredBlock:
      return { kind: 'filtered', block: decodeMessage(peer.FilteredBlock, last.bytes, 'protos.FilteredBlock') };
    case FIELD.blockAndPrivateData: {
      const inner = wireFields(last.bytes, 'protos.BlockAndPrivateData').findLast(({ field }) => field === 1);
      return { kind: 'block', block: BlockView.fromBytes(inner?.bytes ?? new Uint8Array(0)) };
    }
    default:
      throw new ProtoError('missing', what, 'neither status nor block');
  }
}

/** Its name, as `NOT_FOUND`. */
export function statusName(status: number): string {
  return Object.entries(common.Status).find(([, number]) => number === status)?.[0] ?? String(status);
}
