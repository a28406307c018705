import { createHash, X509Certificate } from 'node:crypto';
import { identityId, type PartialIdentity } from '#trace/identity.ts';

/**
 * Alive messages in gossip's debug lines, as `AliveMessageToString` (gossip/protoext/stringers.go) prints them:
 *
 *     Membership: Endpoint:HOST:PORT PKI-id:HEX Identity:MSPID-----BEGIN CERTIFICATE-----…-----END CERTIFICATE-----
 *
 * The identity is there only in a peer's first messages.
 */
export interface AliveMember {
  readonly address: string;
  readonly pkiId: string;
  /** Who it is; undefined if the certificate can't be read or is not the one that the PKI-ID was made of. */
  identity(): PartialIdentity | undefined;
}

const ALIVE =
  /Membership: Endpoint:(\S{0,300}?) PKI-id:([0-9a-f]{64}) ?Identity:([^-]{1,256}?)(?=-----BEGIN CERTIFICATE)/g;
const END = '-----END CERTIFICATE-----';
const MAX_MEMBERS = 16;

export function aliveMembers(text: string, from: number): AliveMember[] {
  const members: AliveMember[] = [];
  ALIVE.lastIndex = from;
  for (let match = ALIVE.exec(text); match !== null && members.length < MAX_MEMBERS; match = ALIVE.exec(text)) {
    const [, address, pkiId, msp] = match as unknown as [string, string, string, string];
    const start = ALIVE.lastIndex;
    members.push({ address, pkiId, identity: () => identityOf(text, start, msp, pkiId) });
  }
  return members;
}

/** What tells one fact from another: an identity (64 hex digits are more than enough of it) at an address. */
export function aliveKey(address: string, pkiId: string): string {
  return `${pkiId.slice(0, 16)}@${address}`;
}

function identityOf(text: string, start: number, msp: string, pkiId: string): PartialIdentity | undefined {
  const end = text.indexOf(END, start);
  if (end < 0 || end - start > 20_000) return undefined;
  const body = text.slice(start, end + END.length);
  // The serialised identity holds the PEM with or without a line feed at its end.
  const isOwn = [`${body}\n`, body].some((pem) => createHash('sha256').update(msp).update(pem).digest('hex') === pkiId);
  if (!isOwn) return undefined;
  try {
    const certificate = new X509Certificate(body);
    const name = /(?:^|\n)CN=([^\n]+)/.exec(certificate.subject)?.[1];
    const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    return {
      ...(name === undefined ? {} : { id: identityId(msp, name) }),
      kind: 'peer',
      msp,
      ...(name === undefined ? {} : { name }),
      fingerprint,
      pki_id: pkiId,
    };
  } catch {
    return undefined;
  }
}
