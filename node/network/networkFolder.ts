import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout, OrganizationLayout } from './layout.ts';
import { readLayout } from './layout.ts';
import { type OrganizationPaths, organizationPaths } from './material/materialPaths.ts';
import { NetworkError } from './networkError.ts';
import { layoutWith } from './ports.ts';

/** Where everything of a network lies. */
export class NetworkFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get layout(): string {
    return join(this.path, 'network.yaml');
  }

  /** Names and addresses of the nodes, for a collector. */
  get nodes(): string {
    return join(this.path, 'nodes.yaml');
  }

  /** Whose Deliver service tells what the blocks hold: for the collector. */
  get deliver(): string {
    return join(this.path, 'deliver.yaml');
  }

  get cryptoConfig(): string {
    return join(this.path, 'crypto-config');
  }

  organization({ domain, peers }: Pick<OrganizationLayout, 'domain' | 'peers'>): OrganizationPaths {
    return organizationPaths(this.cryptoConfig, peers.length > 0 ? 'peer' : 'orderer', domain);
  }

  genesisBlock(channel: string): string {
    return join(this.path, 'channels', `${channel}.block`);
  }

  /** `core.yaml` or `orderer.yaml` of a node: what FABRIC_CFG_PATH points to. */
  node(host: string): NodePaths {
    const folder = join(this.path, 'nodes', host);
    return {
      folder,
      data: join(folder, 'data'),
      log: join(folder, 'log', 'node.log'),
      records: join(folder, 'log', `${host}.ndjson`),
      pid: join(folder, 'process.json'),
    };
  }

  chaincode(name: string): Omit<NodePaths, 'data' | 'records'> & { package(label: string): string } {
    const folder = join(this.path, 'chaincodes', name);
    return {
      folder,
      log: join(folder, 'log', 'chaincode.log'),
      pid: join(folder, 'process.json'),
      package: (label) => join(folder, `${label}.tar.gz`),
    };
  }

  /** Without its ending; there are `.json` and `.yaml`. */
  connectionProfile(organization: string): string {
    return join(this.path, 'connections', `connection-${organization.toLowerCase()}`);
  }

  /** Where Prometheus finds the nodes' metrics, for its file-based discovery. */
  get prometheusTargets(): string {
    return join(this.path, 'connections', 'prometheus-targets.json');
  }

  /** For the load generator Tape. */
  tape(channel: string): { readonly config: string; readonly policy: string } {
    const path = join(this.path, 'connections', `tape-${channel}`);
    return { config: `${path}.yaml`, policy: `${path}.rego` };
  }

  /** Pattern of the files that all nodes write their records to, those that were rotated among them. */
  get records(): string {
    return join(this.path, 'nodes', '*', 'log', '*.ndjson*');
  }

  get exists(): boolean {
    return existsSync(this.layout);
  }

  /** @throws NetworkError `not_found`, `bad_layout` */
  read(): Layout {
    let text: string;
    try {
      text = readFileSync(this.layout, 'utf8');
    } catch (cause) {
      throw new NetworkError('not_found', `there is no network in ${this.path}; \`ftl network create\` makes one`, {
        cause,
      });
    }
    return layoutWith(readLayout(text), ({ number }) => number);
  }
}

export interface NodePaths {
  readonly folder: string;
  readonly data: string;
  /** What the process prints. */
  readonly log: string;
  /** Its trace records. */
  readonly records: string;
  readonly pid: string;
}
