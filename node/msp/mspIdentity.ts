import type { KeyObject } from 'node:crypto';
import type { msp } from '@hyperledger/fabric-protos';

/**
 * An identity as its MSP sees it. Having one means that the certificate could be read and (for certificates signed with ECDSA)
 * chains to a root; `validate` tells whether it is a member in good standing.
 */
export interface MspIdentity {
  readonly mspId: string;
  /** Hex digest of the certificate, after its signature was brought to low-S form: with `mspId`, what tells identities apart. */
  readonly id: string;
  /** Of the certificate; null where a subject has none. */
  readonly commonName: string | null;
  readonly organizationalUnits: readonly string[];
  /** The certificate as it was carried (PEM in Fabric). */
  readonly idBytes: Uint8Array;
  /** DER, after its signature was brought to low-S form. */
  readonly der: Uint8Array;
  readonly publicKey: KeyObject;
  /** Gossip's name of the holder, lower-case hex. */
  readonly pkiId: string;
  readonly expiresAt: Date;
  /** MSP ID and common name (else the digest), as traces name a node: `Org1MSP/peer0.org1.example.com`. */
  readonly label: string;

  /**
   * Key algorithm, chain, revocation and organisational units. As in Fabric, the certificate's own validity period plays no part,
   * unless `at` is given.
   * @throws MspError
   */
  validate(at?: Date): void;

  /** Never rejects: a signature that cannot be read is one that does not verify. */
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean>;

  /** Null if it does, else why not. */
  satisfies(principal: msp.MSPPrincipal): string | null;
}

/** What policies need of MSPs: the manager of a channel, or one MSP. */
export interface IdentityDeserializer {
  /**
   * @param bytes a serialised `msp.SerializedIdentity`
   * @throws MspError
   */
  deserializeIdentity(bytes: Uint8Array): MspIdentity;
}
