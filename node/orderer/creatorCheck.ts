import type { ChannelBundle } from '#node/channel/bundle.ts';
import { MspError } from '#node/msp/mspError.ts';
import type { MspIdentity } from '#node/msp/mspIdentity.ts';
import type { Policy } from '#node/policy/policy.ts';
import { POLICY_PATHS } from '#node/policy/policyManager.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import type { IdentityView } from '#node/protos/serializedIdentity.ts';
import { OrdererError } from './ordererError.ts';

/** What is known of a creator under one configuration, so that a message costs no more than its signature's check. */
interface KnownCreator {
  /** Milliseconds since 1970; Infinity where no certificate says when it ends. */
  readonly expiresAt: number;
  /** Null for one that no MSP of the channel knows. */
  readonly identity: MspIdentity | null;
  /** Why the policy does not let it write; null if it does. */
  readonly refusal: string | null;
}

/**
 * Who may bring messages to a channel as one configuration says: its certificate has not expired, its signature holds, and it satisfies
 * `/Channel/Writers`, in maintenance `/Channel/Orderer/Writers` (Fabric, `msgprocessor` expiration and signature filters).
 */
export class CreatorCheck {
  readonly #bundle: ChannelBundle;
  readonly #policyPath: string;
  readonly #policy: Policy | null;
  readonly #checkExpiration: boolean;
  readonly #known = new WeakMap<IdentityView, KnownCreator>();

  constructor(bundle: ChannelBundle, options: { readonly checkExpiration: boolean }) {
    this.#bundle = bundle;
    this.#policyPath = bundle.orderer?.maintenance === true ? POLICY_PATHS.ordererWriters : POLICY_PATHS.channelWriters;
    this.#policy = bundle.policies.policy(this.#policyPath);
    this.#checkExpiration = options.checkExpiration && bundle.orderer?.capabilities.expirationCheck === true;
  }

  /** @throws OrdererError `expired`, `permission_denied`, `malformed` */
  async check(envelope: EnvelopeView, now: number): Promise<void> {
    const creator = this.#creatorOf(envelope);
    if (this.#checkExpiration && creator !== null && now >= creator.expiresAt) {
      throw new OrdererError('expired', 'broadcast client identity expired');
    }
    if (this.#policy === null) {
      throw new OrdererError('malformed', `could not find policy ${this.#policyPath}`);
    }
    const holds =
      creator !== null &&
      creator.identity !== null &&
      (await creator.identity.verify(envelope.payloadBytes, envelope.signature));
    const refusal = holds ? creator.refusal : this.#policy.evaluateIdentities([]).refusal;
    if (refusal !== null) {
      throw new OrdererError('permission_denied', `${refusal}: permission denied`);
    }
  }

  /** Null where the header names nobody. */
  #creatorOf(envelope: EnvelopeView): KnownCreator | null {
    let view: IdentityView | null;
    try {
      void envelope.signatureHeader;
    } catch (cause) {
      if (cause instanceof ProtoError) {
        const detail = `could not convert message to signedData: ${cause.message}`;
        throw new OrdererError('malformed', detail, { cause });
      }
      throw cause;
    }
    try {
      view = envelope.creator;
    } catch (error) {
      if (error instanceof ProtoError) {
        return null;
      }
      throw error;
    }
    if (view === null) {
      return null;
    }
    let known = this.#known.get(view);
    if (known === undefined) {
      known = this.#know(view);
      this.#known.set(view, known);
    }
    return known;
  }

  #know(view: IdentityView): KnownCreator {
    const expiresAt = view.certificate?.x509.validToDate.getTime() ?? Number.POSITIVE_INFINITY;
    try {
      const identity = this.#bundle.mspManager.identityOf(view);
      return { expiresAt, identity, refusal: this.#policy?.evaluateIdentities([identity]).refusal ?? null };
    } catch (error) {
      if (error instanceof MspError) {
        return { expiresAt, identity: null, refusal: null };
      }
      throw error;
    }
  }
}
