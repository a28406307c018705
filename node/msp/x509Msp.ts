import { Certificate } from '#node/crypto/certificate.ts';
import { CryptoError } from '#node/crypto/cryptoError.ts';
import { identifierDigest, type SignatureDigest, signatureDigest } from '#node/crypto/hash.ts';
import { isEcdsa } from '#node/crypto/keys.ts';
import { decodePem } from '#node/crypto/pem.ts';
import { RevocationList } from '#node/crypto/revocationList.ts';
import type { IdentityView } from '#node/protos/serializedIdentity.ts';
import { BoundedCache } from './boundedCache.ts';
import { CertificateAuthorities, checkTlsAuthorities } from './certificateAuthorities.ts';
import type { MspDefinition } from './mspDefinition.ts';
import { MspError } from './mspError.ts';
import type { IdentityDeserializer } from './mspIdentity.ts';
import { isAtLeast, type MspVersion } from './mspVersion.ts';
import { type CertifiedUnit, OrganizationalUnits } from './organizationalUnits.ts';
import { serializedIdentity } from './serializedIdentity.ts';
import { X509Identity } from './x509Identity.ts';

/** Identities, good and bad, that are kept; a channel sees tens to thousands. */
const IDENTITIES = 2_000;
/** Larger ones (none is, in earnest) are decided on each time. */
const IDENTITY_BYTES = 16 * 1024;

/** A membership service provider whose members have X.509 certificates (Fabric, `msp/mspimpl*.go`). */
export class X509Msp implements IdentityDeserializer {
  readonly mspId: string;
  readonly version: MspVersion;
  /** Null where the MSP names a hash family that is not known: ECDSA signatures of its members do not hold then. */
  readonly signatureDigest: SignatureDigest | null;
  readonly identifierDigest: string;
  readonly authorities: CertificateAuthorities;
  readonly units: OrganizationalUnits;
  readonly tlsRoots: readonly Certificate[];
  readonly tlsIntermediates: readonly Certificate[];
  readonly admins: readonly X509Identity[];
  readonly #adminCertificates: ReadonlySet<string>;
  /** By the view that they were decoded to: the same bytes give the same view, as long as it is in use. */
  readonly #ofViews = new WeakMap<IdentityView, X509Identity | MspError>();
  readonly #identities = new BoundedCache<string, X509Identity | MspError>(IDENTITIES);

