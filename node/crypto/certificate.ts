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
  /** Null also for a key of which Go knows nothing, not even how to read it; authorities of TLS may have one. */
  readonly keyKind: KeyKind;
  readonly extensions: CertificateExtensions;
  readonly signature: Uint8Array;
  /** Dotted OID. */
  readonly signatureAlgorithm: string;
  readonly #publicKey: KeyObject | null;
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
    this.#publicKey = importKey(this.rawPublicKey);
    this.keyKind = this.#publicKey === null ? null : keyKind(this.#publicKey);
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

  /** @throws CryptoError `unsupported_key` where it is of a kind that is not known */
  get publicKey(): KeyObject {
    if (this.#publicKey === null) {
      throw new CryptoError('unsupported_key', 'public key of a kind that is not known');
    }
    return this.#publicKey;
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
    return (
      parent.#publicKey !== null &&
      authoritySigned({
        key: parent.#publicKey,
        algorithm: this.signatureAlgorithm,
        message: this.#tbs,
        signature: this.signature,
        allowSha1: false,
      })
    );
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

const RSA = '1.2.840.113549.1.1.1';
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const ED25519 = '1.3.101.112';
/** DSA and X25519, which Go can read and Fabric has no use for. */
const OTHERS: ReadonlySet<string> = new Set(['1.2.840.10040.4.1', '1.3.101.110']);
const DER_NULL = Uint8Array.of(0x05, 0x00);

/**
 * As Go reads a key (`x509.parsePublicKey`): points on its four curves in full, RSA with parameters that are NULL, Ed25519 without
 * any. Null for an algorithm that it does not know, which it takes as it is.
 */
function importKey(spki: Uint8Array): KeyObject | null {
  const parts = new DerReader(spki).sequence();
  const algorithm = parts.sequence();
  const oid = algorithm.oid();
  const { bits } = bitString(parts.expect(DER.bitString).content);
  if (oid !== RSA && oid !== EC_PUBLIC_KEY && oid !== ED25519 && !OTHERS.has(oid)) {
    return null;
  }
  const parameters = algorithm.done ? null : algorithm.next().raw;
  if (oid === EC_PUBLIC_KEY && bits[0] !== 4) {
    throw new CryptoError('unsupported_key', 'public key that is a compressed point');
  }
  if (oid === RSA && (parameters === null || Buffer.compare(parameters, DER_NULL) !== 0)) {
    throw new CryptoError('unsupported_key', 'RSA key whose parameters are not NULL');
  }
  if (oid === ED25519 && parameters !== null) {
    throw new CryptoError('unsupported_key', 'Ed25519 key with parameters');
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new CryptoError('unsupported_key', 'public key that cannot be read', { cause });
  }
  if (oid === EC_PUBLIC_KEY && keyKind(key) === null) {
    throw new CryptoError('unsupported_key', 'public key on a curve that is not known');
  }
  return key;
}
