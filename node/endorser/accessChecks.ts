import type { MspIdentity } from '#node/msp/mspIdentity.ts';
import type { GuardedChannel } from '#node/peer/accessControl.ts';
import type { SignedData } from '#node/policy/policy.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import { unpackHeaders } from './unpackProposal.ts';

/** What endorsing needs of the peer's access control. */
export interface AccessChecks {
  /**
   * @param channel null for a request outside any channel
   * @param verified whose signature this is, where it was found to hold already, by the same channel's MSPs
   * @throws AccessError
   */
  check(resource: string, channel: GuardedChannel | null, signed: SignedData, verified?: MspIdentity): Promise<void>;
}

/** The signature of a proposal, for who holds no more than the proposal. @throws EndorserError `malformed` */
export function signedDataOf(proposal: SignedProposalMessage): SignedData {
  const { bytes, creator, signature } = unpackHeaders(proposal);
  return { data: bytes, identity: creator, signature };
}
