import { createHash } from 'node:crypto';
import { common, orderer } from '@hyperledger/fabric-protos';
import { encodeBlock } from './blockEncoder.ts';
import { blockHeaderHash } from './blockHeader.ts';
import { NOT_VALIDATED, validationCodeName } from './enumNames.ts';
import { EnvelopeView } from './envelopeView.ts';
import { ProtoError } from './protoError.ts';
import { IdentityView } from './serializedIdentity.ts';
import { decodeMessage } from './strictReader.ts';

const { SIGNATURES, LAST_CONFIG, TRANSACTIONS_FILTER, ORDERER, COMMIT_HASH } = common.BlockMetadataIndex;

/** Beyond what an orderer can be configured to send over gRPC in earnest. */
export const MAX_BLOCK_BYTES = 128 * 1024 * 1024;
/** Of two bytes each a block of that size could have sixty million: more views than memory holds. */
export const MAX_BLOCK_TRANSACTIONS = 100_000;

/** One orderer's signature over a block. */
export interface BlockSignatureView {
  /** Serialised identity (crash-tolerant consensus); null where the signer is named by its number. */
  readonly creator: Uint8Array | null;
  /** Consenter's number in the channel's configuration (BFT consensus of v3); null where the identity is given. */
  readonly consenterId: number | null;
  readonly signature: Uint8Array;
}

/** A block taken apart: what a block file holds of it. */
export interface BlockParts {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  /** Serialised envelopes. */
  readonly data: readonly Uint8Array[];
  readonly metadata: readonly Uint8Array[];
}

/**
 * A `common.Block`. Header and lists are decoded at once, everything else when first asked for, and kept: one view is meant
 * to be shared by all who look at the block. Every getter throws ProtoError where its bytes are not what they should be.
 */
export class BlockView implements BlockParts {
  readonly number: number;
  /** Empty in block 0. */
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  /** One for each transaction, not yet decoded. */
  readonly envelopes: readonly EnvelopeView[];
  /** Serialised envelopes. */
  readonly data: readonly Uint8Array[];
  /** By BlockMetadataIndex. */
  readonly metadata: readonly Uint8Array[];
  #bytes: Uint8Array | undefined;
  #message: common.Block | undefined;
  #hash: Uint8Array | undefined;
  #computedDataHash: Uint8Array | undefined;
  #metadataSignatures: common.Metadata | undefined;
  #signatures: readonly BlockSignatureView[] | undefined;
  #ordererMetadata: common.OrdererBlockMetadata | null | undefined;

  private constructor(parts: BlockParts, envelopes?: readonly EnvelopeView[]) {
    if (!Number.isSafeInteger(parts.number)) {
      throw new ProtoError('out_of_range', 'common.BlockHeader', 'number beyond 2^53');
    }
    if (parts.data.length > MAX_BLOCK_TRANSACTIONS) {
      throw new ProtoError('too_large', 'common.BlockData', `more than ${MAX_BLOCK_TRANSACTIONS} transactions`);
    }
    this.number = parts.number;
    this.previousHash = parts.previousHash;
    this.dataHash = parts.dataHash;
    this.data = parts.data;
    this.metadata = parts.metadata;
    this.envelopes = envelopes ?? this.data.map((data) => EnvelopeView.fromBytes(data));
  }

  /** @throws ProtoError for bytes that are no block, or more than `maxBytes` (128 MiB) or 100,000 transactions. */
  static fromBytes(bytes: Uint8Array, options: { readonly maxBytes?: number } = {}): BlockView {
    const max = options.maxBytes ?? MAX_BLOCK_BYTES;
    if (bytes.length > max) {
      throw new ProtoError('too_large', 'common.Block', `${bytes.length} bytes, at most ${max} are read`);
    }
    // Buffers would make each part a Buffer, which costs more than a plain view.
    const plain =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const message = decodeMessage(common.Block, plain, 'common.Block');
    const header = message.getHeader();
    if (header === undefined) {
      throw new ProtoError('missing', 'common.Block', 'no header');
    }
    const view = new BlockView({
      number: header.getNumber(),
      previousHash: header.getPreviousHash_asU8(),
      dataHash: header.getDataHash_asU8(),
      data: message.getData()?.getDataList_asU8() ?? [],
      metadata: message.getMetadata()?.getMetadataList_asU8() ?? [],
    });
    view.#bytes = plain;
    view.#message = message;
    return view;
  }

  /**
   * @param envelopes views of `parts.data`, in its order, where they are there already: what is decoded of them is kept
   * @throws ProtoError for a number beyond 2^53 or more than 100,000 transactions.
   */
  static fromParts(parts: BlockParts, envelopes?: readonly EnvelopeView[]): BlockView {
    return new BlockView(parts, envelopes);
  }

  /** A new block of these transactions, without metadata: its data hash is made here. */
  static create(parts: Pick<BlockParts, 'number' | 'previousHash'>, envelopes: readonly EnvelopeView[]): BlockView {
    const data = envelopes.map(({ bytes }) => bytes);
    const dataHash = hashOfAll(data);
    const view = new BlockView({ ...parts, dataHash, data, metadata: [] }, envelopes);
    view.#computedDataHash = dataHash;
    return view;
  }

  /** The same block with other metadata, as a peer stores it once it has decided. Shares what is decoded already. */
  withMetadata(metadata: readonly Uint8Array[]): BlockView {
    const view = new BlockView(
      {
        number: this.number,
        previousHash: this.previousHash,
        dataHash: this.dataHash,
        data: this.data,
        metadata,
      },
      this.envelopes,
    );
    view.#hash = this.#hash;
    view.#computedDataHash = this.#computedDataHash;
    return view;
  }

