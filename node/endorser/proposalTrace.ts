import type { CallContext } from '#node/grpc/service.ts';
import { headerTypeName } from '#node/protos/enumNames.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import type { Party, Tracer, TransactionStep } from '#node/tracing/tracer.ts';
import { namedFunction } from './namedFunction.ts';
import type { Asked } from './simulateProposal.ts';
import type { ProposedInvocation, ReceivedProposal } from './unpackProposal.ts';

/** What goes back to the client. */
export interface Answer {
  /** A serialised `protos.ProposalResponse`. */
  readonly bytes: Uint8Array;
  readonly status: number;
  readonly message: string;
  readonly endorsed: boolean;
  /** Whether what was endorsed changes nothing. */
  readonly readOnly?: boolean;
}

/** Channel and transaction IDs are as long as a client makes them; what is longer than this is none. */
const MAX_ID = 256;
const NO_STEP_STATUS = 500;

/** The records of one proposal: written when it came and before it is answered, whatever becomes of it. */
export class ProposalTrace {
  readonly asked: Asked;
  readonly #tracer: Tracer;
  readonly #step: TransactionStep | null;
  readonly #start = performance.now();

  constructor(proposal: ReceivedProposal, invocation: ProposedInvocation | null, context: CallContext, tracer: Tracer) {
    const { channelId, txId } = proposal;
    const caller = callerOf(proposal, context);
    this.asked = { caller, signal: context.signal, traceparent: context.traceparent };
    this.#tracer = tracer;
    const chaincode = invocation?.chaincode;
    this.#step =
      txId === '' || txId.length > MAX_ID || channelId.length > MAX_ID
        ? null
        : {
            channelId,
            txId,
            type: headerTypeName(proposal.type),
            caller,
            ...(chaincode === undefined || chaincode.length > MAX_ID ? {} : { chaincode }),
            ...(invocation === null ? {} : namedFunction(invocation.input)),
            traceparent: context.traceparent,
          };
    if (this.#step !== null) {
      tracer.endorseRequest(this.#step);
    }
  }

  get durationUs(): number {
    return Math.round((performance.now() - this.#start) * 1000);
  }

  answered({ status, message, endorsed, readOnly }: Answer): void {
    this.#respond(status, endorsed || message === '' ? null : message, readOnly);
  }

  /** The call ended with an error. */
  refused(error: string): void {
    this.#respond(NO_STEP_STATUS, error);
  }

  #respond(status: number, error: string | null, readOnly?: boolean): void {
    if (this.#step !== null) {
      const { durationUs } = this;
      this.#tracer.endorseResponse({
        ...this.#step,
        status,
        durationUs,
        ...(error === null ? {} : { error }),
        ...(readOnly === undefined ? {} : { readOnly }),
      });
    }
  }
}

/** Who is said to have made the proposal, and where it came from: a gateway forwards what others made. */
function callerOf({ creator }: ReceivedProposal, { address }: CallContext): Party {
  try {
    const identity = IdentityView.fromBytes(creator);
    const { role } = identity;
    return { identity, kind: role === 'peer' || role === 'orderer' ? role : 'client', address };
  } catch (error) {
    if (!(error instanceof ProtoError)) {
      throw error;
    }
    return { kind: 'client', address };
  }
}
