import type { Identity, PartialIdentity } from '../identity.ts';
import type { StoredRecord } from '../record.ts';
import type { LeaderTerm } from '../store/traceStore.ts';

interface OpenTerm {
  readonly node: string;
  readonly msp: string | null;
  readonly from: string;
  readonly elected: boolean;
}

/**
 * Who led its organisation's gossip in a channel, from when to when. A killed leader says nothing: its elected term ends with
 * the organisation's next election or its own next start, whichever comes first. Static leaders run side by side.
 * Records must be sorted by time.
 */
export function gossipTerms(
  channel: string,
  records: readonly StoredRecord[],
  resolve: (partial: PartialIdentity) => Identity,
  startsOf: (id: string) => readonly string[],
): LeaderTerm[] {
  const terms: LeaderTerm[] = [];
  const open: OpenTerm[] = [];
  const close = (term: OpenTerm, at: string | null) => {
    const restart = startsOf(term.node).find((start) => start > term.from);
    const to = restart !== undefined && (at === null || restart < at) ? restart : at;
    terms.push({ channel, kind: 'gossip', msp: term.msp, node: term.node, from: term.from, to });
    open.splice(open.indexOf(term), 1);
  };
  for (const { record } of records) {
    const { point, sender, stage } = record.ftl;
    if (point !== 'leader.gossip' || !sender) continue;
    const at = record['@timestamp'];
    const node = resolve({ kind: 'peer', ...sender });
    const own = open.find((term) => term.node === node.id);
    const restarted = own && startsOf(node.id).some((start) => start > own.from && start <= at);
    if (stage === 'resigned') {
      if (own) close(own, at);
      continue;
    }
    const elected = stage !== 'static';
    // Said again without a restart in between: the same term.
    if (own && !restarted && own.elected === elected) continue;
    if (own) close(own, at);
    if (elected) {
      for (const rival of open.filter((term) => term.elected && term.msp !== null && term.msp === node.msp))
        close(rival, at);
    }
    open.push({ node: node.id, msp: node.msp, from: at, elected });
  }
  while (open.length > 0) close(open[0]!, null);
  return terms;
}