  /**
   * Sets the MSP up as Fabric does, with all its checks.
   * @throws MspError
   */
  constructor(definition: MspDefinition, version: MspVersion) {
    this.mspId = definition.mspId;
    this.version = version;
    this.signatureDigest = signatureDigest(definition.signatureHashFamily);
    this.identifierDigest = this.#configured(() => identifierDigest(definition.identifierHash));
    if (definition.rootCerts.length === 0) {
      throw new MspError('bad_config', this.mspId, 'at least one root certificate is needed');
    }
    this.authorities = new CertificateAuthorities({
      mspId: this.mspId,
      roots: this.#identityAuthorities(definition.rootCerts),
      intermediates: this.#identityAuthorities(definition.intermediateCerts),
      revocationLists: definition.revocationLists.map((list) => this.#revocationList(list)),
      identifierDigest: this.identifierDigest,
    });
    this.authorities.check();
    this.tlsRoots = this.#certificates(definition.tlsRootCerts);
    this.tlsIntermediates = this.#certificates(definition.tlsIntermediateCerts);
    checkTlsAuthorities(this.authorities, this.tlsRoots, this.tlsIntermediates);
    this.units = new OrganizationalUnits(definition, version, (pem) => this.#certifier(pem));
    this.admins = definition.admins.map((pem) => this.#identity(pem));
    this.#adminCertificates = new Set(this.admins.map(({ certificate }) => certificate.fingerprint));
    this.#checkAdmins();
  }

  /**
   * @param bytes a serialised `msp.SerializedIdentity`
   * @throws MspError
   */
  deserializeIdentity(bytes: Uint8Array): X509Identity {
    return this.identityOf(serializedIdentity(bytes));
  }

  /** As `deserializeIdentity`, of an identity that was decoded already. @throws MspError */
  identityOf(view: IdentityView): X509Identity {
    if (view.mspId !== this.mspId) {
      throw new MspError('unknown_msp', view.mspId, `an identity of another MSP than ${this.mspId}`);
    }
    const { idBytes } = view;
    if (idBytes.length > IDENTITY_BYTES) {
      return this.#identity(idBytes);
    }
    let known = this.#ofViews.get(view);
    if (known === undefined) {
      known = this.#known(idBytes);
      this.#ofViews.set(view, known);
    }
    if (known instanceof MspError) {
      throw known;
    }
    return known;
  }

  #known(idBytes: Uint8Array): X509Identity | MspError {
    const key = Buffer.from(idBytes.buffer, idBytes.byteOffset, idBytes.byteLength).toString('latin1');
    let known = this.#identities.get(key);
    if (known === undefined) {
      known = this.#identityOrError(idBytes);
      this.#identities.set(key, known);
    }
    return known;
  }

  /** How many identities are kept now. */
  get cacheSize(): number {
    return this.#identities.size;
  }

  isConfiguredAdmin({ certificate }: X509Identity): boolean {
    return this.#adminCertificates.has(certificate.fingerprint);
  }

  /** Why an identity is not a member in good standing; null if it is one. */
  whyInvalid(identity: X509Identity): MspError | null {
    const { certificate } = identity;
    try {
      const { keyKind } = certificate;
      if (!isEcdsa(keyKind) && (keyKind !== 'Ed25519' || !isAtLeast(this.version, '3.0'))) {
        const needs = keyKind === 'Ed25519' ? ' without channel capability V3_0' : '';
        throw new MspError('unsupported_key', this.mspId, `keys of kind ${keyKind} are not supported${needs}`);
      }
      const chain = this.#memberChain(certificate);
      this.authorities.checkRevocation(certificate, chain);
      this.units.check(identity.units);
      return null;
    } catch (error) {
      if (error instanceof MspError) {
        return error;
      }
      throw error;
    }
  }

  /** A certificate's units with the chain that vouches for them; none without a chain. */
  certifiedUnits(certificate: Certificate): readonly CertifiedUnit[] {
    try {
      const chain = this.authorities.chainIdentifier(this.#memberChain(certificate).slice(1));
      return certificate.subject.organizationalUnits.map((name) => ({ name, chain }));
    } catch (error) {
      if (error instanceof MspError) {
        return [];
      }
      throw error;
    }
  }

  #memberChain(certificate: Certificate): readonly Certificate[] {
    if (certificate.isCa) {
      throw new MspError('ca_as_identity', this.mspId, "an authority's certificate cannot be an identity");
    }
    return this.authorities.memberChain(certificate);
  }

  /** Administrators must be members, or, where units tell, clients or administrators by their unit. */
  #checkAdmins(): void {
    const { units } = this;
    const byUnit = isAtLeast(this.version, '1.4.3');
    if (byUnit && this.admins.length === 0 && !(units.enforced && units.names('admin'))) {
      throw new MspError('bad_config', this.mspId, 'administrators must be listed where no unit tells who is one');
    }
    for (const [index, admin] of this.admins.entries()) {
      let reason: string | null;
      if (units.enforced && byUnit) {
        const client = units.lacks('client', admin.units);
        reason = client === null ? null : units.lacks('admin', admin.units);
      } else {
        reason = this.whyInvalid(admin)?.message ?? (units.enforced ? units.lacks('client', admin.units) : null);
      }
      if (reason !== null) {
        throw new MspError('bad_config', this.mspId, `administrator ${index} is not valid: ${reason}`);
      }
    }
  }

  /** Digest of the chain that starts with an authority of this MSP. */
  #certifier(pem: Uint8Array): string {
    const certificate = this.authorities.sanitize(this.#certificate(pem, 'bad_config'));
    const { roots, intermediates } = this.authorities;
    if (roots.some((root) => root.equals(certificate))) {
      return this.authorities.chainIdentifier([certificate]);
    }
    if (intermediates.some((intermediate) => intermediate.equals(certificate))) {
      return this.authorities.chainIdentifier(this.authorities.memberChain(certificate, true));
    }
    throw new MspError('bad_config', this.mspId, 'the certificate of a unit is not one of a root or intermediate');
  }

  #identityOrError(idBytes: Uint8Array): X509Identity | MspError {
    try {
      return this.#identity(idBytes);
    } catch (error) {
      if (error instanceof MspError) {
        return error;
      }
      throw error;
    }
  }

  #identity(idBytes: Uint8Array): X509Identity {
    const certificate = this.#certificate(idBytes, 'bad_certificate');
    if (certificate.keyKind === null) {
      throw new MspError('unsupported_key', this.mspId, 'the key of the certificate is of a kind that is not known');
    }
    return new X509Identity(this, this.authorities.sanitize(certificate), Uint8Array.from(idBytes));
  }

  /** Authorities that vouch for members are identities themselves: their keys must be known, unlike those that vouch for TLS. */
  #identityAuthorities(pems: readonly Uint8Array[]): readonly Certificate[] {
    const certificates = this.#certificates(pems);
    if (certificates.some(({ keyKind }) => keyKind === null)) {
      throw new MspError('bad_config', this.mspId, 'an authority has a key of a kind that is not known');
    }
    return certificates;
  }

  #certificates(pems: readonly Uint8Array[]): readonly Certificate[] {
    return pems.map((pem) => this.#certificate(pem, 'bad_config'));
  }

  #certificate(pem: Uint8Array, code: 'bad_certificate' | 'bad_config'): Certificate {
    const block = decodePem(pem);
    if (block === null) {
      throw new MspError(
        code === 'bad_config' ? code : 'bad_pem',
        this.mspId,
        'no PEM block where a certificate must be',
      );
    }
    try {
      return Certificate.fromDer(block.bytes);
    } catch (cause) {
      if (cause instanceof CryptoError) {
        throw new MspError(code, this.mspId, cause.message, { cause });
      }
      throw cause;
    }
  }

  #revocationList(bytes: Uint8Array): RevocationList {
    try {
      return RevocationList.parse(bytes);
    } catch (cause) {
      if (cause instanceof CryptoError) {
        throw new MspError('bad_crl', this.mspId, cause.message, { cause });
      }
      throw cause;
    }
  }

  #configured<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof CryptoError) {
        throw new MspError('bad_config', this.mspId, cause.message, { cause });
      }
      throw cause;
    }
  }
}
