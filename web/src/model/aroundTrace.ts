import type { MonitoringState, NodeMetrics, Trace } from '../api/types.ts';
import { identitiesOf } from './graphLayout.ts';
import { type ChartLine, type ChartPanel, hasValues, LINE_COLOURS } from './panel.ts';
import type { TimeWindow } from './range.ts';
import { formatDateTime, formatDuration, microsOf } from './time.ts';

/** Milliseconds shown before and after. */
const MARGIN_MS = 5 * 60_000;
/** What the server keeps where it reads the nodes itself. */
const KEPT_MS = 3_600_000;
const MAX_LINES = 12;
/** Nodes whose metrics are asked for: a trace of a large channel names dozens. */
export const MAX_NODES = 12;

export interface TraceTime {
  readonly window: TimeWindow;
  /** The transaction's own time. */
  readonly span: TimeWindow;
}

/** Null where no time of it is known. */
export function timeOfTrace({ startedAt, endedAt }: Pick<Trace, 'startedAt' | 'endedAt'>): TraceTime | null {
  const [start, end] = [microsOf(startedAt ?? endedAt), microsOf(endedAt ?? startedAt)];
  if (start === null || end === null) return null;
  const span = { from: Math.floor(start / 1000), to: Math.ceil(Math.max(start, end) / 1000) };
  return { span, window: { from: span.from - MARGIN_MS, to: span.to + MARGIN_MS } };
}

/** IDs of the peers and orderers that a trace names, also of those that did nothing. */
export function nodesOf(trace: Trace): string[] {
  return [...identitiesOf(trace).values()]
    .filter(({ kind, id }) => (kind === 'peer' || kind === 'orderer') && id.includes('/'))
    .map(({ id }) => id);
}

interface Merged {
  panel: Omit<ChartPanel, 'lines' | 'more'>;
  readonly lines: ChartLine[];
  more: number;
}

/**
 * The panels of several nodes laid over each other: one panel a metric, a line a node. Of what a node tells by channel or chaincode, the
 * trace's own.
 */
export function panelsOfNodes(
  trace: Pick<Trace, 'channel' | 'chaincode'>,
  nodes: readonly { readonly name: string; readonly metrics: NodeMetrics }[],
): ChartPanel[] {
  const panels = new Map<string, Merged>();
  for (const [number, { name, metrics }] of nodes.entries()) {
    for (const { lines, more, ...panel } of metrics.panels) {
      const merged: Merged = panels.get(panel.id) ?? { panel, lines: [], more: 0 };
      panels.set(panel.id, merged);
      const { of, own } = ownLines(trace, lines);
      if (of === undefined) merged.more += more;
      else merged.panel = { ...merged.panel, of };
      merged.lines.push(
        ...own.map((line, place) => ({
          name: line.name === '' ? name : `${name} ${line.name}`,
          points: line.points,
          look: lookOf(number, place),
        })),
      );
    }
  }
  return Array.from(panels.values(), ({ panel, lines, more }) =>
    Object.assign({}, panel, {
      lines: lines.slice(0, MAX_LINES),
      more: more + Math.max(0, lines.length - MAX_LINES),
    }),
  );
}

/** A colour a node, in all panels; several lines of one node differ by their dashes. */
const lookOf = (node: number, place: number) =>
  (node % LINE_COLOURS) + LINE_COLOURS * (Math.floor(node / LINE_COLOURS) + place);

function ownLines(
  { channel, chaincode }: Pick<Trace, 'channel' | 'chaincode'>,
  lines: readonly ChartLine[],
): { readonly of?: string; readonly own: readonly ChartLine[] } {
  const told = lines.filter(hasValues);
  for (const of of [channel, chaincode]) {
    if (of === null) continue;
    // Fabric writes a chaincode as `name:version`.
    const own = told.filter(({ name }) => name === of || name.startsWith(`${of}:`));
    if (own.length > 0) return { of, own: own.map(({ points }) => ({ name: '', points })) };
  }
  return { own: told };
}

/** Why there is nothing to show, and what would help. */
export interface WhyNothing {
  readonly title: string;
  readonly why: string;
  readonly help: string;
}

export function whyNothing(
  { metrics: source, items }: Pick<MonitoringState, 'metrics' | 'items'>,
  asked: {
    readonly nodes: readonly string[];
    readonly window: TimeWindow;
    /** From when on something is there of any of them; ISO 8601. */
    readonly since: string | null;
    /** What the source says of its having nothing, or nothing new. */
    readonly problem: string | null;
    readonly now: number;
  },
): WhyNothing {
  const { nodes, window, since, problem, now } = asked;
  const title = 'No metrics of that time';
  if (source === 'prometheus') {
    return {
      title,
      why: `${problem ?? 'Prometheus has nothing of these nodes at that time'}.`,
      help: 'Did it scrape them then, does it keep data for so long, and do the labels node and msp of its targets name them?',
    };
  }
  if (!nodes.some((id) => items.some((item) => item.id === id))) {
    return {
      title: 'These nodes are not watched',
      why: 'FTL was not told where their operations services are, so it has no metrics of them.',
      help: 'Start it with --operations FILE, a list of the nodes as Prometheus’ file-based discovery reads it, or with --prometheus-url where a Prometheus scrapes them.',
    };
  }
  const first = since === null ? null : Date.parse(since);
  if (window.to < now - KEPT_MS) {
    return {
      title,
      why: `It is ${formatDuration((now - window.to) * 1000)} ago, and FTL itself keeps only the last hour.`,
      help: 'A Prometheus keeps more: let one scrape the nodes, and start FTL with --prometheus-url.',
    };
  }
  if (first !== null && first > window.to) {
    return {
      title,
      why: `FTL reads these nodes since ${formatDateTime(since)}, which is later.`,
      help: 'What comes from now on is kept for an hour; for more, start FTL with --prometheus-url.',
    };
  }
  return {
    title,
    why: `FTL watches these nodes, but they told nothing then${problem === null ? '' : `: ${problem}`}.`,
    help: 'Look at their health, and whether their metrics.provider is prometheus.',
  };
}
