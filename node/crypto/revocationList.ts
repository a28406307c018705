import type { Certificate } from './certificate.ts';
import { OID, readAuthorityKeyIdentifier } from './certificateExtensions.ts';
import { CryptoError } from './cryptoError.ts';
import { DER, DerReader, derTime } from './der.ts';
import { encodeEcdsaSignature, readEcdsaSignature } from './ecdsaSignature.ts';
import { decodePem } from './pem.ts';
import { algorithmOid, authoritySigned, isEcdsaAlgorithm } from './signatureAlgorithm.ts';

const MAX_BYTES = 16 * 1024 * 1024;
const PEM_START = '-----BEGIN X509 CRL';

/** A certificate revocation list as Go's `x509.ParseCRL` reads it. */
export class RevocationList {
  /** Null without the extension. */
  readonly authorityKeyIdentifier: Uint8Array | null;
  readonly rawIssuer: Uint8Array;
  readonly #revoked: ReadonlySet<string>;
  readonly #tbs: Uint8Array;
  readonly #algorithm: string;
  readonly #signature: Uint8Array;
  readonly #signers = new Map<string, boolean>();

  private constructor(der: Uint8Array) {
    const outer = new DerReader(der);
    const parts = outer.sequence();
    if (!outer.done) {
      throw new CryptoError('malformed_der', 'octets after the end');
    }
    const tbs = parts.expect(DER.sequence);
    this.#tbs = tbs.raw;
    this.#algorithm = algorithmOid(parts.expect(DER.sequence).content);
    this.#signature = readableSignature(this.#algorithm, parts.octetBits());

    const fields = new DerReader(tbs.content);
    fields.optional(DER.integer);
    fields.expect(DER.sequence);
    this.rawIssuer = fields.expect(DER.sequence).raw;
    derTime(fields.next());
    if (fields.peek === DER.utcTime || fields.peek === DER.generalizedTime) {
      derTime(fields.next());
    }
    const revoked = new Set<string>();
    const entries = fields.optional(DER.sequence);
    if (entries !== null) {
      const list = new DerReader(entries.content);
      while (!list.done) {
        const entry = list.sequence();
        revoked.add(serialKey(entry.integer()));
        derTime(entry.next());
      }
    }
    this.#revoked = revoked;
    this.authorityKeyIdentifier = readAuthority(fields.optional(0xa0)?.content ?? null);
  }

  /**
   * PEM or DER.
   * @throws CryptoError `malformed_crl`
   */
  static parse(bytes: Uint8Array): RevocationList {
    if (bytes.length > MAX_BYTES) {
      throw new CryptoError('malformed_crl', `revocation list of ${bytes.length} octets`);
    }
    let der = bytes;
    if (Buffer.from(bytes.subarray(0, PEM_START.length)).toString('latin1') === PEM_START) {
      const block = decodePem(bytes);
      der = block !== null && block.type === 'X509 CRL' ? block.bytes : bytes;
    }
    try {
      return new RevocationList(Uint8Array.from(der));
    } catch (cause) {
      throw new CryptoError('malformed_crl', `revocation list cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  /** Whether the list names a serial number (content octets of the INTEGER). */
  names(serialNumber: Uint8Array): boolean {
    return this.#revoked.has(serialKey(serialNumber));
  }

  /** Whether `authority`'s key signed the list. */
  signedBy(authority: Certificate): boolean {
    let signed = this.#signers.get(authority.fingerprint);
    if (signed === undefined) {
      signed =
        authority.keyKind !== null &&
        authoritySigned({
          key: authority.publicKey,
          algorithm: this.#algorithm,
          message: this.#tbs,
          signature: this.#signature,
          allowSha1: true,
        });
      this.#signers.set(authority.fingerprint, signed);
    }
    return signed;
  }
}

function readAuthority(extensions: Uint8Array | null): Uint8Array | null {
  if (extensions === null) {
    return null;
  }
  const list = new DerReader(extensions).sequence();
  while (!list.done) {
    const extension = list.sequence();
    const oid = extension.oid();
    extension.optional(DER.boolean);
    const { content } = extension.expect(DER.octetString);
    if (oid === OID.authorityKeyIdentifier) {
      return readAuthorityKeyIdentifier(content);
    }
  }
  return null;
}

/** Fabric writes the signature anew, so that one with octets to spare still holds. */
function readableSignature(algorithm: string, signature: Uint8Array): Uint8Array {
  if (!isEcdsaAlgorithm(algorithm)) {
    return signature;
  }
  const read = readEcdsaSignature(signature);
  if (read === null) {
    throw new CryptoError('malformed_der', 'a signature that cannot be read');
  }
  return encodeEcdsaSignature(read);
}

function serialKey(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1');
}
