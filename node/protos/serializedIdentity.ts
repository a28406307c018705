import { hash, X509Certificate } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { decodeMessage } from './strictReader.ts';

/** Distinct identities kept decoded; a network has tens to thousands. */
const CACHE_ENTRIES = 2_000;
/** Larger ones (none is, in earnest) are decoded each time. */
const CACHE_BYTES = 8 * 1024;

/** What a node OU says of a certificate's holder. */
export type NodeRole = 'client' | 'peer' | 'admin' | 'orderer';
const NODE_ROLES: ReadonlySet<string> = new Set(['client', 'peer', 'admin', 'orderer']);

/** The parts of a certificate that name its holder. */
export class CertificateView {
  /** Null where a subject has none. */
  readonly commonName: string | null;
  readonly organizationalUnits: readonly string[];
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly x509: X509Certificate;

  private constructor(x509: X509Certificate) {
    const subject = x509.toLegacyObject().subject as Record<string, string | string[] | undefined> | undefined;
    this.x509 = x509;
    this.commonName = valuesOf(subject?.['CN']).at(-1) ?? null;
    this.organizationalUnits = valuesOf(subject?.['OU']);
    this.fingerprint = hash('sha256', x509.raw, 'hex');
  }

  /** PEM or DER; null for what is no X.509 certificate (an idemix credential, garbage). */
  static parse(bytes: Uint8Array): CertificateView | null {
    try {
      return new CertificateView(new X509Certificate(bytes));
    } catch {
      return null;
    }
  }

  /** Role by Fabric's default node OUs; null without one. */
  get role(): NodeRole | null {
    return (this.organizationalUnits.find((unit) => NODE_ROLES.has(unit)) as NodeRole | undefined) ?? null;
  }

  /** Whether `authority` signed this certificate. */
  issuedBy(authority: CertificateView): boolean {
    try {
      return this.x509.checkIssued(authority.x509) && this.x509.verify(authority.x509.publicKey);
    } catch {
      return false;
    }
  }
}

function valuesOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** An `msp.SerializedIdentity`: who created, endorsed or signed. */
export class IdentityView {
  readonly mspId: string;
  /** The certificate as Fabric carries it, PEM. */
  readonly idBytes: Uint8Array;
  #certificate: CertificateView | null | undefined;
  #pkiId: string | undefined;

  private constructor(mspId: string, idBytes: Uint8Array) {
    this.mspId = mspId;
    this.idBytes = idBytes;
  }

  static of(mspId: string, idBytes: Uint8Array): IdentityView {
    return new IdentityView(mspId, idBytes);
  }

  /**
   * The same bytes give the same object while it is among the 2,000 used last.
   * @throws ProtoError
   */
  static fromBytes(bytes: Uint8Array): IdentityView {
    if (bytes.length > CACHE_BYTES) {
      return decode(bytes);
    }
    const slot = slotOf(bytes);
    const recent = slots[slot];
    if (recent !== undefined && recent.bytes.length === bytes.length && Buffer.compare(recent.bytes, bytes) === 0) {
      return recent.identity;
    }
    const identity = IdentityView.#cached(bytes);
    slots[slot] = { bytes: Uint8Array.from(bytes), identity };
    return identity;
  }

  static #cached(bytes: Uint8Array): IdentityView {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    let identity = cache.get(key);
    if (identity === undefined) {
      // A copy: the view would keep the whole block in memory.
      identity = decode(Uint8Array.from(bytes));
      if (cache.size >= CACHE_ENTRIES) {
        cache.delete(cache.keys().next().value as string);
      }
    } else {
      cache.delete(key);
    }
    cache.set(key, identity);
    return identity;
  }

  /** Null for an identity that is no X.509 certificate. */
  get certificate(): CertificateView | null {
    if (this.#certificate === undefined) {
      this.#certificate = CertificateView.parse(this.idBytes);
    }
    return this.#certificate;
  }

  get pem(): string | null {
    return this.certificate === null ? null : this.certificate.x509.toString();
  }

  get commonName(): string | null {
    return this.certificate?.commonName ?? null;
  }

  get organizationalUnits(): readonly string[] {
    return this.certificate?.organizationalUnits ?? [];
  }

  /** SHA-256 of the certificate's DER, lower-case hex; null without a certificate. */
  get fingerprint(): string | null {
    return this.certificate?.fingerprint ?? null;
  }

  /** Gossip's name for a peer: SHA-256 of MSP ID and certificate bytes as carried (Fabric, `GetPKIidOfCert`), lower-case hex. */
  get pkiId(): string {
    this.#pkiId ??= hash('sha256', Buffer.concat([Buffer.from(this.mspId), this.idBytes]), 'hex');
    return this.#pkiId;
  }

  get role(): NodeRole | null {
    return this.certificate?.role ?? null;
  }
}

const cache = new Map<string, IdentityView>();

/**
 * Before the cache, the identity that was asked for last of those that share a slot: a block names the same few hundreds of times,
 * and to make a key of a certificate costs more than to compare one.
 */
const slots = Array.from<{ readonly bytes: Uint8Array; readonly identity: IdentityView } | undefined>({ length: 256 });

/** By some characters of the certificate's signature: its last bytes before the line that ends a PEM. */
function slotOf(bytes: Uint8Array): number {
  let sum = bytes.length;
  for (let at = bytes.length - 30, least = Math.max(0, at - 40); at > least; at -= 4) {
    sum = (Math.imul(sum, 31) + (bytes[at] as number)) | 0;
  }
  return (sum ^ (sum >>> 8)) & 0xff;
}

/** How many identities are kept now. */
export function identityCacheSize(): number {
  return cache.size;
}

function decode(bytes: Uint8Array): IdentityView {
  const message = decodeMessage(msp.SerializedIdentity, bytes, 'msp.SerializedIdentity');
  return IdentityView.of(message.getMspid(), message.getIdBytes_asU8());
}
