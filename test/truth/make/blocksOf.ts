import { strict as assert } from 'node:assert';
import type { TruthBlock, TruthEdge } from '../truth.ts';
import { type Evidence, by, nodeAt } from './evidence.ts';
import type { RawBlock } from './readBlocks.ts';

/** Peer to peer, each pair once: the first hand-over counts. */
function gossipEdges(evidence: Evidence, block: number): TruthEdge[] {
  const byPki = new Map([...evidence.peers].map(([id, { pkiId }]) => [pkiId, id]));
  const found: TruthEdge[] = [];
  for (const [id, scan] of evidence.peers) {
    for (const sent of scan.sent.filter((one) => one.block === block))
      found.push({
        point: 'gossip',
        from: id,
        to: nodeAt(evidence, sent.to),
        evidence: 'log',
        way: 'push',
        at: sent.at,
      });
    for (const got of scan.received.filter((one) => one.block === block)) {
      const from = byPki.get(got.pkiId) as string;
      found.push({ point: 'gossip', from, to: id, evidence: 'log', way: 'push', respondedAt: got.at });
    }
    for (const got of scan.fetched.filter((one) => one.block === block)) {
      const { way, at, respondedAt } = got;
      found.push({ point: 'gossip', from: nodeAt(evidence, got.from), to: id, evidence: 'log', way, at, respondedAt });
    }
  }
  const pairs = new Map<string, TruthEdge>();
  for (const edge of found.toSorted(by((one) => one.at ?? one.respondedAt ?? ''))) {
    const key = `${edge.from} ${edge.to}`;
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, edge);
    else if (known.way === edge.way) pairs.set(key, { ...edge, ...known });
  }
  return [...pairs.values()];
}

function deliverEdges(evidence: Evidence, block: number): TruthEdge[] {
  const edges: TruthEdge[] = [];
  for (const [id, scan] of evidence.peers) {
    const handled = scan.handled.get(block);
    const commit = scan.commits.get(block);
    if (handled !== undefined)
      edges.push({
        point: 'deliver',
        from: nodeAt(evidence, handled.orderer),
        to: id,
        evidence: 'log',
        at: handled.at,
      });
    else if (!evidence.recording.gossipKnown && block > 0 && commit !== undefined) {
      const subscription = scan.subscribed.findLast(({ at }) => at <= commit);
      assert(subscription);
      edges.push({ point: 'deliver', from: nodeAt(evidence, subscription.orderer), to: id, evidence: 'derived' });
    }
  }
  return edges;
}

function commitEdge(peer: string, at: string, handovers: readonly TruthEdge[]): TruthEdge {
  const arrivals = handovers.filter((edge) => edge.to === peer);
  const known = arrivals.filter((edge) => edge.evidence === 'log');
  const first = known.toSorted(by((edge) => edge.respondedAt ?? edge.at ?? ''))[0] ?? arrivals[0];
  if (first !== undefined && first.evidence === 'log') assert((first.respondedAt ?? first.at ?? '') < at);
  return { point: 'commit', from: first?.from ?? null, to: peer, evidence: first?.evidence ?? 'log', at };
}

/** A block's way: who handed it to whom and who committed it when. */
export function blockOf(evidence: Evidence, { number, transactions }: RawBlock): TruthBlock {
  const handovers = [...deliverEdges(evidence, number), ...gossipEdges(evidence, number)];
  const commits: Record<string, string> = {};
  const edges = [...handovers];
  for (const [id, scan] of evidence.peers) {
    const at = scan.commits.get(number);
    if (at === undefined) continue;
    commits[id] = at;
    edges.push(commitEdge(id, at, handovers));
  }
  const creators = [...evidence.lines].filter(([, lines]) =>
    lines.some(
      ({ logger, msg }) => logger === 'orderer.consensus.etcdraft' && msg.startsWith(`Created block [${number}]`),
    ),
  );
  assert(creators.length <= 1);
  return {
    number,
    hash: evidence.blocks[number + 1]?.previousHash ?? null,
    createdBy: creators[0]?.[0] ?? null,
    txIds: transactions.map(({ txId }, index) => txId || `block:${number}:${index}`),
    commits,
    edges,
  };
}
