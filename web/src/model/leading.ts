import type { LeaderTerm } from '../api/types.ts';
import type { TimeWindow } from './range.ts';

/** What a node leads, or led, in a time. */
export interface Leading {
  readonly channel: string;
  /** `gossip`: the peers of its organisation; `consensus`: the ordering service. */
  readonly kind: LeaderTerm['kind'];
  /** Whether it did so at the end of the time; false: earlier in it. */
  readonly last: boolean;
}

/**
 * Who led in this time, by node ID. Where no term reaches the end of the time (a recording ends before), the latest stands for it. Two at once
 * are both told: that is what one wants to see.
 */
export function leadingIn(terms: readonly LeaderTerm[], { from, to }: TimeWindow): Map<string, Leading[]> {
  const offices = new Map<string, { term: LeaderTerm; begin: number; end: number }[]>();
  for (const term of terms) {
    const [begin, end] = [Date.parse(term.from), term.to === null ? Infinity : Date.parse(term.to)];
    if (begin >= to || end < from) continue;
    // Each organisation has a gossip leader of its own; the ordering service, of whatever organisations, one.
    const office = `${term.channel} ${term.kind} ${term.kind === 'gossip' ? term.msp : ''}`;
    offices.set(office, [...(offices.get(office) ?? []), { term, begin, end }]);
  }
  const leading = new Map<string, Leading[]>();
  for (const held of offices.values()) {
    const latest = Math.min(to, Math.max(...held.map(({ end }) => end)));
    const byNode = new Map<string, Leading>();
    for (const { term, end } of held) {
      const last = end >= latest || (byNode.get(term.node)?.last ?? false);
      byNode.set(term.node, { channel: term.channel, kind: term.kind, last });
    }
    for (const [node, one] of byNode) leading.set(node, [...(leading.get(node) ?? []), one]);
  }
  return leading;
}

/** `leads Org1 on mychannel`, `led the ordering service on a, b earlier`; a line for each office. */
export function leadingLines(leading: readonly Leading[], organisation: string): string[] {
  const lines = new Map<string, string[]>();
  for (const { channel, kind, last } of leading) {
    const whom = kind === 'gossip' ? `${organisation}’s peers` : 'the ordering service';
    const line = `${last ? 'leads' : 'led'} ${whom}|${last ? '' : ' earlier'}`;
    lines.set(line, [...(lines.get(line) ?? []), channel]);
  }
  return [...lines].map(([line, channels]) => {
    const [head = '', tail = ''] = line.split('|');
    return `${head} on ${channels.toSorted().join(', ')}${tail}`;
  });
}
