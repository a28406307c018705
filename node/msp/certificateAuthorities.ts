import { hash } from 'node:crypto';
import type { Certificate } from '#node/crypto/certificate.ts';
import { CryptoError } from '#node/crypto/cryptoError.ts';
import type { RevocationList } from '#node/crypto/revocationList.ts';
import { breaksLegacyNameConstraints, CertificatePool, findChains, type TrustAnchors } from './certificateChain.ts';
import { MspError } from './mspError.ts';

/**
 * The authorities of one MSP: which chain a certificate has, and whether it was revoked. Times: a certificate is looked at as of
 * one second after its own validity starts, so that nobody's clock plays a part (Fabric, `getValidityOptsForCert`).
 */
export class CertificateAuthorities {
  readonly mspId: string;
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  /** Certificates (by digest) that have authorities below them: they cannot vouch for members. */
  readonly #inner = new Set<string>();
  readonly #anchors: TrustAnchors;
  readonly #revocationLists: readonly RevocationList[];
  readonly #identifierDigest: string;

  /**
   * @param options certificates as configured; `identifierDigest` is node:crypto's name
   * @throws MspError for authorities that are none, or that nobody vouches for
   */
  constructor(options: {
    readonly mspId: string;
    readonly roots: readonly Certificate[];
    readonly intermediates: readonly Certificate[];
    readonly revocationLists: readonly RevocationList[];
    readonly identifierDigest: string;
  }) {
    this.mspId = options.mspId;
    this.#revocationLists = options.revocationLists;
    this.#identifierDigest = options.identifierDigest;
    const asConfigured = anchorsOf(options.roots, options.intermediates);
    this.#anchors = asConfigured;
    this.roots = options.roots.map((one) => this.sanitize(one));
    this.intermediates = options.intermediates.map((one) => this.sanitize(one));
    this.#anchors = anchorsOf(this.roots, this.intermediates);
  }

  /**
   * What Fabric asks of authorities once revocation lists are read.
   * @throws MspError
   */
  check(): void {
    for (const authority of [...this.roots, ...this.intermediates]) {
      checkAuthority(this.mspId, authority);
      const chain = this.uniqueChain(authority);
      if (chain.length > 1) {
        this.checkRevocation(authority, chain);
      }
    }
    for (const intermediate of this.intermediates) {
      for (const above of this.uniqueChain(intermediate).slice(1)) {
        this.#inner.add(above.fingerprint);
      }
    }
  }

  /**
   * The certificate with its signature in low-S form; those signed with other algorithms than ECDSA as they are, unchecked.
   * @throws MspError where an ECDSA-signed certificate has no chain
   */
  sanitize(certificate: Certificate): Certificate {
    if (!certificate.isSignedWithEcdsa) {
      return certificate;
    }
    try {
      if (certificate.isCa && certificate.signedBy(certificate)) {
        const low = certificate.withLowS(certificate);
        this.#chainOf(low, { ...this.#anchors, roots: new CertificatePool([low]) });
        return low;
      }
      const [, parent] = this.uniqueChain(certificate);
      if (parent === undefined) {
        throw new MspError('untrusted', this.mspId, 'the certificate has no authority above it');
      }
      return certificate.withLowS(parent);
    } catch (cause) {
      if (cause instanceof CryptoError) {
        throw new MspError('bad_certificate', this.mspId, cause.message, { cause });
      }
      throw cause;
    }
  }

  /** From the certificate to a root. @throws MspError */
  uniqueChain(certificate: Certificate): readonly Certificate[] {
    return this.#chainOf(certificate, this.#anchors);
  }

  /**
   * The chain of a member (or, with `ofAuthority`, of an intermediate authority that vouches for members).
   * @throws MspError
   */
  memberChain(certificate: Certificate, ofAuthority = false): readonly Certificate[] {
    const chain = this.uniqueChain(certificate);
    const parent = chain[ofAuthority ? 0 : 1];
    if (chain.length < 2 || parent === undefined) {
      throw new MspError('untrusted', this.mspId, 'the certificate has no authority above it');
    }
    if (this.#inner.has(parent.fingerprint)) {
      throw new MspError('untrusted', this.mspId, 'signed by an authority that has authorities below it');
    }
    return chain;
  }

  /** @throws MspError `revoked` */
  checkRevocation(certificate: Certificate, chain: readonly Certificate[]): void {
    const issuer = chain[1] as Certificate;
    const keyIdentifier = issuer.extensions.subjectKeyIdentifier;
    if (keyIdentifier === null) {
      throw new MspError('untrusted', this.mspId, 'the authority has no subject key identifier');
    }
    for (const list of this.#revocationLists) {
      if (list.authorityKeyIdentifier === null) {
        throw new MspError('bad_crl', this.mspId, 'a revocation list has no authority key identifier');
      }
      // A list that somebody else signed in the authority's name says nothing.
      if (
        Buffer.compare(list.authorityKeyIdentifier, keyIdentifier) === 0 &&
        list.names(certificate.serialNumber) &&
        list.signedBy(issuer)
      ) {
        throw new MspError('revoked', this.mspId, 'the certificate has been revoked');
      }
    }
  }

  /** Hex digest of authorities, nearest first: what policies and units name a chain by (Fabric, certifiers identifier). */
  chainIdentifier(authorities: readonly Certificate[]): string {
    return hash(this.#identifierDigest, Buffer.concat(authorities.map(({ raw }) => raw)), 'hex');
  }

  #chainOf(certificate: Certificate, anchors: TrustAnchors): readonly Certificate[] {
    return oneChain(this.mspId, certificate, anchors, new Date(certificate.notBefore.getTime() + 1000));
  }
}

function anchorsOf(roots: readonly Certificate[], intermediates: readonly Certificate[]): TrustAnchors {
  return { roots: new CertificatePool(roots), intermediates: new CertificatePool(intermediates) };
}

/** @throws MspError unless there is exactly one chain */
function oneChain(mspId: string, certificate: Certificate, anchors: TrustAnchors, at: Date): readonly Certificate[] {
  const { chains, reason } = findChains(certificate, anchors, at);
  const [chain] = chains;
  if (chain === undefined) {
    throw new MspError('untrusted', mspId, `the certificate is not valid: ${reason}`);
  }
  if (chains.length > 1) {
    throw new MspError('ambiguous_chain', mspId, `the certificate has ${chains.length} chains where one is allowed`);
  }
  if (breaksLegacyNameConstraints(chain)) {
    throw new MspError('untrusted', mspId, 'the certificate is not valid: name constraints without alternative names');
  }
  return chain;
}

function checkAuthority(mspId: string, certificate: Certificate): void {
  if (!certificate.isCa) {
    throw new MspError('bad_config', mspId, 'an authority certificate is not one of an authority');
  }
  if (certificate.extensions.subjectKeyIdentifier === null) {
    throw new MspError('bad_config', mspId, 'an authority certificate has no subject key identifier');
  }
}

/**
 * What Fabric asks of TLS authorities when an MSP is set up.
 * @param authorities those of the MSP, whose revocation lists hold for these too
 * @throws MspError
 */
export function checkTlsAuthorities(
  authorities: CertificateAuthorities,
  roots: readonly Certificate[],
  intermediates: readonly Certificate[],
): void {
  const anchors = anchorsOf(roots, intermediates);
  for (const certificate of [...roots, ...intermediates]) {
    checkAuthority(authorities.mspId, certificate);
    const at = new Date(certificate.notBefore.getTime() + 1000);
    const chain = oneChain(authorities.mspId, certificate, anchors, at);
    if (chain.length > 1) {
      authorities.checkRevocation(certificate, chain);
    }
  }
}
