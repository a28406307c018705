import { hash, type KeyObject } from 'node:crypto';
import type { msp } from '@hyperledger/fabric-protos';
import type { Certificate } from '#node/crypto/certificate.ts';
import { madeHere } from '#node/crypto/madeSignatures.ts';
import { verifySignature } from '#node/crypto/verify.ts';
import { BoundedCache } from './boundedCache.ts';
import type { CertifiedUnit } from './organizationalUnits.ts';
import { MspError } from './mspError.ts';
import type { MspIdentity } from './mspIdentity.ts';
import { principalKey, whyNotSatisfied } from './principal.ts';
import type { X509Msp } from './x509Msp.ts';

/** Answers kept for one identity; a channel asks about tens of principals. */
const PRINCIPALS = 200;

/** A holder of an X.509 certificate. Decisions are made once and kept: an MSP does not change, a new configuration makes a new one. */
export class X509Identity implements MspIdentity {
  readonly msp: X509Msp;
  readonly certificate: Certificate;
  readonly idBytes: Uint8Array;
  readonly id: string;
  readonly #answers = new BoundedCache<string, { readonly reason: string | null }>(PRINCIPALS);
  #validation: { readonly error: MspError | null } | undefined;
  #units: readonly CertifiedUnit[] | undefined;
  #pkiId: string | undefined;

  /** @param certificate with its signature in low-S form */
  constructor(owner: X509Msp, certificate: Certificate, idBytes: Uint8Array) {
    this.msp = owner;
    this.certificate = certificate;
    this.idBytes = idBytes;
    this.id = hash(owner.identifierDigest, certificate.raw, 'hex');
  }

  get mspId(): string {
    return this.msp.mspId;
  }

  get commonName(): string | null {
    return this.certificate.subject.commonName;
  }

  get organizationalUnits(): readonly string[] {
    return this.certificate.subject.organizationalUnits;
  }

  get der(): Uint8Array {
    return this.certificate.raw;
  }

  get publicKey(): KeyObject {
    return this.certificate.publicKey;
  }

  get pkiId(): string {
    this.#pkiId ??= hash('sha256', Buffer.concat([Buffer.from(this.mspId), this.idBytes]), 'hex');
    return this.#pkiId;
  }

  get expiresAt(): Date {
    return this.certificate.notAfter;
  }

  get label(): string {
    return `${this.mspId}/${this.commonName ?? this.id.slice(0, 16)}`;
  }

  /** Units with the chain that vouches for them; none where there is no chain. */
  get units(): readonly CertifiedUnit[] {
    this.#units ??= this.msp.certifiedUnits(this.certificate);
    return this.#units;
  }

  validate(at?: Date): void {
    this.#validation ??= { error: this.msp.whyInvalid(this) };
    if (this.#validation.error !== null) {
      throw this.#validation.error;
    }
    if (at !== undefined && at > this.expiresAt) {
      throw new MspError('expired', this.mspId, `the certificate expired at ${this.expiresAt.toISOString()}`);
    }
  }

  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const { signatureDigest } = this.msp;
    if (signatureDigest === null && this.certificate.keyKind !== 'Ed25519') {
      return Promise.resolve(false);
    }
    const { publicKey } = this.certificate;
    const digest = signatureDigest ?? undefined;
    return madeHere(publicKey, message, signature, digest)
      ? Promise.resolve(true)
      : verifySignature(publicKey, message, signature, digest);
  }

  satisfies(principal: msp.MSPPrincipal): string | null {
    const key = principalKey(principal);
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = { reason: whyNotSatisfied(this, principal) };
      this.#answers.set(key, answer);
    }
    return answer.reason;
  }
}
