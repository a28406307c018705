import { peer } from '@hyperledger/fabric-protos';
import type { CallOptions, GrpcClient } from '#node/grpc/client.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { callError } from './call.ts';
import { ClientError } from './clientError.ts';

const PROCESS_PROPOSAL = '/protos.Endorser/ProcessProposal';
/** From here on a response is an error, and not endorsed (Fabric, `shim.ERRORTHRESHOLD`). */
const ERROR_THRESHOLD = 400;

/** What a peer answered to a proposal. */
export interface ProposalAnswer {
  /** `host:port`. */
  readonly address: string;
  /** What the chaincode returned. */
  readonly response: { readonly status: number; readonly message: string; readonly payload: Uint8Array };
  /** A serialised `protos.ProposalResponsePayload`: what was endorsed. Empty where nothing was. */
  readonly payload: Uint8Array;
  readonly endorsement: peer.Endorsement | null;
}

/**
 * Hands a signed proposal to one peer.
 * @throws ClientError `call`, `bad_answer`; a refusal by the peer or its chaincode is an answer
 */
export async function propose(
  client: GrpcClient,
  signedProposal: Uint8Array,
  options?: CallOptions,
): Promise<ProposalAnswer> {
  const { address } = client;
  try {
    const bytes = await client.unary(PROCESS_PROPOSAL, signedProposal, options);
    const answer = decodeMessage(peer.ProposalResponse, bytes, 'protos.ProposalResponse');
    const response = answer.getResponse();
    if (response === undefined) {
      throw new ClientError('bad_answer', `${address}: a proposal response without a response`, { address });
    }
    return {
      address,
      response: {
        status: response.getStatus(),
        message: response.getMessage(),
        payload: response.getPayload_asU8(),
      },
      payload: answer.getPayload_asU8(),
      endorsement: answer.getEndorsement() ?? null,
    };
  } catch (error) {
    throw callError(error, { address });
  }
}

/** Peers' agreement on one result. */
export interface Endorsements {
  readonly response: ProposalAnswer['response'];
  readonly payload: Uint8Array;
  readonly endorsements: readonly peer.Endorsement[];
}

/**
 * Hands a signed proposal to all of these peers and demands one result of them.
 * @throws ClientError `call`, `bad_answer`, `not_endorsed` of the first peer that has one, `endorsements_differ`
 */
export async function endorse(
  clients: readonly GrpcClient[],
  signedProposal: Uint8Array,
  options?: CallOptions,
): Promise<Endorsements> {
  return agreed(await Promise.all(clients.map((client) => propose(client, signedProposal, options))));
}

/** @throws ClientError `not_endorsed`, `endorsements_differ` */
export function agreed(answers: readonly ProposalAnswer[]): Endorsements {
  const [first] = answers;
  if (first === undefined) {
    throw new ClientError('not_endorsed', 'no peer was asked');
  }
  const endorsements = answers.map(requireEndorsement);
  for (const { address, payload } of answers) {
    if (Buffer.compare(payload, first.payload) !== 0) {
      throw new ClientError('endorsements_differ', `${address} endorsed another result than ${first.address}`, {
        address,
      });
    }
  }
  return { response: first.response, payload: first.payload, endorsements };
}

function requireEndorsement({ address, response, endorsement }: ProposalAnswer): peer.Endorsement {
  const { status, message } = response;
  if (status >= ERROR_THRESHOLD || endorsement === null) {
    const text = message === '' ? 'no reason given' : message;
    throw new ClientError('not_endorsed', `${address} did not endorse (${status}): ${text}`, { address, status });
  }
  return endorsement;
}

/**
 * Asks one peer and keeps nothing: a query.
 * @returns what the chaincode returned
 * @throws ClientError `call`, `bad_answer`, `not_endorsed`
 */
export async function evaluate(
  client: GrpcClient,
  signedProposal: Uint8Array,
  options?: CallOptions,
): Promise<Uint8Array> {
  const { address, response } = await propose(client, signedProposal, options);
  const { status, message } = response;
  if (status >= ERROR_THRESHOLD) {
    throw new ClientError('not_endorsed', `${address} answered ${status}: ${message}`, { address, status });
  }
  return response.payload;
}
