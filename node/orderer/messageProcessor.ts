import { randomBytes } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { ChannelError } from '#node/channel/channelError.ts';
import { type ConfigEnvelope, decodeConfigEnvelope, encodeConfigEnvelope } from '#node/channel/configUpdate.ts';
import { MessageWriter } from '#node/channel/wire.ts';
import type { Signer } from '#node/crypto/sign.ts';
import { type ChannelHeaderView, EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { configUpdateText } from './configUpdateText.ts';
import { CreatorCheck } from './creatorCheck.ts';
import { checkMaintenance } from './maintenanceFilter.ts';
import { OrdererError } from './ordererError.ts';

export type MessageClass = 'normal' | 'config_update' | 'config' | 'unsupported';

export interface MessageProcessorOptions {
  /** Refuse messages of clients whose certificate has expired (Fabric, `General.Authentication.NoExpirationChecks` negated). */
  readonly checkExpiration: boolean;
  /** Consensus types that a channel may be moved to. */
  readonly permittedTypes: ReadonlySet<string>;
  readonly now: () => Date;
}

export interface MessageProcessorModules {
  readonly signer: Signer;
  /** Of the configuration in force. */
  readonly bundle: () => ChannelBundle;
  /** What the consenter says of another configuration. @throws OrdererError */
  readonly checkConsensus: (now: ChannelBundle, next: ChannelBundle) => void;
}

/** A message that may be ordered, and the sequence of the configuration that it was checked under. */
export interface ProcessedMessage {
  readonly envelope: EnvelopeView;
  readonly sequence: number;
}

const NONCE_BYTES = 24;

/** Decides which messages a channel takes, and makes configurations of updates (Fabric, `msgprocessor.StandardChannel`). */
export class MessageProcessor {
  readonly #options: MessageProcessorOptions;
  readonly #modules: MessageProcessorModules;
  #creators: { readonly bundle: ChannelBundle; readonly check: CreatorCheck } | null = null;

  constructor(options: MessageProcessorOptions, modules: MessageProcessorModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** By the header alone. */
  classify({ type }: Pick<ChannelHeaderView, 'type'>): MessageClass {
    switch (type) {
      case common.HeaderType.CONFIG_UPDATE:
        return 'config_update';
      case common.HeaderType.ORDERER_TRANSACTION:
        return 'unsupported';
      case common.HeaderType.CONFIG:
        return 'config';
      default:
        return 'normal';
    }
  }

  /** @returns the sequence of the configuration that it was checked under @throws OrdererError */
  async processNormal(envelope: EnvelopeView): Promise<number> {
    const bundle = this.#modules.bundle();
    const { orderer } = bundle;
    if (orderer?.capabilities.consensusTypeMigration === true && orderer.maintenance) {
      throw new OrdererError('maintenance', 'normal transactions are rejected: maintenance mode');
    }
    await this.#filter(envelope, bundle);
    return bundle.sequence;
  }

  /** @param envelope of type CONFIG_UPDATE @returns the configuration that it leads to, signed @throws OrdererError */
  async processConfigUpdate(envelope: EnvelopeView): Promise<ProcessedMessage> {
    const bundle = this.#modules.bundle();
    await within('config update for existing channel did not pass initial checks', () =>
      this.#filter(envelope, bundle),
    );
    const { proposed, next } = await within(
      `error applying config update to existing channel '${bundle.channelId}'`,
      () => this.#propose(envelope, bundle),
    );
    const config = await this.#signedConfig(bundle.channelId, proposed);
    await within('config update for existing channel did not pass final checks', () => this.#filter(config, bundle));
    await within('config update for existing channel did not pass maintenance checks', async () => {
      checkMaintenance({ now: bundle, next, update: envelope.bytes }, this.#options.permittedTypes);
    });
    return { envelope: config, sequence: bundle.sequence };
  }

  /** Checks a configuration anew, from the update in it, after the one in force has changed. @throws OrdererError */
  async processConfig(envelope: EnvelopeView): Promise<ProcessedMessage> {
    let update: Uint8Array | null;
    try {
      update = decodeConfigEnvelope(envelope.payload.data).lastUpdate;
    } catch (cause) {
      throw asOrdererError(cause);
    }
    if (update === null) {
      throw new OrdererError('config_rejected', 'the configuration does not say which update led to it');
    }
    return this.processConfigUpdate(EnvelopeView.fromBytes(update));
  }

  async #filter(envelope: EnvelopeView, bundle: ChannelBundle): Promise<void> {
    const { length } = envelope.payloadBytes;
    if (length === 0) {
      throw new OrdererError('empty_message', 'Message was empty');
    }
    const size = length + envelope.signature.length;
    const max = bundle.orderer?.batchSize.absoluteMaxBytes ?? 0;
    if (size > max) {
      throw new OrdererError('too_large', `message payload is ${size} bytes and exceeds maximum allowed ${max} bytes`);
    }
    if (this.#creators?.bundle !== bundle) {
      const { checkExpiration } = this.#options;
      this.#creators = { bundle, check: new CreatorCheck(bundle, { checkExpiration }) };
    }
    await this.#creators.check.check(envelope, this.#options.now().getTime());
  }

  async #propose(
    envelope: EnvelopeView,
    bundle: ChannelBundle,
  ): Promise<{ readonly proposed: ConfigEnvelope; readonly next: ChannelBundle }> {
    const proposed = await bundle.validator.proposeConfigUpdate(envelope.bytes);
    if (proposed.config === null) {
      throw new OrdererError('config_rejected', 'the update leads to no configuration');
    }
    const next = ChannelBundle.fromConfig(bundle.channelId, proposed.config);
    checkUsable(next, 'config update is not compatible');
    bundle.checkSuccession(next);
    try {
      this.#modules.checkConsensus(bundle, next);
    } catch (error) {
      throw error instanceof OrdererError
        ? error.within('consensus metadata update for channel config update is invalid')
        : error;
    }
    return { proposed, next };
  }

  async #signedConfig(channelId: string, config: ConfigEnvelope): Promise<EnvelopeView> {
    const { signer } = this.#modules;
    const seconds = Math.floor(this.#options.now().getTime() / 1000);
    const channelHeader = new MessageWriter()
      .uint(1, common.HeaderType.CONFIG)
      .message(3, new MessageWriter().uint(1, seconds).finish())
      .text(4, channelId)
      .finish();
    const signatureHeader = new common.SignatureHeader();
    signatureHeader.setCreator(signer.identity);
    signatureHeader.setNonce(new Uint8Array(randomBytes(NONCE_BYTES)));
    const header = new common.Header();
    header.setChannelHeader(channelHeader);
    header.setSignatureHeader(signatureHeader.serializeBinary());
    const payload = new common.Payload();
    payload.setHeader(header);
    payload.setData(encodeConfigEnvelope(config));
    const bytes = payload.serializeBinary();
    const envelope = new common.Envelope();
    envelope.setPayload(bytes);
    envelope.setSignature(await signer.sign(bytes));
    return EnvelopeView.fromBytes(envelope.serializeBinary());
  }
}

/** What a CONFIG envelope carries. @throws ProtoError, ChannelError */
export function configEnvelopeOf(envelope: EnvelopeView): ConfigEnvelope {
  const payload = decodeMessage(common.Payload, envelope.payloadBytes, 'common.Payload');
  return decodeConfigEnvelope(payload.getData_asU8());
}

/**
 * A configuration that this orderer can serve.
 * @throws OrdererError `config_rejected`
 */
export function checkUsable(bundle: ChannelBundle, context: string): void {
  if (bundle.orderer === null) {
    throw new OrdererError('config_rejected', `${context}: config does not contain orderer config`);
  }
  try {
    bundle.requireSupported('orderer');
  } catch (cause) {
    throw asOrdererError(cause).within(context);
  }
}

/** What a configuration is refused for. Anything that is no fault of the message is thrown on. */
export function asOrdererError(error: unknown): OrdererError {
  if (error instanceof OrdererError) {
    return error;
  }
  if (error instanceof ChannelError || error instanceof ProtoError) {
    return new OrdererError('config_rejected', configUpdateText(error), { cause: error });
  }
  throw error;
}

async function within<T>(context: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asOrdererError(error).within(context);
  }
}
