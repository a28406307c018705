import type { AssembleContext } from './context.ts';
import type { CommitDraft } from './commits.ts';
import type { EdgeDraft } from './edgeDraft.ts';
import type { Evidence } from './evidence.ts';
import { channelPeers, isKnownNode } from './networkIndex.ts';

export interface Completeness {
  readonly missing: string[];
  readonly unobserved: string[];
}

/**
 * Which peers of the channel lack the block, and of which nothing can be said. Peers of the channel are those that committed
 * anything in it; others are known to be in it because they endorsed, led, pulled or took part in gossip.
 */
export function completenessOf(
  evidence: Evidence,
  context: AssembleContext,
  block: number,
  commits: readonly CommitDraft[],
  drafts: readonly EdgeDraft[],
): Completeness {
  const { network, channel } = evidence;
  const heights = new Map<string, number>();
  const raise = (id: string, height: number) => {
    if (height > (heights.get(id) ?? -1)) heights.set(id, height);
  };
  for (const [name, height] of context.heights ?? []) {
    const { id } = network.resolve({ kind: 'peer', name });
    // Nodes that write whole identities need no facts about themselves: then the commits tell who bears the name.
    const bearer = isKnownNode(network, id) ? undefined : commits.find(({ peer }) => peer.id.endsWith(`/${name}`));
    raise(bearer?.peer.id ?? id, height);
  }
  for (const { point, receiver, clock, ftl } of evidence.blocks) {
    const peer = receiver ?? clock;
    if (point === 'gossip.commit' && peer) raise(peer.id, ftl.block!.number);
  }
  const committed = (id: string) => commits.some(({ peer }) => peer.id === id);
  const missing: string[] = [];
  const unobserved: string[] = [];
  for (const [id, height] of heights) {
    if (committed(id)) continue;
    (height < block ? missing : unobserved).push(id);
  }
  const hint = (id: string) => {
    if (!heights.has(id) && !committed(id) && !unobserved.includes(id)) unobserved.push(id);
  };
  for (const { to, from } of drafts) {
    if (to.kind === 'peer') hint(to.id);
    if (from?.kind === 'peer') hint(from.id);
  }
  for (const id of channelPeers(network, channel)) hint(id);
  return { missing: missing.toSorted(), unobserved: unobserved.toSorted() };
}
