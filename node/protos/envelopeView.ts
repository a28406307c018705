import { hash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import { ConfigView } from './configView.ts';
import { headerTypeName } from './enumNames.ts';
import { ProtoError } from './protoError.ts';
import { IdentityView } from './serializedIdentity.ts';
import { decodeMessage } from './strictReader.ts';
import type { Timestamp } from './timestamp.ts';
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
  #envelope: common.Envelope | undefined;
  #payload: common.Payload | undefined;
  #channelHeader: ChannelHeaderView | undefined;
  #signatureHeader: { readonly creator: Uint8Array; readonly nonce: Uint8Array } | undefined;
  #transaction: TransactionView | undefined;
  #config: ConfigView | undefined;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static fromBytes(bytes: Uint8Array): EnvelopeView {
    return new EnvelopeView(bytes);
  }

  get message(): common.Envelope {
    this.#envelope ??= decodeMessage(common.Envelope, this.bytes, 'common.Envelope');
    return this.#envelope;
  }

  get payloadBytes(): Uint8Array {
    return this.message.getPayload_asU8();
  }

  get signature(): Uint8Array {
    return this.message.getSignature_asU8();
  }

  get payload(): common.Payload {
    this.#payload ??= decodeMessage(common.Payload, this.payloadBytes, 'common.Payload');
    return this.#payload;
  }

  get channelHeader(): ChannelHeaderView {
    if (this.#channelHeader === undefined) {
      const bytes = this.#header.getChannelHeader_asU8();
      const header = decodeMessage(common.ChannelHeader, bytes, 'common.ChannelHeader');
      const time = header.getTimestamp();
      this.#channelHeader = {
        type: header.getType(),
        typeName: headerTypeName(header.getType()),
        version: header.getVersion(),
        timestamp: time === undefined ? null : { seconds: time.getSeconds(), nanos: time.getNanos() },
        channel: header.getChannelId(),
        txId: header.getTxId(),
        epoch: header.getEpoch(),
        extension: header.getExtension_asU8(),
        tlsCertHash: header.getTlsCertHash_asU8(),
      };
    }
    return this.#channelHeader;
  }

  /** Serialised identity and nonce. */
  get signatureHeader(): { readonly creator: Uint8Array; readonly nonce: Uint8Array } {
    if (this.#signatureHeader === undefined) {
      const bytes = this.#header.getSignatureHeader_asU8();
      const header = decodeMessage(common.SignatureHeader, bytes, 'common.SignatureHeader');
      this.#signatureHeader = { creator: header.getCreator_asU8(), nonce: header.getNonce_asU8() };
    }
    return this.#signatureHeader;
  }

  /** Who signed; null where the header names nobody, as in a genesis block. */
  get creator(): IdentityView | null {
    const { creator } = this.signatureHeader;
    return creator.length === 0 ? null : IdentityView.fromBytes(creator);
  }

  /** The ID that this creator and nonce make, SHA-256(nonce, creator) in hex: what `channelHeader.txId` of a transaction must be. */
  get computedTxId(): string {
    const { creator, nonce } = this.signatureHeader;
    return hash('sha256', Buffer.concat([nonce, creator]), 'hex');
  }

  /** Chaincode that a header extension names: the one that was asked for. Null where it names none. */
  get headerChaincode(): string | null {
    const extension = decodeMessage(
      peer.ChaincodeHeaderExtension,
      this.channelHeader.extension,
      'protos.ChaincodeHeaderExtension',
    );
    return extension.getChaincodeId()?.getName() || null;
  }

  /** Of an ENDORSER_TRANSACTION. */
  get transaction(): TransactionView {
    this.#expect(common.HeaderType.ENDORSER_TRANSACTION);
    this.#transaction ??= TransactionView.fromBytes(this.payload.getData_asU8());
    return this.#transaction;
  }

  /** Of a CONFIG envelope: the channel's configuration from this block on. */
  get config(): ConfigView {
    this.#expect(common.HeaderType.CONFIG);
    this.#config ??= ConfigView.fromBytes(this.payload.getData_asU8());
    return this.#config;
  }

  /** The envelope that a client sent to bring about this configuration; null in a genesis block. */
  get configUpdate(): EnvelopeView | null {
    const { lastUpdate } = this.config;
    return lastUpdate === null ? null : EnvelopeView.fromBytes(lastUpdate);
  }

  get #header(): common.Header {
    const header = this.payload.getHeader();
    if (header === undefined) {
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
