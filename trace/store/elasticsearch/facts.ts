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
  readonly #facts = new Map<string, StoredRecord>();
  /** Highest sequence number among them. */
  #newest = -1;
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
    this.#network ??= buildNetwork([...this.#facts.values()]);
    return this.#network;
  }

  /** All facts, in no order. */
  async read(count?: number): Promise<readonly StoredRecord[]> {
    const { names } = this.#cluster;
    if (count === undefined) await this.#cluster.show(names.network);
    const total = count ?? (await this.#cluster.search(names.network, this.count.body)).total;
    if (total !== this.#facts.size) {
      await this.#add({ range: { _seq_no: { gt: this.#newest } } });
      // One that was written before others could be seen later than they.
      if (total > this.#facts.size) await this.#add({ match_all: {} });
    }
    return [...this.#facts.values()];
  }

  async #add(query: object): Promise<void> {
    const hits = await this.#cluster.all(this.#cluster.names.network, { query, seq_no_primary_term: true });
    for (const hit of hits) {
      this.#facts.set(hit.id, unwrap(hit));
      this.#newest = Math.max(this.#newest, hit.seqNo ?? -1);
    }
    this.#network = null;
  }
}
