import { common } from '@hyperledger/fabric-protos';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { decodeConfigUpdate, updateOfEnvelope } from '#node/channel/configUpdate.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { asOrdererError } from '../messageProcessor.ts';
import { OrdererError } from '../ordererError.ts';

/**
 * A block that a channel can be joined by: its configuration, with peers in it, whole (Fabric, `channelparticipation.ValidateJoinBlock`).
 * @throws OrdererError `bad_join_block`
 */
export function readJoinBlock(bytes: Uint8Array): { readonly channelId: string; readonly block: BlockView } {
  let block: BlockView;
  try {
    block = BlockView.fromBytes(bytes);
  } catch (cause) {
    throw bad(`cannot unmarshal file part config-block into a block: ${messageOf(cause)}`, cause);
  }
  return { channelId: channelOf(block), block };
}

function channelOf(block: BlockView): string {
  const context = 'invalid join block';
  const [envelope] = block.envelopes;
  if (envelope === undefined || !isConfig(envelope)) {
    throw bad(`${context}: block is not a config block`);
  }
  if (block.metadata.length === 0) {
    throw bad(`${context}: invalid block: does not have metadata`);
  }
  if (!block.dataHashMatches) {
    throw bad(`${context}: invalid block: Header.DataHash is different from Hash(block.Data)`);
  }
  let bundle: ChannelBundle;
  try {
    bundle = ChannelBundle.fromEnvelope(envelope);
  } catch (error) {
    const cause = asOrdererError(error);
    throw bad(`${context}: ${cause.message}`, cause);
  }
  if (bundle.consortiums !== null) {
    throw bad(`${context}: invalid config: contains consortiums: system channel not supported`);
  }
  if (bundle.application === null) {
    throw bad(`${context}: invalid config: must contain application config`);
  }
  return bundle.channelId;
}

/**
 * An update of a channel's configuration, as a serialised envelope.
 * @throws OrdererError `config_rejected`
 */
export function readUpdateEnvelope(bytes: Uint8Array): {
  readonly channelId: string;
  readonly envelope: EnvelopeView;
} {
  const envelope = EnvelopeView.fromBytes(bytes);
  const context = 'invalid config update envelope';
  try {
    void envelope.payloadBytes;
  } catch (cause) {
    const part = 'cannot unmarshal file part config-update-envelope into an envelope';
    throw new OrdererError('config_rejected', `${part}: ${messageOf(cause)}`, { cause });
  }
  const refuse = (detail: string, cause?: unknown): OrdererError =>
    new OrdererError('config_rejected', `${context}: ${detail}`, { cause });
  try {
    const { type, channel } = envelope.channelHeader;
    if (type !== common.HeaderType.CONFIG_UPDATE) {
      throw refuse('bad type');
    }
    if (channel === '') {
      throw refuse('empty channel id');
    }
  } catch (cause) {
    throw cause instanceof ProtoError ? refuse(cause.code === 'missing' ? 'bad header' : 'bad payload', cause) : cause;
  }
  try {
    return { channelId: decodeConfigUpdate(updateOfEnvelope(bytes).configUpdate).channelId, envelope };
  } catch (error) {
    throw asOrdererError(error).within(context);
  }
}

function isConfig(envelope: EnvelopeView): boolean {
  try {
    return envelope.channelHeader.type === common.HeaderType.CONFIG;
  } catch (error) {
    if (error instanceof ProtoError) {
      return false;
    }
    throw error;
  }
}

function bad(message: string, cause?: unknown): OrdererError {
  return new OrdererError('bad_join_block', message, { cause });
}

function messageOf(error: unknown): string {
  if (error instanceof ProtoError) {
    return error.message;
  }
  throw error;
}
