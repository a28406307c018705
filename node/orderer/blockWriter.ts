import { randomBytes } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import type { Signer } from '#node/crypto/sign.ts';
import { blockHeaderBytes } from '#node/protos/blockHeader.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { OrdererError } from './ordererError.ts';

const { SIGNATURES, LAST_CONFIG } = common.BlockMetadataIndex;
/** Slots that Fabric gives every block; all but the two of the orderer stay empty. */
const METADATA_SLOTS = Object.keys(common.BlockMetadataIndex).length;
const NOTHING = new Uint8Array(0);
const NONCE_BYTES = 24;

/** Makes a chain's next blocks and signs them (Fabric, `multichannel.BlockWriter`). */
export class BlockWriter {
  readonly #signer: Signer;
  #number: number;
  #hash: Uint8Array;
  #lastConfig: number;

  /**
   * @param tip the chain's last block
   * @throws OrdererError `corrupt` for a block that does not say where the configuration is
   */
  constructor(tip: BlockView, signer: Signer) {
    this.#signer = signer;
    this.#number = tip.number;
    this.#hash = tip.hash;
    this.#lastConfig = lastConfigOf(tip);
  }

  /** The block that follows, without metadata; the one after it will follow this. */
  create(envelopes: readonly EnvelopeView[]): BlockView {
    const block = BlockView.create({ number: this.#number + 1, previousHash: this.#hash }, envelopes);
    this.#number = block.number;
    this.#hash = block.hash;
    return block;
  }

  /**
   * The block with the metadata that an orderer writes: its signature over header and orderer metadata (last configuration, what
   * the consenter keeps), and the last configuration once more where older readers look for it.
   * @param isConfig whether it brings a configuration, which then is the last one
   */
  async finish(block: BlockView, consenterMetadata: Uint8Array, isConfig: boolean): Promise<BlockView> {
    if (isConfig) {
      this.#lastConfig = block.number;
    }
    const lastConfig = new common.LastConfig();
    lastConfig.setIndex(this.#lastConfig);
    const metadata: Uint8Array[] = Array.from({ length: METADATA_SLOTS }, () => NOTHING);
    metadata[LAST_CONFIG] = wrapped(lastConfig.serializeBinary()).serializeBinary();
    metadata[SIGNATURES] = await this.#signatures(block, lastConfig, consenterMetadata);
    return block.withMetadata(metadata);
  }

  async #signatures(
    block: BlockView,
    lastConfig: common.LastConfig,
    consenterMetadata: Uint8Array,
  ): Promise<Uint8Array> {
    const header = new common.SignatureHeader();
    header.setCreator(this.#signer.identity);
    header.setNonce(new Uint8Array(randomBytes(NONCE_BYTES)));
    const headerBytes = header.serializeBinary();
    const value = new common.OrdererBlockMetadata();
    value.setLastConfig(lastConfig);
    value.setConsenterMetadata(wrapped(consenterMetadata).serializeBinary());
    const valueBytes = value.serializeBinary();
    const signed = Buffer.concat([
      valueBytes,
      headerBytes,
      blockHeaderBytes(block.number, block.previousHash, block.dataHash),
    ]);
    const signature = new common.MetadataSignature();
    signature.setSignatureHeader(headerBytes);
    signature.setSignature(await this.#signer.sign(signed));
    const metadata = wrapped(valueBytes);
    metadata.addSignatures(signature);
    return metadata.serializeBinary();
  }
}

/**
 * Number of the configuration block in force after a block.
 * @throws OrdererError `corrupt`
 */
export function lastConfigOf(block: BlockView): number {
  if (block.number === 0) {
    return 0;
  }
  try {
    const number = block.lastConfig;
    if (number !== null) {
      return number;
    }
  } catch (cause) {
    if (!(cause instanceof ProtoError)) {
      throw cause;
    }
    throw new OrdererError('corrupt', `metadata of block ${block.number} cannot be read: ${cause.message}`, { cause });
  }
  throw new OrdererError('corrupt', `block ${block.number} does not say where the configuration is`);
}

/**
 * What the consenter wrote down in a block; empty where it wrote nothing, as in a genesis block.
 * @throws ProtoError
 */
export function consenterMetadataOf(block: BlockView): Uint8Array {
  const bytes = block.metadata[SIGNATURES] ?? NOTHING;
  const value = decodeMessage(common.Metadata, bytes, 'common.Metadata (signatures)').getValue_asU8();
  if (value.length === 0) {
    return NOTHING;
  }
  const ofOrderer = decodeMessage(common.OrdererBlockMetadata, value, 'common.OrdererBlockMetadata');
  const inner = ofOrderer.getConsenterMetadata_asU8();
  return decodeMessage(common.Metadata, inner, 'common.Metadata (consenter)').getValue_asU8();
}

function wrapped(value: Uint8Array): common.Metadata {
  const metadata = new common.Metadata();
  metadata.setValue(value);
  return metadata;
}
