import type { TraceStore } from '#trace/store/traceStore.ts';

export interface PeerLag {
  readonly channel: string;
  /** Identity ID. */
  readonly peer: string;
  readonly msp: string | null;
  readonly blocks: number;
  /** When the first block that it lacks was first seen anywhere, in milliseconds; null where it lacks none or that is not known. */
  readonly lacksSince: number | null;
}

/** How far each peer is behind its channels' highest block, as far as records of both have been collected. */
export class PeerHeights {
  readonly #store: TraceStore;
  /** Highest block of each channel, of those that were told of. */
  readonly #highest = new Map<string, number>();
  readonly #maxChannels: number;

  constructor(store: TraceStore, maxChannels: number) {
    this.#store = store;
    this.#maxChannels = maxChannels;
  }

  see(blocks: readonly { readonly channel: string; readonly number: number }[]): void {
    for (const { channel, number } of blocks) this.#raise(channel, number);
  }

  async read(): Promise<PeerLag[]> {
    const peers = (await this.#store.nodes()).filter(({ kind, observed }) => kind === 'peer' && observed);
    for (const { channels } of peers) {
      for (const { channel, height } of channels) {
        if (!this.#highest.has(channel)) {
          const [newest] = (await this.#store.blocks({ channel, limit: 1 })).items;
          if (newest !== undefined) this.#raise(channel, newest.number);
        }
        this.#raise(channel, height - 1);
      }
    }
    const lags: PeerLag[] = [];
    for (const { id, msp, channels } of peers) {
      for (const { channel, height } of channels) {
        const highest = this.#highest.get(channel);
        if (highest === undefined) continue;
        const blocks = Math.max(0, highest + 1 - height);
        const lacking = blocks === 0 ? null : await this.#store.block(channel, height);
        const since = lacking?.firstSeenAt ?? null;
        lags.push({ channel, peer: id, msp, blocks, lacksSince: since === null ? null : Date.parse(since) });
      }
    }
    return lags;
  }

  #raise(channel: string, number: number): void {
    const known = this.#highest.get(channel);
    if (known === undefined && this.#highest.size >= this.#maxChannels) return;
    if (known === undefined || number > known) this.#highest.set(channel, number);
  }
}
