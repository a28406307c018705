import { Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import { Facts } from './facts.ts';
import { indexNames } from './indices.ts';

/** What the store's operations share. */
export class Parts {
  readonly cluster: Cluster;
  readonly facts: Facts;

  constructor(connection: Connection) {
    this.cluster = new Cluster(connection, indexNames(connection.prefix));
    this.facts = new Facts(this.cluster);
  }
}
