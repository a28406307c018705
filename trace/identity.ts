import { z } from 'zod';

/** What a participant is. `client` covers applications and the `peer` command alike. */
export const PARTICIPANT_KINDS = ['client', 'peer', 'orderer', 'chaincode'] as const;
export type ParticipantKind = (typeof PARTICIPANT_KINDS)[number];

/**
 * A participant as one record knows it. Our own nodes write the whole identity; a stock Go log line often knows only an
 * address, a gossip PKI-ID or a TLS common name. `Network.resolve` completes it from what other records reveal.
 */
export const PartialIdentity = z.looseObject({
  /** MSP ID + '/' + common name of the enrolment certificate, e.g. `Org1MSP/peer0.org1.example.com`. Never an address. */
  id: z.string().optional(),
  kind: z.enum(PARTICIPANT_KINDS).optional(),
  msp: z.string().optional(),
  /** Common name of a certificate (enrolment or TLS), or a node's own name (`peer.id`), without the MSP. */
  name: z.string().optional(),
  /** `host:port`; changes as containers come and go. */
  address: z.string().optional(),
  /** SHA-256 of the enrolment certificate (DER), lower-case hex. */
  fingerprint: z.string().optional(),
  /** Gossip PKI-ID: SHA-256(MSP ID, certificate as the serialised identity holds it), lower-case hex. */
  pki_id: z.string().optional(),
});
export type PartialIdentity = z.infer<typeof PartialIdentity>;

/** A participant as a trace names it. */
export const Identity = z.object({
  id: z.string(),
  kind: z.enum(PARTICIPANT_KINDS),
  msp: z.string().nullable(),
  address: z.string().optional(),
  fingerprint: z.string().optional(),
});
export type Identity = z.infer<typeof Identity>;

/** The canonical participant ID. */
export function identityId(msp: string, commonName: string): string {
  return `${msp}/${commonName}`;
}
