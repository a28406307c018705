import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { type CertificateExtensions, KEY_USAGE_CERT_SIGN, readExtensions } from './certificateExtensions.ts';
import { type CertificateName, readName } from './certificateName.ts';
import { CryptoError } from './cryptoError.ts';
import { bitString, DER, DerReader, derTime } from './der.ts';
import { derEncode } from '#node/protos/derEncode.ts';
import { toLowS } from './ecdsaSignature.ts';
import { isEcdsa, type KeyKind, keyKind } from './keys.ts';
import { decodePem, encodePem } from './pem.ts';
import { algorithmOid, authoritySigned, isEcdsaAlgorithm } from './signatureAlgorithm.ts';

/** Larger ones are refused; real ones have one or two thousand octets. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024;

/**
 * An X.509 certificate as Go's `x509.ParseCertificate` reads it: distinguished encoding, no serial number below zero, no
 * extension twice. What node:crypto's own class does not tell (raw names, key usage bits, unknown critical extensions,
 * where the signature lies) decides in Fabric who is a member.
 */
export class Certificate {
  /** DER. */
  readonly raw: Uint8Array;
  readonly version: number;
  /** Content octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
  /** Names as encoded: chains are matched by these octets. */
  readonly rawIssuer: Uint8Array;
  readonly rawSubject: Uint8Array;
  readonly subject: CertificateName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly rawPublicKey: Uint8Array;
  readonly publicKey: KeyObject;
  readonly keyKind: KeyKind;
  readonly extensions: CertificateExtensions;
  readonly signature: Uint8Array;
  /** Dotted OID. */
  readonly signatureAlgorithm: string;
  readonly #tbs: Uint8Array;
  readonly #rawAlgorithm: Uint8Array;
  #fingerprint: string | undefined;

  private constructor(der: Uint8Array) {
    const outer = new DerReader(der);
    const whole = outer.expect(DER.sequence);
    if (!outer.done) {
      throw new CryptoError('malformed_der', 'octets after the end');
    }
    const parts = new DerReader(whole.content);
    const tbs = parts.expect(DER.sequence);
    const algorithm = parts.expect(DER.sequence);
    this.raw = whole.raw;
    this.#tbs = tbs.raw;
    this.#rawAlgorithm = algorithm.raw;
    this.signature = rightAligned(parts.expect(DER.bitString).content);
    this.signatureAlgorithm = algorithmOid(algorithm.content);

    const fields = new DerReader(tbs.content);
    const version = fields.optional(0xa0);
    this.version = version === null ? 1 : new DerReader(version.content).smallInteger() + 1;
    if (this.version < 1 || this.version > 3) {
      throw new CryptoError('malformed_der', `version ${this.version}`);
    }
    this.serialNumber = fields.integer();
    if ((this.serialNumber[0] as number) >= 0x80) {
      throw new CryptoError('malformed_der', 'a serial number below zero');
    }
    if (Buffer.compare(fields.expect(DER.sequence).raw, algorithm.raw) !== 0) {
      throw new CryptoError('malformed_der', 'two different signature algorithms');
    }
    const issuer = fields.expect(DER.sequence);
    this.rawIssuer = issuer.raw;
    readName(new DerReader(issuer.content));
    const validity = fields.sequence();
    this.notBefore = derTime(validity.next());
    this.notAfter = derTime(validity.next());
    const subject = fields.expect(DER.sequence);
    this.rawSubject = subject.raw;
    this.subject = readName(new DerReader(subject.content));
    this.rawPublicKey = fields.expect(DER.sequence).raw;
    this.publicKey = importKey(this.rawPublicKey);
    this.keyKind = keyKind(this.publicKey);
    if (this.version > 1) {
      fields.optional(0x81);
      fields.optional(0x82);
    }
    // Of what else older versions have, Go takes no notice.
    const extensions = this.version === 3 ? fields.optional(0xa3) : null;
    this.extensions = readExtensions(
      extensions === null ? new DerReader(new Uint8Array(0)) : new DerReader(extensions.content).sequence(),
    );
  }

