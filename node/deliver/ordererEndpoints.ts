import type { ChannelBundle } from '#node/channel/bundle.ts';

/** Where an orderer's Deliver service is. */
export interface OrdererEndpoint {
  /** `host:port`. */
  readonly address: string;
  /** PEM certificates that its TLS certificate must end in; empty where the configuration names none. */
  readonly tlsRoots: string;
}

/**
 * The orderers of a channel, as its configuration names them: those that organisations list, each with the TLS roots of its own
 * organisation; only where none lists any, those of the whole channel, with the roots of all (Fabric, common/deliverclient/orderers).
 * @param overrides by address in the configuration: where this peer finds that orderer instead
 */
export function ordererEndpoints(
  bundle: ChannelBundle,
  overrides: ReadonlyMap<string, OrdererEndpoint> = new Map(),
): readonly OrdererEndpoint[] {
  const organizations = (bundle.orderer?.organizations ?? []).map(({ mspId, endpoints }) => ({
    endpoints,
    tlsRoots: tlsRootsOf(bundle, mspId),
  }));
  const listed = organizations.some(({ endpoints }) => endpoints.length > 0)
    ? organizations
    : [{ endpoints: bundle.ordererAddresses, tlsRoots: organizations.map(({ tlsRoots }) => tlsRoots).join('') }];
  return listed.flatMap(({ endpoints, tlsRoots }) =>
    endpoints.map((address) => overrides.get(address) ?? { address, tlsRoots }),
  );
}

function tlsRootsOf(bundle: ChannelBundle, mspId: string): string {
  const msp = bundle.mspManager.msp(mspId);
  return [...(msp?.tlsRoots ?? []), ...(msp?.tlsIntermediates ?? [])].map(({ pem }) => pem).join('');
}

/** Whether two sets name the same orderers, in whatever order. */
export function sameEndpoints(one: readonly OrdererEndpoint[], other: readonly OrdererEndpoint[]): boolean {
  const names = (endpoints: readonly OrdererEndpoint[]): string =>
    JSON.stringify(endpoints.map(({ address, tlsRoots }) => `${address} ${tlsRoots}`).toSorted());
  return names(one) === names(other);
}

/** In an order that chance decides, so that a network's peers spread over its orderers. @param random 0 to 1 */
export function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
