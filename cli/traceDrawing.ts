import { styleText } from 'node:util';
import type { Identity } from '#trace/identity.ts';
import type { Edge, Stages, Trace } from '#trace/trace.ts';
import { STAGE_NAMES } from '#trace/trace.ts';

export interface DrawingOptions {
  readonly color: boolean;
  /** Columns; bars and lines fit into it. */
  readonly width: number;
}

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const ARROWS: Readonly<Record<Edge['point'], string>> = {
  gateway: '──▶',
  endorse: '──▶',
  broadcast: '──▶',
  deliver: '══▶',
  gossip: '╌╌▶',
  commit: ' ● ',
};

const SEVERITY_MARKS = { info: 'ℹ', warning: '⚠', error: '✖', critical: '‼' } as const;
const SEVERITY_STYLES = { info: 'cyan', warning: 'yellow', error: 'red', critical: 'red' } as const;

/** A trace as text: what happened, in time order, with a bar for each step, the commits and the findings. */
export function drawTrace(trace: Trace, options: DrawingOptions): string {
  const paint: Paint = (style, text) => (options.color ? styleText(style, text, { validateStream: false }) : text);
  const names = shortNames(trace.participants);
  return [
    header(trace, paint),
    '',
    ...edgeLines(trace, names, options, paint),
    '',
    ...stageLines(trace.stages, paint),
    '',
    ...commitLines(trace, names, paint),
    ...policyLines(trace, names, paint),
    ...findingLines(trace, paint),
    ...clockLines(trace, names),
  ].join('\n');
}

function header(trace: Trace, paint: Paint): string {
  const what = [trace.chaincode ?? trace.type ?? 'unknown', trace.function].filter(Boolean).join('.');
  const peers = trace.commits.length + trace.missing.length;
  const parts = [
    paint('bold', trace.txId),
    trace.txIdPrefix ? paint('yellow', `(the evidence holds only ${trace.txIdPrefix}…)`) : '',
    `${trace.channel || '(channel unknown)'} · ${what}`,
    outcome(trace, paint),
    trace.block
      ? `block ${trace.block.number}${trace.block.index === null ? '' : `, position ${trace.block.index + 1}`}`
      : '',
    trace.durationUs === null ? '' : formatMicros(trace.durationUs),
    peers > 0 ? `${trace.commits.length} of ${peers} peers` : '',
  ];
  return parts.filter((part) => part !== '').join('   ');
}

function outcome(trace: Trace, paint: Paint): string {
  if (trace.code === null) return paint('yellow', '○ not committed');
  return trace.code === 'VALID' ? paint('green', '● VALID') : paint('red', `● ${trace.code}`);
}

function edgeLines(trace: Trace, names: ReadonlyMap<string, string>, options: DrawingOptions, paint: Paint): string[] {
  if (trace.edges.length === 0) return ['No hand-over of this transaction is known.'];
  const start = micros(trace.startedAt);
  const end = micros(trace.endedAt);
  const rows = trace.edges.map((edge) => ({
    edge,
    seq: String(edge.seq).padStart(2),
    offset: edge.at === null || start === null ? '' : `+${formatMicros((micros(edge.at) ?? start) - start)}`,
    from: edge.from === null ? '?' : (names.get(edge.from) ?? edge.from),
    to: names.get(edge.to) ?? edge.to,
    detail: edgeDetail(edge),
  }));
  const width = (pick: (row: (typeof rows)[number]) => string) => Math.max(...rows.map((row) => pick(row).length));
  const [offsets, froms, tos, details] = [
    width((r) => r.offset),
    width((r) => r.from),
    width((r) => r.to),
    width((r) => r.detail),
  ];
  const barWidth = Math.max(10, options.width - offsets - froms - tos - details - 26);
  return rows.map((row) => {
    const failed = isFailure(row.edge);
    const line = `${row.seq} ${row.offset.padStart(offsets)}  ${row.edge.point.padEnd(9)} ${row.from.padStart(froms)} ${ARROWS[row.edge.point]} ${row.to.padEnd(tos)} ${row.detail.padEnd(details)} `;
    return (failed ? paint('red', line) : line) + paint('cyan', bar(row.edge, start, end, barWidth));
  });
}

function isFailure(edge: Edge): boolean {
  if (edge.error !== undefined) return true;
  return typeof edge.status === 'number' ? edge.status >= 400 : edge.status !== null && edge.status !== 'VALID';
}

