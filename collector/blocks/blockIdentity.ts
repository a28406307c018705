import type { CertificateView, IdentityView } from '#node/protos/serializedIdentity.ts';
import { identityId, type ParticipantKind, type PartialIdentity } from '#trace/identity.ts';
import { printable } from './printable.ts';

const known = new WeakMap<IdentityView, Map<ParticipantKind, PartialIdentity>>();

/**
 * A participant as its identity in a block tells: everything but an address. An identity without a certificate (idemix) has
 * only its MSP. The same view gives the same object.
 */
export function identityOf(view: IdentityView, kind: ParticipantKind): PartialIdentity {
  let byKind = known.get(view);
  if (byKind === undefined) {
    byKind = new Map();
    known.set(view, byKind);
  }
  let identity = byKind.get(kind);
  if (identity === undefined) {
    const msp = printable(view.mspId);
    const name = view.commonName === null ? null : printable(view.commonName);
    identity = {
      ...(msp !== '' && name ? { id: identityId(msp, name) } : {}),
      kind,
      ...(msp === '' ? {} : { msp }),
      ...(name ? { name } : {}),
      ...(view.fingerprint === null ? {} : { fingerprint: view.fingerprint }),
      ...(kind === 'peer' ? { pki_id: view.pkiId } : {}),
    };
    byKind.set(kind, identity);
  }
  return identity;
}

/** Who signed an envelope: a client, unless its certificate says that it is a node's. */
export function creatorKind(view: IdentityView): ParticipantKind {
  return view.role === 'peer' || view.role === 'orderer' ? view.role : 'client';
}

/** An orderer as the channel's configuration lists it: TLS name and address, and its organisation if known. */
export function consenterIdentity(tls: CertificateView | null, mspId: string | null, address: string): PartialIdentity {
  return {
    kind: 'orderer',
    ...(mspId === null ? {} : { msp: printable(mspId) }),
    ...(tls?.commonName ? { name: printable(tls.commonName) } : {}),
    address: printable(address),
  };
}
