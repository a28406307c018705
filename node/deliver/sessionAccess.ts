import type { SignedData } from '#node/policy/policy.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import type { Chain } from './chain.ts';

/** Whether a request may be answered by the configuration in force. @returns why not; null if it may */
export type Authorize = (chain: Chain, signed: SignedData) => Promise<string | null>;

/**
 * Whether a client may go on reading: asked of the policy once, and again whenever the channel's configuration has changed. Its
 * certificate's end ends the session (Fabric, common/deliver `SessionAccessControl`).
 */
export class SessionAccess {
  readonly #chain: Chain;
  readonly #signed: SignedData;
  readonly #authorize: Authorize;
  readonly #now: () => number;
  readonly #endsAt: number;
  #asked: Chain['bundle'] | null = null;

  constructor(
    options: { readonly signed: SignedData; readonly expirationCheck: boolean },
    modules: { readonly chain: Chain; readonly authorize: Authorize; readonly now: () => number },
  ) {
    this.#chain = modules.chain;
    this.#authorize = modules.authorize;
    this.#now = modules.now;
    this.#signed = options.signed;
    this.#endsAt = options.expirationCheck ? expiry(options.signed.identity) : Number.POSITIVE_INFINITY;
  }

  /** Null if it may; else why not. */
  async whyNot(): Promise<string | null> {
    const since = this.#now() - this.#endsAt;
    if (since > 0) {
      return `deliver client identity expired ${Math.round(since)} ms before`;
    }
    const { bundle } = this.#chain;
    if (bundle === this.#asked) {
      return null;
    }
    const reason = await this.#authorize(this.#chain, this.#signed);
    if (reason === null) {
      this.#asked = bundle;
    }
    return reason;
  }
}

/** Of what is no certificate nothing is said here: the policy will. */
function expiry(identity: Uint8Array): number {
  const certificate = identityOf(identity)?.certificate;
  return certificate == null ? Number.POSITIVE_INFINITY : certificate.x509.validToDate.getTime();
}

/** Null for bytes that are no identity. */
export function identityOf(bytes: Uint8Array): IdentityView | null {
  try {
    return IdentityView.fromBytes(bytes);
  } catch (error) {
    if (error instanceof ProtoError) {
      return null;
    }
    throw error;
  }
}
