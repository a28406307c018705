import { MessageWriter } from '#node/channel/wire.ts';

export interface ChannelHeaderParts {
  /** `common.HeaderType`. */
  readonly type: number;
  readonly version?: number;
  readonly channelId: string;
  readonly txId?: string;
  readonly now: Date;
  /** Serialised `protos.ChaincodeHeaderExtension`, of proposals. */
  readonly extension?: Uint8Array;
  /** SHA-256 of the client's TLS certificate (DER), which binds the message to the connection; for mutual TLS. */
  readonly tlsCertificateHash?: Uint8Array;
}

/** A serialised `common.ChannelHeader`. */
export function channelHeader(parts: ChannelHeaderParts): Uint8Array {
  const ms = parts.now.getTime();
  const seconds = Math.floor(ms / 1000);
  const timestamp = new MessageWriter()
    .uint(1, seconds)
    .uint(2, (ms - seconds * 1000) * 1e6)
    .finish();
  const writer = new MessageWriter()
    .uint(1, parts.type)
    .uint(2, parts.version ?? 0)
    .message(3, timestamp)
    .text(4, parts.channelId)
    .text(5, parts.txId ?? '');
  if (parts.extension !== undefined) {
    writer.message(7, parts.extension);
  }
  if (parts.tlsCertificateHash !== undefined) {
    writer.message(8, parts.tlsCertificateHash);
  }
  return writer.finish();
}
