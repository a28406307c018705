import { buildNetwork } from '../../network/buildNetwork.ts';
import type { Network } from '../../network/network.ts';
import type { StoredRecord } from '../../record.ts';
import type { Cluster } from './cluster.ts';
import { unwrap } from './recordDocument.ts';

/**
 * The network that all facts together describe. Facts never change and are never deleted: their number tells whether there are
 * more of them than before.
 */
export class Facts {
  readonly #cluster: Cluster;
  #facts: readonly StoredRecord[] = [];
  #network: Network | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The search that counts them, to be sent along with others; `network` takes its total. */
  get count(): { readonly index: string; readonly body: object } {
    return { index: this.#cluster.names.network, body: { size: 0, track_total_hits: true } };
  }

  /** @param count how many facts there are; asked for if not given */
  async network(count?: number): Promise<Network> {
    await this.read(count);
    this.#network ??= buildNetwork(this.#facts);
    return this.#network;
  }

  /** All facts, in no order. */
  async read(count?: number): Promise<readonly StoredRecord[]> {
    const { names } = this.#cluster;
    if (count === undefined) await this.#cluster.show(names.network);
    const total = count ?? (await this.#cluster.search(names.network, this.count.body)).total;
    if (total !== this.#facts.length) {
      const hits = await this.#cluster.all(names.network, { query: { match_all: {} } });
      this.#facts = hits.map(unwrap);
      this.#network = null;
    }
    return this.#facts;
  }
}
