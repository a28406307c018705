import type { Identity, PartialIdentity } from '../identity.ts';
import type { ChannelConfig, StoredRecord } from '../record.ts';
import type { LeaderTerm } from '../store/traceStore.ts';

interface View {
  readonly at: string;
  readonly observer: string;
  readonly own: number | undefined;
  readonly leader: number;
  /** Number of the BFT view, which only grows. */
  readonly number: number | undefined;
}

/**
 * Who led the ordering service of a channel, from when to when, out of all orderers' views. Each view comes a little later
 * than the truth and an orderer that was away repeats old news, so the first report of a new leader counts, and a report of
 * the leader before counts only from someone who has seen the present one. Records must be sorted by time.
 */
export function consensusTerms(
  channel: string,
  records: readonly StoredRecord[],
  resolve: (partial: PartialIdentity) => Identity,
  startsOf: (id: string) => readonly string[],
  config: ChannelConfig | undefined,
): LeaderTerm[] {
  const views: View[] = [];
  const orderers = new Map<number, Identity>();
  for (const consenter of config?.consenters ?? []) {
    const { node, name, msp, address } = consenter;
    orderers.set(
      node,
      resolve({ kind: 'orderer', address, ...(name !== undefined && { name }), ...(msp !== undefined && { msp }) }),
    );
  }
  for (const { record } of records) {
    const { point, sender, consensus } = record.ftl;
    if (consensus?.node !== undefined && sender) orderers.set(consensus.node, resolve({ kind: 'orderer', ...sender }));
    if (point !== 'leader.consensus' || !sender || consensus?.leader === undefined) continue;
    views.push({
      at: record['@timestamp'],
      observer: resolve({ kind: 'orderer', ...sender }).id,
      own: consensus.node,
      leader: consensus.leader,
      number: consensus.view,
    });
  }

  const terms: LeaderTerm[] = [];
  const seen = new Map<string, number>();
  let leader = 0;
  let from = '';
  let before = 0;
  /** Since when the leader is missed, if somebody misses it. */
  let missedAt: string | null = null;
  const identity = (node: number): Identity =>
    orderers.get(node) ?? { id: `consensus node ${node}`, kind: 'orderer', msp: null };
  const end = (at: string | null) => {
    const who = identity(leader);
    const restart = startsOf(who.id).find((start) => start > from);
    const ends = [at, missedAt, restart].filter((time) => typeof time === 'string').toSorted();
    terms.push({ channel, kind: 'consensus', msp: who.msp, node: who.id, from, to: ends[0] ?? null });
  };
  let newest = 0;
  for (const view of views) {
    // A BFT node that was away says where it stood before it learns where the others are.
    if (view.number !== undefined && view.number < newest) continue;
    newest = view.number ?? newest;
    const last = seen.get(view.observer) ?? 0;
    seen.set(view.observer, view.leader);
    if (view.leader === 0) {
      // The leader itself steps down, or a follower misses it.
      if (leader !== 0 && last === leader) missedAt ??= view.at;
      continue;
    }
    if (view.leader === leader) {
      const restarted = startsOf(identity(leader).id).some((start) => start > from && start <= view.at);
      if (!restarted) {
        // A leader that is followed again was never gone, except for a node that had lost sight of it.
        missedAt = null;
        continue;
      }
    }
    if (view.leader === before && leader !== 0 && last !== leader && view.own !== view.leader && missedAt === null) {
      continue;
    }
    if (leader !== 0) end(view.at);
    before = leader;
    leader = view.leader;
    from = view.at;
    missedAt = null;
  }
  if (leader !== 0) {
    const others = [...seen].filter(([observer]) => observer !== identity(leader).id);
    const lost = others.filter(([, last]) => last !== leader).length;
    if (missedAt !== null && (seen.get(identity(leader).id) === 0 || lost * 2 > others.length)) end(missedAt);
    else {
      missedAt = null;
      end(null);
    }
  }
  return terms;
}
