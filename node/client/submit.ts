import type { Signer } from '#node/crypto/sign.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { VALID } from '#node/protos/enumNames.ts';
import type { Broadcaster } from './broadcast.ts';
import { ClientError } from './clientError.ts';
import type { CommitStatus, CommitWatcher } from './commitWatcher.ts';
import { endorse } from './endorse.ts';
import { createProposal, type ProposalRequest, signProposal } from './proposal.ts';
import { assembleTransaction } from './transaction.ts';

/** Whom a transaction goes through. */
export interface Route {
  readonly signer: Signer;
  readonly endorsers: readonly GrpcClient[];
  readonly orderer: Pick<Broadcaster, 'send'>;
  readonly commits: Pick<CommitWatcher, 'wait'>;
}

export interface Submitted extends CommitStatus {
  /** What the chaincode returned. */
  readonly payload: Uint8Array;
}

/**
 * A transaction from its proposal to its commit.
 * @throws ClientError `not_valid` where it is in a block but has no effect, and those of each step; the signal's reason
 */
export async function submit(request: ProposalRequest, route: Route, signal: AbortSignal): Promise<Submitted> {
  const { signer, endorsers, orderer, commits } = route;
  const proposal = createProposal(request, signer);
  const { txId } = proposal;
  const endorsed = await endorse(endorsers, await signProposal(proposal, signer), { signal });
  const envelope = await assembleTransaction(proposal, endorsed, signer);
  const giveUp = new AbortController();
  const committed = commits.wait(txId, AbortSignal.any([signal, giveUp.signal]));
  committed.catch(() => {});
  try {
    await orderer.send(envelope, signal);
    const status = await committed;
    if (status.code !== VALID) {
      const message = `transaction ${txId} is not valid: ${status.codeName}`;
      throw new ClientError('not_valid', message, { txId, status: status.codeName });
    }
    return { ...status, payload: endorsed.response.payload };
  } finally {
    giveUp.abort();
  }
}
