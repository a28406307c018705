import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { ChaincodeLayout, Layout, OrganizationLayout, PortWish } from './layout.ts';
import { NetworkError } from './networkError.ts';

/** Where all of a local network listens. */
export const HOST = '127.0.0.1';

const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 100;

/**
 * Chooses every port of a layout: those that it names as they are, others the usual ones where free, else any.
 * @throws NetworkError `port_taken` for one that the layout names
 */
export async function choosePorts(layout: Layout<PortWish>): Promise<Layout> {
  const held: Server[] = [];
  // Held until all are chosen, so that none is given twice.
  const choose = async (what: string, { number, fixed }: PortWish): Promise<number> => {
    const server = (number === 0 ? null : await listen(number)) ?? (fixed ? null : await listenAnywhere());
    if (server === null) {
      throw portTaken(what, number);
    }
    held.push(server);
    return portOf(server);
  };
  try {
    // What is named goes first: a free port chosen for another must not be it.
    const named = new Map<PortWish, number>();
    for (const [what, wish] of wishesOf(layout).toSorted(([, a], [, b]) => Number(b.fixed) - Number(a.fixed))) {
      named.set(wish, await choose(what, wish));
    }
    const of = (wish: PortWish): number => named.get(wish) as number;
    return layoutWith(layout, of);
  } finally {
    await Promise.all(held.map(close));
  }
}

type PortOf = (wish: PortWish) => number;

/** A layout with its ports as numbers. */
export function layoutWith(layout: Layout<PortWish>, of: PortOf): Layout {
  return {
    organizations: layout.organizations.map((one) => organizationWith(one, of)),
    channels: layout.channels,
    chaincodes: layout.chaincodes.map((one) => chaincodeWith(one, of)),
  };
}

function organizationWith(one: OrganizationLayout<PortWish>, of: PortOf): OrganizationLayout {
  return {
    ...one,
    peers: one.peers.map(({ name, host, port, chaincodePort, operationsPort }) => ({
      name,
      host,
      port: of(port),
      chaincodePort: of(chaincodePort),
      operationsPort: of(operationsPort),
    })),
    orderers: one.orderers.map(({ name, host, port, adminPort, operationsPort }) => ({
      name,
      host,
      port: of(port),
      adminPort: of(adminPort),
      operationsPort: of(operationsPort),
    })),
  };
}

function chaincodeWith(one: ChaincodeLayout<PortWish>, of: PortOf): ChaincodeLayout {
  return { ...one, port: one.port === null ? null : of(one.port) };
}

function wishesOf({ organizations, chaincodes }: Layout<PortWish>): [string, PortWish][] {
  return [
    ...organizations.flatMap(({ peers }) =>
      peers.flatMap((one): [string, PortWish][] => [
        [one.host, one.port],
        [`${one.host} (chaincode)`, one.chaincodePort],
        [`${one.host} (operations)`, one.operationsPort],
      ]),
    ),
    ...organizations.flatMap(({ orderers }) =>
      orderers.flatMap((one): [string, PortWish][] => [
        [one.host, one.port],
        [`${one.host} (admin)`, one.adminPort],
        [`${one.host} (operations)`, one.operationsPort],
      ]),
    ),
    ...chaincodes.flatMap((one): [string, PortWish][] =>
      one.port === null ? [] : [[`chaincode ${one.name}`, one.port]],
    ),
  ];
}

/**
 * A free port below those that systems give to outgoing connections: one of these would be found taken at some later start, by
 * whatever program.
 */
async function listenAnywhere(): Promise<Server | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const server = await listen(randomInt(LOWEST, HIGHEST));
    if (server !== null) {
      return server;
    }
  }
  return listen(0);
}

/** @throws NetworkError `port_taken` */
export async function requireFree(what: string, port: number): Promise<void> {
  const server = await listen(port);
  if (server === null) {
    throw portTaken(what, port);
  }
  await close(server);
}

/** @throws what the system says where nobody listens at a port */
export async function accepts(port: number): Promise<void> {
  const socket = connect({ host: HOST, port });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

function portTaken(what: string, port: number): NetworkError {
  return new NetworkError(
    'port_taken',
    `port ${port} of ${what} is in use by another program: end that one, or make the network anew while it runs (or with port 0), so that it takes free ones`,
  );
}

/** Null where the port is in use, or not ours to use. */
async function listen(port: number): Promise<Server | null> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<Server | null>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' || error.code === 'EACCES') {
      resolve(null);
    } else {
      reject(error);
    }
  });
  server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  return promise;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
}