function edgeDetail(edge: Edge): string {
  const duration = edge.durationUs === null ? '' : formatMicros(edge.durationUs);
  const derived = edge.source === 'derived' ? '(inferred)' : '';
  return [edge.status === null ? '' : String(edge.status), duration, derived, edge.error ?? '']
    .filter(Boolean)
    .join(' ');
}

/** A step on the time axis of the whole trace: `▮` while it lasts, `·` elsewhere. */
function bar(edge: Edge, start: number | null, end: number | null, width: number): string {
  const at = micros(edge.at);
  if (start === null || end === null || at === null || end <= start) return '';
  const place = (time: number) =>
    Math.min(width - 1, Math.max(0, Math.floor(((time - start) / (end - start)) * width)));
  const first = place(at);
  const last = Math.max(first, place(micros(edge.respondedAt) ?? at));
  return '·'.repeat(first) + '▮'.repeat(last - first + 1) + '·'.repeat(width - last - 1);
}

function stageLines(stages: Stages, paint: Paint): string[] {
  const shown = STAGE_NAMES.map((name) => {
    const { durationUs } = stages[name];
    return `${name} ${durationUs === null ? paint('dim', 'unknown') : paint('bold', formatMicros(durationUs))}`;
  });
  return [`stages     ${shown.join('  ▸  ')}`];
}

function commitLines(trace: Trace, names: ReadonlyMap<string, string>, paint: Paint): string[] {
  const lines = trace.commits.map((commit) => {
    const behind =
      commit.delayUs === null
        ? ''
        : commit.delayUs === 0
          ? 'first'
          : `${formatMicros(commit.delayUs)} behind the first`;
    return `committed  ${names.get(commit.peer) ?? commit.peer}  ${commit.code ?? '?'}  ${commit.at ?? ''}  ${behind}`;
  });
  for (const peer of trace.missing)
    lines.push(paint('red', `missing    ${names.get(peer) ?? peer} has not committed it`));
  for (const peer of trace.unobserved)
    lines.push(paint('dim', `unknown    nothing is known of ${names.get(peer) ?? peer}`));
  return lines;
}

function policyLines(trace: Trace, names: ReadonlyMap<string, string>, paint: Paint): string[] {
  const { expression, satisfied, satisfiedBy, reason } = trace.policy;
  if (expression === null && satisfied === null) return [];
  const verdict = satisfied === null ? 'unknown' : satisfied ? paint('green', 'met') : paint('red', 'not met');
  const by = satisfiedBy.length === 0 ? '' : ` by ${satisfiedBy.map((id) => names.get(id) ?? id).join(', ')}`;
  return [
    `policy     ${expression ?? '(expression unknown)'}: ${verdict}${by}${reason && satisfied === false ? ` — ${reason}` : ''}`,
  ];
}

function findingLines(trace: Trace, paint: Paint): string[] {
  return trace.findings.map((finding) =>
    paint(
      SEVERITY_STYLES[finding.severity],
      `${SEVERITY_MARKS[finding.severity]} ${finding.code.padEnd(9)} ${finding.message}`,
    ),
  );
}

function clockLines(trace: Trace, names: ReadonlyMap<string, string>): string[] {
  return Object.entries(trace.clockOffsets).map(
    ([id, offset]) => `clock      ${names.get(id) ?? id} corrected by ${offset > 0 ? '+' : ''}${formatMicros(offset)}`,
  );
}

function commonName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** Common names where they tell participants apart, whole IDs where two organisations use the same one. */
export function shortNames(participants: readonly Identity[]): Map<string, string> {
  const uses = new Map<string, number>();
  for (const { id } of participants) uses.set(commonName(id), (uses.get(commonName(id)) ?? 0) + 1);
  return new Map(participants.map(({ id }) => [id, uses.get(commonName(id)) === 1 ? commonName(id) : id]));
}

/** 538210 → `538 ms`, 2100 → `2.1 ms`, 95 → `95 µs`. */
export function formatMicros(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return `${Math.round(value)} µs`;
  if (size < 10_000) return `${(value / 1000).toFixed(1)} ms`;
  if (size < 1_000_000) return `${Math.round(value / 1000)} ms`;
  if (size < 60_000_000) return `${(value / 1_000_000).toFixed(2)} s`;
  return `${Math.floor(size / 60_000_000) * Math.sign(value)} min ${Math.round((size % 60_000_000) / 1_000_000)} s`;
}

/** ISO 8601 UTC → microseconds since 1970; null stays null. */
function micros(time: string | null): number | null {
  if (time === null) return null;
  const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? '';
  return Date.parse(time.replace(/\.\d+Z$/, 'Z')) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
