import type { Signer } from '#node/crypto/sign.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { common } from '@hyperledger/fabric-protos';
import { type DeliverAnswer, readResponse, statusName } from './deliverResponse.ts';
import { seekEnvelope, type SeekRequest } from './seekEnvelope.ts';

const PATHS = {
  orderer: '/orderer.AtomicBroadcast/Deliver',
  peer: '/protos.Deliver/Deliver',
} as const;

/** `status`: the service ended with something other than SUCCESS; `malformed`: what it sent is no answer; `ended`: it hung up without a status. */
export type DeliverErrorCode = 'status' | 'malformed' | 'ended';

/** Why blocks come no more, where it is not the connection: that is an RpcError. */
export class DeliverError extends Error {
  override readonly name = 'DeliverError';
  readonly code: DeliverErrorCode;
  /** Name of a `common.Status`, such as `FORBIDDEN`; null where there was none. */
  readonly status: string | null;

  constructor(code: DeliverErrorCode, message: string, status: string | null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

export interface DeliverBlocksRequest extends SeekRequest {
  readonly client: GrpcClient;
  /** Which of the two services the other end has. */
  readonly service: 'orderer' | 'peer';
  readonly signer: Signer;
  readonly signal: AbortSignal;
}

/**
 * Blocks from any Deliver service, ours or Go's. Nothing is checked but that each decodes: number, hashes and signatures are for the
 * caller to look at. The next one is read when it is asked for. Ends after the last block that was asked for.
 *
 * @throws DeliverError; RpcError where the connection cannot be made or breaks; the signal's reason
 */
export async function* deliverBlocks(request: DeliverBlocksRequest): AsyncGenerator<BlockView, void> {
  const { client, service, signer, signal } = request;
  signal.throwIfAborted();
  const envelope = await seekEnvelope(request, signer);
  const stream = client.stream(PATHS[service], { signal });
  try {
    await stream.send(envelope);
    for await (const bytes of stream) {
      const answer = decoded(bytes, client.address);
      if (answer.kind === 'status') {
        if (answer.status === common.Status.SUCCESS) {
          stream.end();
          return;
        }
        const status = statusName(answer.status);
        throw new DeliverError(
          'status',
          `${client.address} answered ${status} for channel ${request.channelId}`,
          status,
        );
      }
      if (answer.kind !== 'block') {
        throw new DeliverError('malformed', `${client.address} sent something other than a block`, null);
      }
      yield answer.block;
    }
    signal.throwIfAborted();
    throw new DeliverError('ended', `${client.address} hung up without sending status`, null);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stream.cancel();
  }
}

function decoded(bytes: Uint8Array, address: string): DeliverAnswer {
  try {
    return readResponse(bytes);
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new DeliverError('malformed', `${address} sent what is no answer: ${cause.message}`, null, { cause });
    }
    throw cause;
  }
}
