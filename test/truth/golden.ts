import { readFileSync, readdirSync } from 'node:fs';
import type { Trace } from '#trace/trace.ts';
import { type TruthPoint, isUnnamedClient, micros } from './truth.ts';

/** A log line, quoted as it is. `file` is the log's name without `.gz`, `at` UTC with microseconds (truncated). */
export interface GoldenLine {
  readonly file: string;
  readonly at: string;
  readonly logger: string;
  readonly level: string;
  readonly message: string;
}

export interface GoldenEdge {
  readonly point: TruthPoint;
  readonly from: string;
  readonly to: string;
  /** The hand-over's request; null where it is only known that it happened. */
  readonly at: string | null;
  readonly respondedAt: string | null;
  /** Of the answer; for `commit` the validation code's name. */
  readonly status: number | string | null;
  readonly block: number | null;
  /** `deliver` only: the orderer's own line, where its stream can be told to be this peer's. */
  readonly sentAt?: string | null;
  /** `endorse` only: the endorser's first line that names the transaction, which a decoder may take as the request. */
  readonly namedAt?: string;
  /** `gossip` only. */
  readonly way?: 'push' | 'pull' | 'transfer';
  readonly evidence: readonly GoldenLine[];
}

/** One transaction whose every hand-over was worked out by hand. */
export interface Golden {
  readonly recording: 'fabric-v3.1.5' | 'fabric-v2.5.9';
  readonly txId: string;
  readonly kind: string;
  readonly channel: string;
  readonly creator: string;
  readonly chaincode: string;
  readonly function: string | null;
  readonly code: string | null;
  readonly block: number | null;
  readonly index: number | null;
  readonly endorsers: readonly string[];
  readonly orderers: readonly string[];
  readonly gateway: string | null;
  readonly duplicates: readonly { readonly block: number; readonly index: number; readonly code: string }[];
  readonly missing: readonly string[];
  readonly reasoning: readonly string[];
  /** What is ambiguous. */
  readonly notes: readonly string[];
  /** In order of time. */
  readonly edges: readonly GoldenEdge[];
  /** Tries of which nothing arrived; a trace may show them with an error or leave them out. */
  readonly attempts?: readonly { readonly point: TruthPoint; readonly from: string; readonly to: string }[];
  readonly commits: readonly { readonly peer: string; readonly at: string; readonly code: string }[];
}

const FOLDER = new URL('../vectors/golden/', import.meta.url);

export function readGolden(): ReadonlyMap<string, Golden> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => [
      file.replace(/\.json$/, ''),
      JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Golden,
    ]),
  );
}

const keyOf = ({ point, from, to, block }: { point: string; from: string | null; to: string; block: number | null }) =>
  `${point} ${from} → ${to}${block === null ? '' : ` block ${block}`}`;

/** Whether a stated time is that of one of the lines; a time worked out of several lines counts too. */
function isTimeOf(stated: string, edge: GoldenEdge, toleranceUs: number): boolean {
  const times = [edge.at, edge.respondedAt, edge.sentAt ?? null, ...edge.evidence.map(({ at }) => at)];
  return times.some((time) => time !== null && Math.abs(micros(time) - micros(stated)) <= toleranceUs);
}

function edgeDifferences(golden: Golden, trace: Trace, toleranceUs: number): string[] {
  const differences: string[] = [];
  const expected = new Map(golden.edges.map((edge) => [keyOf(edge), edge]));
  const allowed = new Set((golden.attempts ?? []).map((attempt) => keyOf({ ...attempt, block: null })));
  const seen = new Set<string>();
  for (const edge of trace.edges) {
    const key = keyOf(edge);
    const truth = expected.get(key);
    if (truth === undefined) {
      if (!allowed.has(key)) differences.push(`not true: ${key}`);
      continue;
    }
    if (seen.has(key)) differences.push(`twice: ${key}`);
    seen.add(key);
    if (truth.status !== null && edge.status !== truth.status)
      differences.push(`${key}: status ${edge.status} instead of ${truth.status}`);
    for (const stated of [edge.rawAt ?? edge.at, edge.rawRespondedAt ?? edge.respondedAt])
      if (stated !== null && !isTimeOf(stated, truth, toleranceUs)) differences.push(`${key}: no line has ${stated}`);
    const began = edge.rawAt ?? edge.at;
    const isExact = truth.point === 'commit' || truth.point === 'broadcast' || truth.point === 'endorse';
    const isBegin = (time: string | null | undefined) =>
      began !== null && typeof time === 'string' && Math.abs(micros(began) - micros(time)) <= toleranceUs;
    if (isExact && truth.at !== null && !isBegin(truth.at) && !isBegin(truth.namedAt))
      differences.push(`${key}: at ${began} instead of ${truth.at}`);
  }
  for (const key of expected.keys()) if (!seen.has(key)) differences.push(`missing: ${key}`);
  return differences;
}

function sorted(ids: readonly string[]): string[] {
  return ids.toSorted((a, b) => a.localeCompare(b));
}

/**
 * How a trace made of all evidence differs from the golden one, in lines for people; empty if it does not. Every edge must be
 * there once and no other; where both state a time it must be that of a line which shows the edge.
 */
export function goldenDifferences(golden: Golden, trace: Trace, toleranceUs = 2): string[] {
  const differences = edgeDifferences(golden, trace, toleranceUs);
  const same = (what: string, stated: unknown, truth: unknown) => {
    if (JSON.stringify(stated) !== JSON.stringify(truth))
      differences.push(`${what}: ${JSON.stringify(stated)} instead of ${JSON.stringify(truth)}`);
  };
  same('code', trace.code, golden.code);
  // Of a client that no block names, a trace knows nothing for certain.
  if (trace.creator !== null || !isUnnamedClient(golden.creator)) same('creator', trace.creator, golden.creator);
  same('block', trace.block?.number ?? null, golden.block);
  same('index', trace.block?.index ?? null, golden.index);
  if (golden.block !== null) same('endorsers', sorted(trace.endorsers), sorted(golden.endorsers));
  same('missing', sorted(trace.missing), sorted(golden.missing));
  same(
    'duplicates',
    trace.duplicates.map(({ block, code }) => ({ block, code })),
    golden.duplicates.map(({ block, code }) => ({ block, code })),
  );
  const commits = (all: readonly { peer: string; code: string | null }[]) =>
    sorted(all.map(({ peer, code }) => `${peer} ${code}`));
  same('commits', commits(trace.commits), commits(golden.commits));
  return differences;
}
