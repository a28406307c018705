import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { vendoredBlocks, type VERSIONS } from '#node/protos/testBlocks.ts';

/** For tests: a real block's bytes. */
export function realBlock(number: number, version: (typeof VERSIONS)[number] = 'v3.1.5'): Uint8Array {
  const found = vendoredBlocks(version).blocks.find((block) => block.number === number);
  if (found === undefined) {
    throw new Error(`block ${number} of ${version} is not among the vendored ones`);
  }
  return found.bytes;
}

/** For tests: a block with its content changed, and the data hash made to fit again. */
export function changedBlock(
  bytes: Uint8Array,
  change: { data?: (data: Uint8Array[]) => Uint8Array[]; metadata?: (metadata: Uint8Array[]) => Uint8Array[] },
): Uint8Array {
  const block = common.Block.deserializeBinary(bytes);
  const data = block.getData() as common.BlockData;
  if (change.data) {
    const list = change.data(data.getDataList_asU8());
    data.setDataList(list);
    const digest = createHash('sha256');
    for (const one of list) {
      digest.update(one);
    }
    block.getHeader()?.setDataHash(new Uint8Array(digest.digest()));
  }
  if (change.metadata) {
    const metadata = block.getMetadata() as common.BlockMetadata;
    metadata.setMetadataList(change.metadata(metadata.getMetadataList_asU8()));
  }
  return block.serializeBinary();
}

/** For tests: an envelope whose channel header was changed. */
export function changedHeader(envelope: Uint8Array, change: (header: common.ChannelHeader) => void): Uint8Array {
  const message = common.Envelope.deserializeBinary(envelope);
  const payload = common.Payload.deserializeBinary(message.getPayload_asU8());
  const header = payload.getHeader() as common.Header;
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  change(channelHeader);
  header.setChannelHeader(channelHeader.serializeBinary());
  message.setPayload(payload.serializeBinary());
  return message.serializeBinary();
}

/** What an orderer's copy of a block has: signatures, and nothing a peer adds. */
export const ordererCopy = (bytes: Uint8Array): Uint8Array =>
  changedBlock(bytes, {
    metadata: ([signatures]) => [signatures as Uint8Array, ...[1, 2, 3, 4].map(() => new Uint8Array(0))],
  });

/** For tests: the first transaction of a block. */
export function firstEnvelope(bytes: Uint8Array): Uint8Array {
  const [first] = common.Block.deserializeBinary(bytes).getData()?.getDataList_asU8() ?? [];
  return first as Uint8Array;
}
