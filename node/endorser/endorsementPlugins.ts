import { rememberSignature } from '#node/crypto/madeSignatures.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { PeerChannel } from '#node/peer/peerChannel.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import { EndorserError, prefixed } from './endorserError.ts';

/** What goes into a proposal response. */
export interface Endorsement {
  /** Serialised `msp.SerializedIdentity`. */
  readonly endorser: Uint8Array;
  readonly signature: Uint8Array;
  /** The payload that was signed: a plugin may change the one it is given. */
  readonly payload: Uint8Array;
}

/** Decides whether a simulated transaction is endorsed, and how (Fabric, core/handlers/endorsement/api). */
export interface EndorsementPlugin {
  /**
   * @param payload a serialised `protos.ProposalResponsePayload`
   * @throws whatever keeps it from endorsing: the client is told the message
   */
  endorse(payload: Uint8Array, proposal: SignedProposalMessage): Promise<Endorsement>;
}

export interface EndorsementContext {
  /** State by `channel.query()`, private data by `channel.transientStore`. */
  readonly channel: PeerChannel;
  /** The peer's. */
  readonly signer: Signer;
}

/** Makes the plugin of a channel, when it is first needed. */
export type EndorsementPluginFactory = (context: EndorsementContext) => EndorsementPlugin | Promise<EndorsementPlugin>;

/** Fabric's `escc`: the peer signs the payload and its own identity. */
export const defaultEndorsement: EndorsementPluginFactory = ({ signer }) => ({
  async endorse(payload) {
    // On this thread: a signature takes 25 µs, and half as much again to have another thread make it.
    const signed = Buffer.concat([payload, signer.identity]);
    const signature = signer.signSync(signed);
    rememberSignature(signer, signed, signature);
    return { endorser: signer.identity, signature, payload };
  },
});

/** Plugins by the name that chaincode definitions give, one for each channel. */
export class EndorsementPlugins {
  readonly #factories: ReadonlyMap<string, EndorsementPluginFactory>;
  readonly #signer: Signer;
  readonly #made = new WeakMap<PeerChannel, Map<string, Promise<EndorsementPlugin>>>();

  /** @param options.custom beside `escc`, which may be replaced */
  constructor(
    options: { readonly custom?: Readonly<Record<string, EndorsementPluginFactory>> },
    modules: { readonly signer: Signer },
  ) {
    this.#factories = new Map([['escc', defaultEndorsement], ...Object.entries(options.custom ?? {})]);
    this.#signer = modules.signer;
  }

  /** @throws EndorserError `plugin` */
  async endorse(
    name: string,
    channel: PeerChannel,
    payload: Uint8Array,
    proposal: SignedProposalMessage,
  ): Promise<Endorsement> {
    try {
      const plugin = await this.#plugin(name, channel);
      return await plugin.endorse(payload, proposal);
    } catch (error) {
      throw prefixed('endorsing with plugin failed', error, 'plugin');
    }
  }

  async #plugin(name: string, channel: PeerChannel): Promise<EndorsementPlugin> {
    let ofChannel = this.#made.get(channel);
    if (ofChannel === undefined) {
      ofChannel = new Map();
      this.#made.set(channel, ofChannel);
    }
    let made = ofChannel.get(name);
    if (made === undefined) {
      made = this.#make(name, channel);
      ofChannel.set(name, made);
      // What could not be made is tried again; whoever waits for it sees the error.
      made.catch(() => ofChannel.delete(name));
    }
    try {
      return await made;
    } catch (error) {
      throw prefixed(`plugin with name ${name} could not be used`, error, 'plugin');
    }
  }

  async #make(name: string, channel: PeerChannel): Promise<EndorsementPlugin> {
    const factory = this.#factories.get(name);
    if (factory === undefined) {
      throw new EndorserError('plugin', `plugin with name ${name} wasn't found`);
    }
    return factory({ channel, signer: this.#signer });
  }
}
