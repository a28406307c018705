import { type common, peer } from '@hyperledger/fabric-protos';
import { RpcError } from '#node/grpc/rpcError.ts';
import type { GrpcService, Method } from '#node/grpc/service.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { decodeMessage, type MessageType } from '#node/protos/strictReader.ts';
import { type AccessControl, AccessError } from './accessControl.ts';
import { PeerChannelError } from './peerChannelError.ts';
import type { SnapshotRequests } from './snapshotRequests.ts';

export interface SnapshotServiceModules {
  readonly access: AccessControl;
  readonly channels: { channel(channelId: string): { readonly snapshots: SnapshotRequests } | null };
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Request {
  readonly header: common.SignatureHeader | undefined;
  readonly channelId: string;
}

const NOTHING = new Uint8Array(0);

/** `protos.Snapshot`: for the administrators of the peer's own organisation (Fabric, core/ledger/snapshotgrpc). */
export function snapshotService(modules: SnapshotServiceModules): GrpcService {
  const { access, channels, now = Date.now } = modules;

  async function requests(resource: string, signed: peer.SignedSnapshotRequest, request: Request) {
    const { header, channelId } = request;
    if (header === undefined) {
      throw failed('missing signature header');
    }
    const identity = header.getCreator_asU8();
    if (expired(identity, now())) {
      throw failed('client identity expired');
    }
    await access.check(resource, null, {
      identity,
      data: signed.getRequest_asU8(),
      signature: signed.getSignature_asU8(),
    });
    if (channelId === '') {
      throw failed('missing channel ID');
    }
    const channel = channels.channel(channelId);
    if (channel === null) {
      throw failed(`cannot find ledger for channel ${channelId}`);
    }
    return channel.snapshots;
  }

  return {
    name: 'protos.Snapshot',
    methods: {
      Generate: unary(async (signed) => {
        const request = read(peer.SnapshotRequest, signed);
        await (await requests('snapshot/submitrequest', signed, partsOf(request))).submit(request.getBlockNumber());
        return NOTHING;
      }),
      Cancel: unary(async (signed) => {
        const request = read(peer.SnapshotRequest, signed);
        await (await requests('snapshot/cancelrequest', signed, partsOf(request))).cancel(request.getBlockNumber());
        return NOTHING;
      }),
      QueryPendings: unary(async (signed) => {
        const query = read(peer.SnapshotQuery, signed);
        const response = new peer.QueryPendingSnapshotsResponse();
        const pending = (await requests('snapshot/listpending', signed, partsOf(query))).pending();
        response.setBlockNumbersList([...pending]);
        return response.serializeBinary();
      }),
    },
  };
}

/** What the client did wrong ends the call with UNKNOWN and Fabric's words, as an error does in Go. */
function unary(answer: (signed: peer.SignedSnapshotRequest) => Promise<Uint8Array>): Method {
  return {
    kind: 'unary',
    async handle(bytes) {
      let signed: peer.SignedSnapshotRequest;
      try {
        signed = decodeMessage(peer.SignedSnapshotRequest, bytes, 'protos.SignedSnapshotRequest');
      } catch (cause) {
        const message = `grpc: error unmarshalling request: ${(cause as Error).message}`;
        throw new RpcError('INTERNAL', message, { cause });
      }
      try {
        return await answer(signed);
      } catch (cause) {
        if (cause instanceof AccessError || cause instanceof PeerChannelError) {
          throw new RpcError('UNKNOWN', cause.message, { cause });
        }
        throw cause;
      }
    },
  };
}

function read<T extends object>(type: MessageType<T>, signed: peer.SignedSnapshotRequest): T {
  try {
    return decodeMessage(type, signed.getRequest_asU8(), 'protos.SnapshotRequest');
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new RpcError('UNKNOWN', `failed to unmarshal snapshot request: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function partsOf(request: peer.SnapshotRequest | peer.SnapshotQuery): Request {
  return { header: request.getSignatureHeader(), channelId: request.getChannelId() };
}

function failed(message: string): RpcError {
  return new RpcError('UNKNOWN', message);
}

/** Of what is no certificate nothing is said here: the access control will. */
function expired(identity: Uint8Array, at: number): boolean {
  try {
    const { certificate } = IdentityView.fromBytes(identity);
    return certificate !== null && at > certificate.x509.validToDate.getTime();
  } catch (error) {
    if (error instanceof ProtoError) {
      return false;
    }
    throw error;
  }
}
