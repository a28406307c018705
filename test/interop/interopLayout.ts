import { stringify } from 'yaml';
import type { Environment } from './goTools.ts';

/** By whom something is made, or run. */
export type Maker = 'ours' | 'go';

export interface InteropOptions {
  /** Of identities and genesis blocks. */
  readonly material: Maker;
  /** Of nodes, by full name; ours unless named. */
  readonly nodes?: Readonly<Record<string, Maker>>;
  /** Number of peers of each organisation. */
  readonly organizations: Readonly<Record<string, number>>;
  /** Default 1. */
  readonly orderers?: number;
  /** Ordered in the way that bears with orderers that lie; its genesis block is configtxgen's. */
  readonly bft?: boolean;
  /** Whether all nodes want to know who calls, by TLS certificates. */
  readonly mutualTls?: boolean;
  /** Settings of a peer beyond its `core.yaml`, as variables of its environment. */
  readonly peers?: (host: string) => Environment;
  /** Of `mychannel`, from its beginning; default: all with peers. */
  readonly members?: readonly string[];
}

export const CHANNEL = 'mychannel';
const DOMAIN = 'example.com';

/** Full names of that many orderers, as the network names them. */
export function ordererHosts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `orderer${count === 1 ? '' : index}.${DOMAIN}`);
}

/** For `ftl network create`. */
export function layoutText({ organizations, members, orderers = 1 }: InteropOptions): string {
  const peer = { port: 0, chaincodePort: 0, operationsPort: 0 };
  return stringify(
    {
      organizations: [
        {
          name: 'Orderer',
          domain: DOMAIN,
          orderers: ordererHosts(orderers).map((host) => ({
            name: host.slice(0, -DOMAIN.length - 1),
            port: 0,
            adminPort: 0,
            operationsPort: 0,
          })),
        },
        ...Object.entries(organizations).map(([name, count]) => ({
          name,
          peers: Array.from({ length: count }, () => peer),
        })),
      ],
      channels: [
        {
          name: CHANNEL,
          batch: { timeout: '200ms', maxMessageCount: 10 },
          ...(members === undefined ? {} : { organizations: members }),
        },
      ],
      chaincodes: [],
    },
    { aliasDuplicateObjects: false },
  );
}