  /** Serialised `common.Block`: as it came, or as Go serialises it. */
  get bytes(): Uint8Array {
    this.#bytes ??= encodeBlock(this);
    return this.#bytes;
  }

  get message(): common.Block {
    this.#message ??= decodeMessage(common.Block, this.bytes, 'common.Block');
    return this.#message;
  }

  /** SHA-256 of the header: the block's name, which the next block repeats as its `previousHash`. */
  get hash(): Uint8Array {
    this.#hash ??= blockHeaderHash(this.number, this.previousHash, this.dataHash);
    return this.#hash;
  }

  /** SHA-256 of all envelopes in a row. */
  get computedDataHash(): Uint8Array {
    this.#computedDataHash ??= hashOfAll(this.data);
    return this.#computedDataHash;
  }

  /** Whether header and data belong together. */
  get dataHashMatches(): boolean {
    return Buffer.compare(this.computedDataHash, this.dataHash) === 0;
  }

  /** Of the first envelope that names one; null where none does. */
  get channel(): string | null {
    for (const envelope of this.envelopes) {
      try {
        if (envelope.channelHeader.channel !== '') {
          return envelope.channelHeader.channel;
        }
      } catch (error) {
        if (!(error instanceof ProtoError)) {
          throw error;
        }
      }
    }
    return null;
  }

  /** One byte a transaction, as the peer that stored this copy decided; empty in an orderer's copy. */
  get transactionsFilter(): Uint8Array {
    return this.#metadataAt(TRANSACTIONS_FILTER);
  }

  /** TxValidationCode of transaction `index`; null where this copy holds no verdict. */
  validationCode(index: number): number | null {
    const code = this.transactionsFilter[index];
    return code === undefined || code === NOT_VALIDATED ? null : code;
  }

  /** Its name; null where this copy holds no verdict. */
  validationCodeName(index: number): string | null {
    const code = this.validationCode(index);
    return code === null ? null : validationCodeName(code);
  }

  /** The peer's running hash over all blocks, codes and writes up to this block; null in an orderer's copy and in block 0. */
  get commitHash(): Uint8Array | null {
    const bytes = this.#metadataAt(COMMIT_HASH);
    if (bytes.length === 0) {
      return null;
    }
    const value = decodeMessage(common.Metadata, bytes, 'common.Metadata (commit hash)').getValue_asU8();
    return value.length === 0 ? null : value;
  }

  get signatures(): readonly BlockSignatureView[] {
    this.#signatures ??= this.#readSignatures();
    return this.#signatures;
  }

  #readSignatures(): readonly BlockSignatureView[] {
    return this.#signaturesMetadata.getSignaturesList().map((one) => {
      const header = one.getSignatureHeader_asU8();
      const signature = one.getSignature_asU8();
      if (header.length === 0 && one.getIdentifierHeader_asU8().length > 0) {
        const identifier = decodeMessage(
          common.IdentifierHeader,
          one.getIdentifierHeader_asU8(),
          'common.IdentifierHeader',
        );
        return { creator: null, consenterId: identifier.getIdentifier(), signature };
      }
      const creator = decodeMessage(common.SignatureHeader, header, 'common.SignatureHeader').getCreator_asU8();
      return { creator, consenterId: null, signature };
    });
  }

  /** Who signed, as far as signatures carry the identity. */
  get signers(): readonly IdentityView[] {
    return this.signatures.flatMap(({ creator }) =>
      creator === null || creator.length === 0 ? [] : [IdentityView.fromBytes(creator)],
    );
  }

  /** Number of the configuration block in force; null where no orderer wrote it down. */
  get lastConfig(): number | null {
    const fromOrderer = this.#ordererBlockMetadata?.getLastConfig();
    if (fromOrderer !== undefined) {
      return fromOrderer.getIndex();
    }
    // Releases before 1.4.1 kept it apart.
    const bytes = this.#metadataAt(LAST_CONFIG);
    if (bytes.length === 0) {
      return null;
    }
    const value = decodeMessage(common.Metadata, bytes, 'common.Metadata (last config)').getValue_asU8();
    return decodeMessage(common.LastConfig, value, 'common.LastConfig').getIndex();
  }

  /** Raft: numbers of the nodes in the order of the configuration's consenters; empty where the block does not say. */
  get consenterIds(): readonly number[] {
    let bytes = this.#ordererBlockMetadata?.getConsenterMetadata_asU8() ?? this.#metadataAt(ORDERER);
    if (bytes.length === 0) {
      return [];
    }
    bytes = decodeMessage(common.Metadata, bytes, 'common.Metadata (consenter)').getValue_asU8();
    return decodeMessage(orderer.etcdraft.BlockMetadata, bytes, 'etcdraft.BlockMetadata').getConsenterIdsList();
  }

  get #signaturesMetadata(): common.Metadata {
    this.#metadataSignatures ??= decodeMessage(
      common.Metadata,
      this.#metadataAt(SIGNATURES),
      'common.Metadata (signatures)',
    );
    return this.#metadataSignatures;
  }

  get #ordererBlockMetadata(): common.OrdererBlockMetadata | null {
    if (this.#ordererMetadata === undefined) {
      const value = this.#signaturesMetadata.getValue_asU8();
      this.#ordererMetadata =
        value.length === 0 ? null : decodeMessage(common.OrdererBlockMetadata, value, 'common.OrdererBlockMetadata');
    }
    return this.#ordererMetadata;
  }

  #metadataAt(index: number): Uint8Array {
    return this.metadata[index] ?? EMPTY;
  }
}

/** SHA-256 of some parts in a row. */
function hashOfAll(parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('sha256');
  for (const part of parts) {
    digest.update(part);
  }
  return digest.digest();
}

const EMPTY = new Uint8Array(0);
