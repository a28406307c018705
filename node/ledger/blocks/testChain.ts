import { createHash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { blockHeaderHash } from '#node/protos/blockHeader.ts';
import { BlockView } from '#node/protos/blockView.ts';

/** For tests and benchmarks: what a generated chain looks like. */
export interface ChainShape {
  readonly transactions: number;
  /** Bytes of each envelope, about. */
  readonly envelopeBytes: number;
}

/** ID of a generated transaction. */
export function generatedTxId(block: number, index: number): string {
  return createHash('sha256').update(`${block}/${index}`).digest('hex');
}

function envelope(block: number, index: number, bytes: number): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId('generated');
  channelHeader.setTxId(generatedTxId(block, index));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  const seed = createHash('sha256').update(`data ${block}/${index}`).digest();
  payload.setData(Buffer.alloc(bytes, seed));
  const message = new common.Envelope();
  message.setPayload(payload.serializeBinary());
  return message.serializeBinary();
}

/** The block that follows `previousHash`: the same one for the same arguments. */
export function generatedBlock(number: number, previousHash: Uint8Array, shape: ChainShape): BlockView {
  const data = Array.from({ length: shape.transactions }, (_, index) => envelope(number, index, shape.envelopeBytes));
  const dataHash = createHash('sha256').update(Buffer.concat(data)).digest();
  const codes = new Uint8Array(shape.transactions);
  const metadata = [new Uint8Array(0), new Uint8Array(0), codes, new Uint8Array(0), new Uint8Array(0)];
  return BlockView.fromParts({ number, previousHash, dataHash: new Uint8Array(dataHash), data, metadata });
}

/** From block 0 on. */
export function generatedChain(blocks: number, shape: ChainShape): readonly BlockView[] {
  const chain: BlockView[] = [];
  let previousHash: Uint8Array = new Uint8Array(0);
  for (let number = 0; number < blocks; number++) {
    const block = generatedBlock(number, previousHash, shape);
    chain.push(block);
    previousHash = blockHeaderHash(number, block.previousHash, block.dataHash);
  }
  return chain;
}
