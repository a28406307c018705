import type { CallContext, GrpcService } from '#node/grpc/service.ts';
import { ChaincodeError } from './chaincodeError.ts';
import type { ShimStream } from './shim/shimStream.ts';
import { OutgoingMessages, type ShimTransport, untilAborted } from './shim/shimTransport.ts';

/** Speaks with one chaincode that came by itself. @param packageId what its certificate was given for; null without TLS */
export type Accept = (transport: ShimTransport, packageId: string | null) => ShimStream;

export interface ListenerModules {
  readonly accept: Accept;
  /** Null where the listener has no TLS. */
  readonly packageIdOf: ((certificateHash: Uint8Array) => string | null) | null;
}

/**
 * Where chaincode registers: `protos.ChaincodeSupport`, served on an address of its own (`peer.chaincodeListenAddress`), or on the
 * peer's.
 */
export function chaincodeListener(modules: ListenerModules): GrpcService {
  return {
    name: 'protos.ChaincodeSupport',
    methods: { Register: { kind: 'stream', handle: (requests, context) => register(requests, context, modules) } },
  };
}

async function* register(
  requests: AsyncIterable<Uint8Array>,
  context: CallContext,
  { accept, packageIdOf }: ListenerModules,
): AsyncGenerator<Uint8Array, void> {
  const packageId = packageIdOf === null ? null : authenticate(context, packageIdOf);
  const outgoing = new OutgoingMessages();
  const over = new AbortController();
  const end = (): void => {
    over.abort();
    outgoing.end();
  };
  context.signal.addEventListener('abort', end, { once: true });
  const stream = accept(
    { messages: untilAborted(requests, over.signal), send: (message) => outgoing.send(message), cancel: end },
    packageId,
  );
  const spoken = stream.run();
  // Whatever ends it is thrown below.
  spoken.catch(() => {});
  try {
    yield* outgoing;
    await spoken;
  } finally {
    context.signal.removeEventListener('abort', end);
    end();
  }
}

/** @throws ChaincodeError `protocol` (core/chaincode/accesscontrol/access.go) */
function authenticate(context: CallContext, packageIdOf: (certificateHash: Uint8Array) => string | null): string {
  if (context.certificate === null) {
    throw new ChaincodeError('protocol', "TLS is active but chaincode didn't send certificate");
  }
  const packageId = packageIdOf(context.certificate.hash);
  if (packageId === null) {
    throw new ChaincodeError('protocol', 'Chaincode with given certificate hash not found in registry');
  }
  return packageId;
}
