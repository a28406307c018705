import type { TruthLeader } from '../truth.ts';
import { type Evidence, by } from './evidence.ts';
import type { RawLine } from './readLogs.ts';

/** Who led the consensus when, by number of Raft node. */
export function consensusLeaders({ lines, recording }: Evidence): TruthLeader[] {
  const orderers = recording.nodes.filter(({ kind }) => kind === 'orderer');
  const changes = orderers
    .flatMap(({ id }) => lines.get(id) ?? [])
    .flatMap(({ msg, at }) => {
      const match = /^Raft leader changed: (\d+) -> (\d+)/.exec(msg);
      return match === null ? [] : [{ at, leader: Number(match[2]) }];
    })
    .toSorted(by((change) => change.at));
  const terms: { node: string; from: string; until: string | null; how: 'consensus'; ended: 'killed' | null }[] = [];
  for (const { at, leader } of changes) {
    const node = orderers[leader - 1]?.id;
    if (node === undefined || terms.at(-1)?.node === node) continue;
    const last = terms.at(-1);
    // A killed leader says nothing: its last line before its next start is the last sign of life.
    if (last !== undefined)
      Object.assign(last, { until: lastLineOfFirstRun(lines.get(last.node) ?? []), ended: 'killed' });
    terms.push({ node, from: at, until: null, how: 'consensus', ended: null });
  }
  return terms;
}

function lastLineOfFirstRun(lines: readonly RawLine[]): string | null {
  const starts = lines.flatMap(({ msg }, i) => (/^(Orderer config values:|Starting peer:)/.test(msg) ? [i] : []));
  const second = starts[1];
  if (second === undefined) return null;
  // The console line that an orderer writes before its log format applies belongs to the next start.
  return lines.slice(0, second).findLast(({ raw }) => raw.startsWith('{'))?.at ?? null;
}
