import type { Identity } from '../api/types.ts';

/** `be8ab01d…4ff7`; short IDs as they are. */
export function shortTxId(txId: string): string {
  return txId.length > 20 ? `${txId.slice(0, 8)}…${txId.slice(-4)}` : txId;
}

/** The part of an identity ID after the MSP: `Org1MSP/peer0.org1.example.com` → `peer0.org1.example.com`. */
export function commonName(id: string): string {
  const slash = id.indexOf('/');
  return slash < 0 ? id : id.slice(slash + 1);
}

/** MSP ID of an identity ID; null for an address or a bare name. */
export const mspOf = (id: string): string | null => (id.indexOf('/') > 0 ? id.slice(0, id.indexOf('/')) : null);

/** `Org1MSP` → `Org1`; what has no MSP is null. */
export function organisation(msp: string | null): string | null {
  return msp === null ? null : msp.replace(/MSP$/, '') || msp;
}

const isAddress = (name: string) => /^[\d.:[\]]+$/.test(name);

function brief(name: string): string {
  if (isAddress(name)) return name;
  const at = name.indexOf('@');
  if (at >= 0) return `${name.slice(0, at)}@${name.slice(at + 1).split('.')[0] ?? ''}`;
  const labels = name.split('.');
  // An orderer's domain is often the network's own (`orderer1.example.com`); a peer's carries its organisation first.
  return labels.length <= 3 ? (labels[0] ?? name) : labels.slice(0, 2).join('.');
}

/**
 * Names as short as they can be while no two participants share one: `peer0.org1`, `orderer1`, `User1@org1`; whole common names,
 * then whole IDs, for those that would clash.
 */
export function displayNames(ids: Iterable<string>): Map<string, string> {
  const names = new Map<string, string>();
  let open = [...new Set(ids)];
  for (const form of [(id: string) => brief(commonName(id)), commonName, (id: string) => id]) {
    const count = new Map<string, number>();
    for (const id of open) count.set(form(id), (count.get(form(id)) ?? 0) + 1);
    for (const id of open) if (count.get(form(id)) === 1) names.set(id, form(id));
    open = open.filter((id) => !names.has(id));
  }
  return names;
}

const KINDS: Record<Identity['kind'], string> = {
  client: 'client',
  peer: 'peer',
  orderer: 'orderer',
  chaincode: 'chaincode',
};

/** The kind, guessed from the ID where a trace names somebody who is no participant (a missing peer). */
export function kindName(identity: Identity | undefined): string {
  return identity ? KINDS[identity.kind] : 'peer';
}
