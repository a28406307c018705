import type { Identity, PartialIdentity } from '../identity.ts';
import type { Evidence, Item } from './evidence.ts';
import { isKnownNode } from './networkIndex.ts';

/** Who asked for the transaction, and through which gateway peers. */
export interface Actors {
  /** Whoever signed the transaction, or a stand-in: `client`, or `MSP/client` where only the organisation is known. */
  readonly client: Identity;
  readonly clientKnown: boolean;
  /** Peers that acted as gateway, first come first. */
  readonly gateways: readonly Identity[];
  /** The gateway that sent the transaction to the ordering service. */
  readonly submitter: Identity | null;
}

const UNKNOWN_CLIENT: Identity = { id: 'client', kind: 'client', msp: null };

export function findActors(evidence: Evidence): Actors {
  let proved: Identity | null = null;
  let named: Identity | null = null;
  let msp: string | null = null;
  let submitter: Identity | null = null;
  const gateways: Identity[] = [];
  const gateway = (peer: Identity | null) => {
    if (peer && peer.kind === 'peer' && !gateways.some(({ id }) => id === peer.id)) gateways.push(peer);
  };
  for (const item of evidence.tx) {
    const { sender, creator } = item.ftl;
    switch (item.point) {
      case 'block.tx':
        if (sender?.id !== undefined) proved ??= item.sender;
        break;
      case 'endorse.caller':
      case 'endorse.result':
      case 'gateway.evaluate':
        gateway(item.sender);
        break;
      case 'gateway.submit':
        gateway(item.sender);
        submitter ??= item.sender;
        break;
      case 'gateway.endorse':
      case 'gateway.commit_status':
        gateway(item.receiver);
        break;
    }
    if (creator?.id !== undefined) named ??= evidence.network.resolve(creator);
    else if (creator?.msp !== undefined) msp ??= creator.msp;
    if (sender?.kind === 'client') {
      if (sender.id !== undefined) named ??= item.sender;
      else if (sender.msp !== undefined) msp ??= sender.msp;
    }
  }
  const known = proved ?? named;
  if (known) return { client: known, clientKnown: true, gateways, submitter };
  const client: Identity = msp === null ? UNKNOWN_CLIENT : { id: `${msp}/client`, kind: 'client', msp };
  return { client, clientKnown: false, gateways, submitter };
}

/**
 * The caller that a record of the called node names, if it says who that is: an identity, or a name that a known node has.
 * The address of a caller is the ephemeral port of a client and says nothing.
 */
export function namedCaller(evidence: Evidence, item: Item): Identity | null {
  const partial: PartialIdentity | undefined = item.ftl.sender;
  if (partial === undefined || item.sender === null) return null;
  if (partial.id !== undefined) return item.sender;
  if (partial.name === undefined && partial.fingerprint === undefined && partial.pki_id === undefined) return null;
  return isKnownNode(evidence.network, item.sender.id) ? item.sender : null;
}
