import type { ChannelBundle } from '#node/channel/bundle.ts';

/** A peer of a channel, as far as this one knows it. */
export interface Member {
  readonly mspId: string;
  /** `host:port`. */
  readonly endpoint: string;
}

/**
 * Who the other peers of a channel are, and what this one does for them: what dissemination of blocks, private data, discovery and the
 * gateway ask. Gossip finds it out from peer to peer; where there is none, {@link ConfiguredMembership} goes by what is written down.
 */
export interface Membership {
  /** Other peers that can be called now, own organisation first. */
  members(channelId: string): readonly Member[];
  /** Whether this peer pulls the channel's blocks from the ordering service, as its organisation's leader or for itself. */
  leads(channelId: string): boolean;
}

export interface MembershipModules {
  /** Null for a channel that the peer is not in. */
  readonly bundle: (channelId: string) => ChannelBundle | null;
}

/**
 * Membership by configuration alone: the anchor peers of the channel are its members, and every peer pulls blocks for itself, as with
 * Fabric's `peer.gossip.orgLeader: true` and `peer.gossip.state.enabled: false` on every peer, the defaults of Fabric 3.
 */
export class ConfiguredMembership implements Membership {
  readonly #mspId: string;
  readonly #endpoint: string;
  readonly #modules: MembershipModules;

  /** @param options of this peer, which is no member for itself */
  constructor(options: { readonly mspId: string; readonly endpoint: string }, modules: MembershipModules) {
    this.#mspId = options.mspId;
    this.#endpoint = options.endpoint;
    this.#modules = modules;
  }

  members(channelId: string): readonly Member[] {
    const organizations = this.#modules.bundle(channelId)?.application?.organizations ?? [];
    const members = organizations.flatMap(({ mspId, anchorPeers }) =>
      anchorPeers.map(({ host, port }) => ({ mspId, endpoint: `${host}:${port}` })),
    );
    const isOwn = ({ mspId }: Member): number => (mspId === this.#mspId ? 0 : 1);
    return members
      .filter(({ endpoint }) => endpoint !== this.#endpoint)
      .toSorted((one, other) => isOwn(one) - isOwn(other));
  }

  leads(_channelId: string): boolean {
    return true;
  }
}
