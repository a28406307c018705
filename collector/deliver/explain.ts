import { DeliverError } from '#node/deliver/deliverClient.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { messageOf } from '../errors.ts';
import type { DeliverTarget } from './targets.ts';

/**
 * Why blocks do not come.
 *
 * - `bad_material`: a certificate, key or folder that is named cannot be used;
 * - `unreachable`: nobody answers at the address; `tls`: the two do not trust each other's certificates;
 * - `no_access`: the identity may not read the channel; `no_channel`: the node has not joined it, or lacks its first blocks;
 * - `refused`: the request itself, mostly for a clock that is off; `unavailable`: the node cannot serve the channel now;
 * - `no_service`: no Deliver service there; `no_answer`: what came is none, or it hung up;
 * - `other_ledger`: its blocks do not follow those that were read before.
 */
export type DeliverFaultCode =
  | 'bad_material'
  | 'unreachable'
  | 'tls'
  | 'no_access'
  | 'no_channel'
  | 'refused'
  | 'unavailable'
  | 'no_service'
  | 'no_answer'
  | 'other_ledger';

export class DeliverFault extends Error {
  override readonly name = 'DeliverFault';
  readonly code: DeliverFaultCode;

  constructor(code: DeliverFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What went wrong, in a sentence that says what to do about it. @param channel null before any was asked for */
export function explain(error: unknown, target: DeliverTarget, channel: string | null): DeliverFault {
  if (error instanceof DeliverFault) return error;
  const [code, message] = told(error, target, channel ?? '');
  return new DeliverFault(code, message, { cause: error });
}

function told(error: unknown, target: DeliverTarget, channel: string): readonly [DeliverFaultCode, string] {
  if (error instanceof DeliverError) return answered(error, target, channel);
  if (error instanceof RpcError) return broken(error, target);
  return ['bad_material', `${target.address}: ${messageOf(error)}`];
}

function answered(error: DeliverError, target: DeliverTarget, channel: string): readonly [DeliverFaultCode, string] {
  const { address, mspId, msp, from } = target;
  switch (error.status) {
    case 'FORBIDDEN':
      return [
        'no_access',
        `${address} does not let the identity in ${msp} (${mspId}) read the blocks of channel ${channel}: use one of a member of the channel that its policy for event/Block (unless changed /Channel/Application/Readers) lets read, with a certificate that is not expired`,
      ];
    case 'NOT_FOUND':
      return [
        'no_channel',
        `${address} does not have channel ${channel}${from === 0 ? ', or its ledger began with a snapshot' : ` from block ${from} on`}: look with \`peer channel list\` there, and set \`from\` to the first block that it has`,
      ];
    case 'BAD_REQUEST':
      return [
        'refused',
        `${address} refuses the request: this machine's clock may differ too much from its own (15 minutes unless its peer.authentication.timewindow says otherwise), or it binds requests to TLS client certificates (clientCertificate)`,
      ];
    case 'SERVICE_UNAVAILABLE':
      return ['unavailable', `${address} cannot serve channel ${channel} now; it is asked again`];
    default:
      return ['no_answer', error.message];
  }
}

function broken(error: RpcError, target: DeliverTarget): readonly [DeliverFaultCode, string] {
  const { address, tlsRoots, serverName, service } = target;
  const { message } = error;
  if (/altnames|Hostname\/IP does not match/i.test(message)) {
    const name = serverName ?? address.replace(/:\d+$/, '');
    return [
      'tls',
      `${address} shows a TLS certificate for another name than ${name}: set \`serverName\` to a name in it (${message})`,
    ];
  }
  if (/certificate|self.signed|issuer|CERT_|UNABLE_TO/i.test(message)) {
    return [
      'tls',
      `${address} and this client do not trust each other's TLS certificates: \`tlsRoots\` (${tlsRoots ?? 'not set: no TLS'}) must be that of the authority which issued the node's; a node that demands one of clients needs \`clientCertificate\` (${message})`,
    ];
  }
  if (error.status === 'INVALID_ARGUMENT') return ['bad_material', `${address}: ${message}`];
  if (error.status === 'UNIMPLEMENTED') {
    return [
      'no_service',
      `${address} has no Deliver service of the kind \`${service}\`: is it a peer or an orderer (\`service\`)?`,
    ];
  }
  const hint = tlsRoots === undefined ? ' (without TLS: a node with TLS needs `tlsRoots`)' : ' (with TLS)';
  return ['unreachable', `${address} cannot be reached${hint}: ${message}`];
}
