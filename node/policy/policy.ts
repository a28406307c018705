import type { MspIdentity } from '#node/msp/mspIdentity.ts';

/** A signature with what it covers and who is said to have made it. */
export interface SignedData {
  readonly data: Uint8Array;
  /** A serialised `msp.SerializedIdentity`. */
  readonly identity: Uint8Array;
  readonly signature: Uint8Array;
}

/** A principal, in the words of the policy language (`Org1MSP.peer`), and who stands for it. */
export interface SatisfiedPrincipal {
  readonly principal: string;
  readonly identity: MspIdentity;
}

/** A principal that nobody stands for, and why each one that could have does not. */
export interface UnsatisfiedPrincipal {
  readonly principal: string;
  readonly reasons: readonly string[];
}

/** A signature that did not count: its place in the set, and why. */
export interface RejectedSignature {
  readonly index: number;
  readonly reason: string;
}

export interface PolicyVerdict {
  readonly satisfied: boolean;
  /** The policy as a person writes it. */
  readonly expression: string;
  /** Principals met, in the order of the policy. */
  readonly satisfiedBy: readonly SatisfiedPrincipal[];
  /** Principals that were not met, whether or not the policy needed them. */
  readonly unsatisfied: readonly UnsatisfiedPrincipal[];
  /** Empty where only identities were asked about. */
  readonly rejected: readonly RejectedSignature[];
  /** One sentence for people. */
  readonly reason: string;
  /** What Fabric says where it is not satisfied, for those who look for its words; null where it is. */
  readonly refusal: string | null;
}

export interface Policy {
  /** As a person writes it: `OR('Org1MSP.peer','Org2MSP.peer')`, `MAJORITY Endorsement`. */
  readonly expression: string;

  /**
   * Checks signatures (in parallel), drops those that do not hold and all but the first of each identity, then asks the policy.
   * Never rejects because of what it is given.
   */
  evaluate(signed: readonly SignedData[]): Promise<PolicyVerdict>;

  /**
   * Asks the policy about identities whose signatures were checked already, in the order given. Callers drop duplicates, as
   * Fabric's do (`validIdentities` gives such a list).
   */
  evaluateIdentities(identities: readonly MspIdentity[]): PolicyVerdict;
}
