import { hash, randomBytes } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { checkChannelId } from '#node/channel/configElements.ts';
import { encodeConfigEnvelope } from '#node/channel/configUpdate.ts';
import { channelHeader } from '#node/client/channelHeader.ts';
import { encodeBlock } from '#node/protos/blockEncoder.ts';
import { NetworkError } from '../networkError.ts';
import { channelGroup } from './channelGroup.ts';
import type { ChannelProfile } from './channelProfile.ts';

const NOTHING = new Uint8Array(0);
const NONCE_BYTES = 24;
/** Of headers in genesis blocks (Fabric, `common/genesis`). */
const HEADER_VERSION = 1;

export interface GenesisOptions {
  readonly now?: Date;
  /** 24 bytes. */
  readonly nonce?: Uint8Array;
}

/**
 * Block 0 of a new channel, as `configtxgen -outputBlock` makes it. Two blocks of one profile differ in their nonce, so a channel has
 * exactly one: keep it.
 * @returns a serialised `common.Block`
 * @throws NetworkError `bad_layout` where no node would take such a channel, with the reason
 */
export function genesisBlock(profile: ChannelProfile, options: GenesisOptions = {}): Uint8Array {
  const { channelId } = profile;
  try {
    checkChannelId(channelId);
    const config = encodeConfigEnvelope({
      config: { sequence: 0, channelGroup: channelGroup(profile), unknown: NOTHING },
      lastUpdate: null,
    });
    // What a node will say of it can be heard now.
    ChannelBundle.fromConfigEnvelope(channelId, config);
    return genesisBlockOf(channelId, config, options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NetworkError('bad_layout', `channel ${channelId} cannot be configured so: ${reason}`, { cause });
  }
}

/** Block 0 around a configuration. @param config serialised `common.ConfigEnvelope` */
function genesisBlockOf(channelId: string, config: Uint8Array, options: GenesisOptions): Uint8Array {
  const nonce = options.nonce ?? new Uint8Array(randomBytes(NONCE_BYTES));
  const now = options.now ?? new Date();
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setNonce(nonce);
  const header = new common.Header();
  // Nobody signs it, so nobody's identity goes into the ID.
  const txId = hash('sha256', nonce, 'hex');
  const type = common.HeaderType.CONFIG;
  header.setChannelHeader(channelHeader({ type, version: HEADER_VERSION, channelId, txId, now }));
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(config);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  const data = envelope.serializeBinary();
  return encodeBlock({
    number: 0,
    previousHash: NOTHING,
    dataHash: hash('sha256', data, 'buffer'),
    data: [data],
    metadata: [emptySignatures(), NOTHING, NOTHING, NOTHING, NOTHING],
  });
}

/** The metadata that the orderers sign from block 1 on, with nobody's signature. */
function emptySignatures(): Uint8Array {
  const value = new common.OrdererBlockMetadata();
  value.setLastConfig(new common.LastConfig());
  const metadata = new common.Metadata();
  metadata.setValue(value.serializeBinary());
  return metadata.serializeBinary();
}
