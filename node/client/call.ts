import { RpcError } from '#node/grpc/rpcError.ts';
import { ClientError, type ClientErrorDetails } from './clientError.ts';
import { ProtoError } from '#node/protos/protoError.ts';

/** Says of an error which node it came from; errors that say so already stay as they are. */
export function callError(error: unknown, details: ClientErrorDetails & { readonly address: string }): unknown {
  if (error instanceof RpcError) {
    return new ClientError('call', `${details.address}: ${error.status}: ${error.message}`, {
      ...details,
      status: error.status,
      cause: error,
    });
  }
  if (error instanceof ProtoError) {
    return new ClientError('bad_answer', `${details.address}: ${error.message}`, { ...details, cause: error });
  }
  return error;
}
