import { common } from '@hyperledger/fabric-protos';
import type { SignedData } from '#node/policy/policy.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { ChannelError } from './channelError.ts';
import {
  type Config,
  type ConfigGroup,
  decodeConfig,
  decodeConfigGroup,
  encodeConfig,
  encodeConfigGroup,
} from './configGroup.ts';
import { FieldSet, MessageWriter, rawFields, WIRE } from './wire.ts';

/** A `common.ConfigUpdate`: what was read (by version), and what is to be. */
export interface ConfigUpdate {
  readonly channelId: string;
  readonly readSet: ConfigGroup | null;
  readonly writeSet: ConfigGroup | null;
}

/** A `common.ConfigUpdateEnvelope`. */
export interface ConfigUpdateEnvelope {
  /** Serialised `common.ConfigUpdate`: what is signed. */
  readonly configUpdate: Uint8Array;
  readonly signatures: readonly ConfigSignature[];
}

export interface ConfigSignature {
  /** Serialised `common.SignatureHeader`. */
  readonly signatureHeader: Uint8Array;
  /** Over header and update in a row. */
  readonly signature: Uint8Array;
}

/** A `common.ConfigEnvelope`: a configuration and the envelope that led to it. */
export interface ConfigEnvelope {
  readonly config: Config | null;
  /** Serialised `common.Envelope`; null in a genesis block. */
  readonly lastUpdate: Uint8Array | null;
}

/** @throws ChannelError `malformed` */
export function decodeConfigEnvelope(bytes: Uint8Array): ConfigEnvelope {
  return reading(() => {
    const fields = new FieldSet(bytes, 'common.ConfigEnvelope', { 1: WIRE.bytes, 2: WIRE.bytes });
    const [config, lastUpdate] = [fields.message(1), fields.message(2)];
    if (lastUpdate !== null) {
      rawFields(lastUpdate, 'common.Envelope');
    }
    return { config: config === null ? null : decodeConfig(config), lastUpdate };
  });
}

export function encodeConfigEnvelope({ config, lastUpdate }: ConfigEnvelope): Uint8Array {
  return new MessageWriter()
    .message(1, config === null ? null : encodeConfig(config))
    .message(2, lastUpdate)
    .finish();
}

/** @throws ChannelError `malformed` */
export function decodeConfigUpdate(bytes: Uint8Array): ConfigUpdate {
  return reading(() => {
    const what = 'common.ConfigUpdate';
    const fields = new FieldSet(bytes, what, { 1: WIRE.bytes, 2: WIRE.bytes, 3: WIRE.bytes, 5: WIRE.bytes });
    const [readSet, writeSet] = [fields.message(2), fields.message(3)];
    return {
      channelId: fields.text(1),
      readSet: readSet === null ? null : decodeConfigGroup(readSet),
      writeSet: writeSet === null ? null : decodeConfigGroup(writeSet),
    };
  });
}

export function encodeConfigUpdate({ channelId, readSet, writeSet }: ConfigUpdate): Uint8Array {
  return new MessageWriter()
    .text(1, channelId)
    .message(2, readSet === null ? null : encodeConfigGroup(readSet))
    .message(3, writeSet === null ? null : encodeConfigGroup(writeSet))
    .finish();
}

/** @throws ChannelError `malformed` */
export function decodeConfigUpdateEnvelope(bytes: Uint8Array): ConfigUpdateEnvelope {
  return reading(() => {
    const fields = new FieldSet(bytes, 'common.ConfigUpdateEnvelope', { 1: WIRE.bytes, 2: WIRE.bytes });
    return {
      configUpdate: fields.bytes(1),
      signatures: fields.list(2).map((one) => {
        const signature = new FieldSet(one, 'common.ConfigSignature', { 1: WIRE.bytes, 2: WIRE.bytes });
        return { signatureHeader: signature.bytes(1), signature: signature.bytes(2) };
      }),
    };
  });
}

export function encodeConfigUpdateEnvelope({ configUpdate, signatures }: ConfigUpdateEnvelope): Uint8Array {
  const writer = new MessageWriter().bytes(1, configUpdate);
  for (const { signatureHeader, signature } of signatures) {
    writer.message(2, new MessageWriter().bytes(1, signatureHeader).bytes(2, signature).finish());
  }
  return writer.finish();
}

/**
 * The update that an envelope of type CONFIG_UPDATE carries.
 * @param bytes a serialised `common.Envelope`
 * @throws ChannelError `malformed`, `missing`, `wrong_type`
 */
export function updateOfEnvelope(bytes: Uint8Array | null): ConfigUpdateEnvelope {
  if (bytes === null) {
    throw new ChannelError('missing', null, 'the configuration does not say which update led to it');
  }
  return reading(() => {
    const envelope = EnvelopeView.fromBytes(bytes);
    const { type, typeName } = envelope.channelHeader;
    if (type !== common.HeaderType.CONFIG_UPDATE) {
      throw new ChannelError('wrong_type', null, `an envelope of type ${typeName} is no configuration update`);
    }
    return decodeConfigUpdateEnvelope(envelope.payload.data);
  });
}

/**
 * What the signatures of an update cover, for the policies that decide on it.
 * @throws ChannelError `malformed`
 */
export function signedDataOf({ configUpdate, signatures }: ConfigUpdateEnvelope): readonly SignedData[] {
  return reading(() =>
    signatures.map(({ signatureHeader, signature }) => ({
      data: Buffer.concat([signatureHeader, configUpdate]),
      identity: decodeMessage(common.SignatureHeader, signatureHeader, 'common.SignatureHeader').getCreator_asU8(),
      signature,
    })),
  );
}

/** What cannot be read is this folder's error. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new ChannelError(cause.code === 'missing' ? 'missing' : 'malformed', null, cause.message, { cause });
    }
    throw cause;
  }
}
