import type { Certificate } from '#node/crypto/certificate.ts';
import { OID } from '#node/crypto/certificateExtensions.ts';
import { breaksNameConstraints } from './nameConstraints.ts';

/** As in Go: keeps crossed authorities from costing without end. */
const MAX_SIGNATURE_CHECKS = 100;

/** Certificates to build chains from, each once. */
export class CertificatePool {
  readonly #bySubject = new Map<string, Certificate[]>();
  readonly #all = new Set<string>();

  constructor(certificates: readonly Certificate[]) {
    for (const certificate of certificates) {
      if (!this.#all.has(certificate.fingerprint)) {
        this.#all.add(certificate.fingerprint);
        const key = nameKey(certificate.rawSubject);
        this.#bySubject.set(key, [...(this.#bySubject.get(key) ?? []), certificate]);
      }
    }
  }

  contains(certificate: Certificate): boolean {
    return this.#all.has(certificate.fingerprint);
  }

  possibleParents(certificate: Certificate): readonly Certificate[] {
    return this.#bySubject.get(nameKey(certificate.rawIssuer)) ?? [];
  }
}

export interface TrustAnchors {
  readonly roots: CertificatePool;
  readonly intermediates: CertificatePool;
}

/** Chains from the certificate (first) to a root (last); where there are none, why. */
export interface ChainResult {
  readonly chains: readonly (readonly Certificate[])[];
  readonly reason: string;
}

/**
 * All chains that Go's `Certificate.Verify` finds with the options that Fabric sets: at the given time, for the extended key
 * usage of TLS servers where certificates restrict theirs (Go's default, which Fabric does not change).
 */
export function findChains(leaf: Certificate, anchors: TrustAnchors, at: Date): ChainResult {
  const found: (readonly Certificate[])[] = [];
  let reason = 'signed by an unknown authority';
  let checks = 0;

  const extend = (chain: readonly Certificate[]): void => {
    const child = chain.at(-1) as Certificate;
    const consider = (parent: Certificate, isRoot: boolean): void => {
      if (chain.some((one) => sameHolder(one, parent)) || ++checks > MAX_SIGNATURE_CHECKS) {
        return;
      }
      if (!child.signedBy(parent)) {
        reason = 'an authority of the right name, but not of the right key or not allowed to sign certificates';
        return;
      }
      const problem = problemOf(parent, chain, isRoot ? 'root' : 'intermediate', at);
      if (problem !== null) {
        reason = problem;
      } else if (isRoot) {
        found.push([...chain, parent]);
      } else {
        extend([...chain, parent]);
      }
    };
    for (const root of anchors.roots.possibleParents(child)) {
      consider(root, true);
    }
    for (const intermediate of anchors.intermediates.possibleParents(child)) {
      consider(intermediate, false);
    }
  };

  const problem = problemOf(leaf, [], 'leaf', at);
  if (problem !== null) {
    return { chains: [], reason: problem };
  }
  if (anchors.roots.contains(leaf)) {
    found.push([leaf]);
  } else {
    extend([leaf]);
  }
  const usable = found.filter(allowsServerAuth);
  if (usable.length === 0 && found.length > 0) {
    reason = 'extended key usage does not allow it';
  }
  return { chains: usable, reason };
}

/** Why a certificate cannot stand where it does in a chain; null if it can (Go, `isValid`). */
function problemOf(
  certificate: Certificate,
  below: readonly Certificate[],
  place: 'leaf' | 'intermediate' | 'root',
  at: Date,
): string | null {
  const { unhandledCritical, basicConstraints } = certificate.extensions;
  if (unhandledCritical.length > 0) {
    return `unknown critical extension ${unhandledCritical[0]}`;
  }
  if (at < certificate.notBefore) {
    return 'an authority whose validity starts after the certificate does';
  }
  if (at > certificate.notAfter) {
    return 'an authority that had expired when the certificate was made';
  }
  if (place !== 'leaf' && breaksNameConstraints(certificate, below)) {
    return "names that the authority's name constraints do not allow";
  }
  if (place === 'intermediate' && basicConstraints?.isCa !== true) {
    return 'an authority that is not one';
  }
  const limit = basicConstraints?.maxPathLength ?? null;
  return limit !== null && below.length - 1 > limit ? 'more authorities in between than allowed' : null;
}

function allowsServerAuth(chain: readonly Certificate[]): boolean {
  return chain.every(({ extensions: { extendedKeyUsage: usages } }) => {
    // An empty list restricts nothing, in Go's reading.
    return (
      usages === null ||
      usages.length === 0 ||
      usages.includes(OID.anyExtendedKeyUsage) ||
      usages.includes(OID.serverAuth)
    );
  });
}

/** Same name, key and alternative names: another certificate of one that is in the chain already. */
function sameHolder(one: Certificate, other: Certificate): boolean {
  return (
    Buffer.compare(one.rawSubject, other.rawSubject) === 0 &&
    Buffer.compare(one.rawPublicKey, other.rawPublicKey) === 0 &&
    Buffer.compare(one.extensions.rawSubjectAltName, other.extensions.rawSubjectAltName) === 0
  );
}

function nameKey(rawName: Uint8Array): string {
  return Buffer.from(rawName.buffer, rawName.byteOffset, rawName.byteLength).toString('latin1');
}

/**
 * Go 1.14's rule, which Fabric keeps: under an authority with name constraints, a certificate without alternative names must not
 * have a common name that looks like a host's (Fabric, `verifyLegacyNameConstraints`).
 */
export function breaksLegacyNameConstraints(chain: readonly Certificate[]): boolean {
  const [leaf, ...authorities] = chain;
  return (
    leaf !== undefined &&
    leaf.extensions.subjectAltNames === null &&
    looksLikeHost(leaf.subject.commonName ?? '') &&
    authorities.some(({ extensions }) => extensions.nameConstraints !== null)
  );
}

function looksLikeHost(name: string): boolean {
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  return (
    host !== '' &&
    host.split('.').every((part, index) => (index === 0 && part === '*') || /^[A-Za-z0-9_:][A-Za-z0-9_:-]*$/.test(part))
  );
}
