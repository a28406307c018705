import { hash } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { ConfigView } from './configView.ts';
import { headerTypeName } from './enumNames.ts';
import { ProtoError } from './protoError.ts';
import { IdentityView } from './serializedIdentity.ts';
import type { Timestamp } from './timestamp.ts';
import {
  type EnvelopeMessage,
  type PayloadMessage,
  readChannelHeader,
  readEnvelope,
  readHeaderExtension,
  readPayload,
  readSignatureHeader,
  type SignatureHeaderMessage,
} from './transactionMessages.ts';
import { TransactionView } from './transactionView.ts';

export interface ChannelHeaderView {
  readonly type: number;
  /** HeaderType's name. */
  readonly typeName: string;
  readonly version: number;
  /** As the client put it; null where it put none. */
  readonly timestamp: Timestamp | null;
  readonly channel: string;
  /** As the client put it: see `EnvelopeView.computedTxId`. Empty in a configuration block that an orderer wrapped. */
  readonly txId: string;
  readonly epoch: number;
  readonly extension: Uint8Array;
  readonly tlsCertHash: Uint8Array;
}

/**
 * A `common.Envelope`: signed payload with headers. Each part is decoded when first asked for, once; share the view instead
 * of decoding again. Every getter throws ProtoError where its bytes are not what they should be.
 */
export class EnvelopeView {
  readonly bytes: Uint8Array;
  #envelope: EnvelopeMessage | undefined;
  #payload: PayloadMessage | undefined;
  #channelHeader: ChannelHeaderView | undefined;
  #signatureHeader: SignatureHeaderMessage | undefined;
  #computedTxId: string | undefined;
  #transaction: TransactionView | undefined;
  #config: ConfigView | undefined;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static fromBytes(bytes: Uint8Array): EnvelopeView {
    return new EnvelopeView(bytes);
  }

  get message(): EnvelopeMessage {
    this.#envelope ??= readEnvelope(this.bytes);
    return this.#envelope;
  }

  get payloadBytes(): Uint8Array {
    return this.message.payload;
  }

  get signature(): Uint8Array {
    return this.message.signature;
  }

  get payload(): PayloadMessage {
    this.#payload ??= readPayload(this.payloadBytes);
    return this.#payload;
  }

  get channelHeader(): ChannelHeaderView {
    if (this.#channelHeader === undefined) {
      const header = readChannelHeader(this.#header.channelHeader);
      this.#channelHeader = {
        type: header.type,
        typeName: headerTypeName(header.type),
        version: header.version,
        timestamp: header.timestamp,
        channel: header.channelId,
        txId: header.txId,
        epoch: header.epoch,
        extension: header.extension,
        tlsCertHash: header.tlsCertHash,
      };
    }
    return this.#channelHeader;
  }

  /** Serialised identity and nonce. */
  get signatureHeader(): SignatureHeaderMessage {
    this.#signatureHeader ??= readSignatureHeader(this.#header.signatureHeader);
    return this.#signatureHeader;
  }

  /** Who signed; null where the header names nobody, as in a genesis block. */
  get creator(): IdentityView | null {
    const { creator } = this.signatureHeader;
    return creator.length === 0 ? null : IdentityView.fromBytes(creator);
  }

  /** The ID that this creator and nonce make, SHA-256(nonce, creator) in hex: what `channelHeader.txId` of a transaction must be. */
  get computedTxId(): string {
    if (this.#computedTxId === undefined) {
      const { creator, nonce } = this.signatureHeader;
      this.#computedTxId = hash('sha256', Buffer.concat([nonce, creator]), 'hex');
    }
    return this.#computedTxId;
  }

  /** Chaincode that a header extension names: the one that was asked for. Null where it names none. */
  get headerChaincode(): string | null {
    return readHeaderExtension(this.channelHeader.extension)?.name || null;
  }

  /** Of an ENDORSER_TRANSACTION. */
  get transaction(): TransactionView {
    this.#expect(common.HeaderType.ENDORSER_TRANSACTION);
    this.#transaction ??= TransactionView.fromBytes(this.payload.data);
    return this.#transaction;
  }

  /** Of a CONFIG envelope: the channel's configuration from this block on. */
  get config(): ConfigView {
    this.#expect(common.HeaderType.CONFIG);
    this.#config ??= ConfigView.fromBytes(this.payload.data);
    return this.#config;
  }

  /** The envelope that a client sent to bring about this configuration; null in a genesis block. */
  get configUpdate(): EnvelopeView | null {
    const { lastUpdate } = this.config;
    return lastUpdate === null ? null : EnvelopeView.fromBytes(lastUpdate);
  }

  get #header(): NonNullable<PayloadMessage['header']> {
    const { header } = this.payload;
    if (header === null) {
      throw new ProtoError('missing', 'common.Payload', 'no header');
    }
    return header;
  }

  #expect(type: number): void {
    if (this.channelHeader.type !== type) {
      const is = this.channelHeader.typeName;
      throw new ProtoError('wrong_type', 'common.Envelope', `is of type ${is}, not ${headerTypeName(type)}`);
    }
  }
}