  /** @throws CryptoError `malformed_certificate` */
  static fromDer(der: Uint8Array): Certificate {
    if (der.length > MAX_CERTIFICATE_BYTES) {
      throw new CryptoError('malformed_certificate', `certificate of ${der.length} octets`);
    }
    try {
      // A copy: views would keep the message alive that the certificate came in.
      return new Certificate(Uint8Array.from(der));
    } catch (cause) {
      throw new CryptoError('malformed_certificate', `certificate cannot be read: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /**
   * The first block, whatever its type says.
   * @throws CryptoError `malformed_certificate`
   */
  static fromPem(pem: Uint8Array): Certificate {
    const block = decodePem(pem);
    if (block === null) {
      throw new CryptoError('malformed_certificate', 'no PEM block');
    }
    return Certificate.fromDer(block.bytes);
  }

  get isCa(): boolean {
    return this.extensions.basicConstraints?.isCa === true;
  }

  /** SHA-256 of the DER, lower-case hex. */
  get fingerprint(): string {
    this.#fingerprint ??= hash('sha256', this.raw, 'hex');
    return this.#fingerprint;
  }

  get pem(): string {
    return encodePem('CERTIFICATE', this.raw);
  }

  equals(other: Certificate): boolean {
    return Buffer.compare(this.raw, other.raw) === 0;
  }

  /** Whether a private key is this certificate's. */
  matchesKey(privateKey: KeyObject): boolean {
    return createPublicKey(privateKey).equals(this.publicKey);
  }

  /** Whether `parent` may sign certificates and signed this one (Go, `CheckSignatureFrom`); names are not compared. */
  signedBy(parent: Certificate): boolean {
    const { basicConstraints, keyUsage } = parent.extensions;
    if (basicConstraints === null ? parent.version === 3 : !basicConstraints.isCa) {
      return false;
    }
    if (keyUsage !== null && keyUsage !== 0 && (keyUsage & KEY_USAGE_CERT_SIGN) === 0) {
      return false;
    }
    return authoritySigned({
      key: parent.publicKey,
      algorithm: this.signatureAlgorithm,
      message: this.#tbs,
      signature: this.signature,
      allowSha1: false,
    });
  }

  get isSignedWithEcdsa(): boolean {
    return isEcdsaAlgorithm(this.signatureAlgorithm);
  }

  /**
   * This certificate with its signature in low-S form, so that one certificate has one digest (Fabric, `sanitizeECDSASignedCert`).
   * @throws CryptoError where the signature cannot be read
   */
  withLowS(parent: Certificate): Certificate {
    const low = isEcdsa(parent.keyKind) ? toLowS(parent.keyKind, this.signature) : null;
    if (low === null) {
      throw new CryptoError('malformed_certificate', 'the signature of the certificate cannot be read');
    }
    if (Buffer.compare(low, this.signature) === 0) {
      return this;
    }
    const bits = derEncode(DER.bitString, Uint8Array.of(0), low);
    return Certificate.fromDer(derEncode(DER.sequence, this.#tbs, this.#rawAlgorithm, bits));
  }
}

/** A bit string's octets with the unused bits at the front. */
function rightAligned(content: Uint8Array): Uint8Array {
  const { unused, bits } = bitString(content);
  return unused === 0
    ? bits
    : bits.map((octet, index) => (octet >> unused) | (((bits[index - 1] ?? 0) << (8 - unused)) & 0xff));
}

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';

/** Of points on a curve, Go reads only those in full. */
function isCompressedPoint(spki: Uint8Array): boolean {
  const parts = new DerReader(spki).sequence();
  return parts.sequence().oid() === EC_PUBLIC_KEY && bitString(parts.expect(DER.bitString).content).bits[0] !== 4;
}

function importKey(spki: Uint8Array): KeyObject {
  if (isCompressedPoint(spki)) {
    throw new CryptoError('unsupported_key', 'public key that is a compressed point');
  }
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new CryptoError('unsupported_key', 'public key of a kind that is not known', { cause });
  }
}
