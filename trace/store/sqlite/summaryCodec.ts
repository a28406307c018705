import { summarise } from '../../assemble/summarise.ts';
import { traceIdOf } from '../../record.ts';
import { type Edge, STAGE_NAMES, type Trace, type TraceSummary } from '../../trace.ts';
import { hasFailed } from '../hasFailed.ts';
import { ByteReader, ByteWriter, isHex } from './bytes.ts';
import type { Shapes } from './shapes.ts';
import { formatTime, parseTime } from '../time.ts';

/** A row of `summary` without its key and revision. */
export interface SummaryRow {
  readonly started: number;
  readonly tie: number;
  readonly duration: number;
  readonly block: number;
  readonly shape: number;
  readonly edges: number;
  readonly data: Uint8Array;
}

/** Bits of the first number of `data`: which of the nullable fields are there, in this order. */
const FIELDS = ['started', 'ended', 'duration', 'block', 'index', 'hash', ...STAGE_NAMES, 'prefix', 'other'] as const;
const BIT = Object.fromEntries(FIELDS.map((field, n) => [field, 2 ** n])) as Readonly<
  Record<(typeof FIELDS)[number], number>
>;

/** First 48 bits of a trace ID: what decides between traces of equal sort keys, whatever order they came in. */
export function tieOf(traceId: string): number {
  return Number.parseInt(traceId.slice(0, 12), 16);
}

/** Turns what a list shows of a trace into a row and back. */
export class SummaryCodec {
  readonly #shapes: Shapes;
  readonly #writer = new ByteWriter();

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
  }

  encode(trace: Trace): SummaryRow {
    const summary = summarise(trace);
    const edges = trace.edges.toSorted(byContent);
    const started = timeOf(summary.startedAt);
    const ended = timeOf(summary.endedAt);
    const { block, durationUs, stages } = summary;
    const hash = block?.hash ?? null;
    const traceId = traceIdOf(summary.channel, summary.txId);
    // Anything that would not come back as it is makes the whole summary stay as JSON.
    const isOdd =
      started === undefined ||
      ended === undefined ||
      !isCount(durationUs) ||
      STAGE_NAMES.some((stage) => !isCount(stages[stage])) ||
      (hash !== null && (hash.length !== 64 || !isHex(hash))) ||
      summary.traceId !== traceId ||
      Object.keys(summary).length !== FIELD_COUNT + (summary.txIdPrefix === undefined ? 0 : 1);
    const writer = this.#writer;
    writer.reset();
    if (isOdd) {
      writer.uint(BIT.other);
      writer.text(JSON.stringify(summary));
    } else {
      let bits = 0;
      if (started !== null) bits += BIT.started;
      if (ended !== null) bits += BIT.ended;
      if (durationUs !== null) bits += BIT.duration;
      if (block !== null) bits += BIT.block;
      if (block !== null && block.index !== null) bits += BIT.index;
      if (hash !== null) bits += BIT.hash;
      for (const stage of STAGE_NAMES) if (stages[stage] !== null) bits += BIT[stage];
      if (summary.txIdPrefix !== undefined) bits += BIT.prefix;
      writer.uint(bits);
      if (ended !== null) writer.int(ended - (started ?? 0));
      if (block !== null && block.index !== null) writer.uint(block.index);
      if (hash !== null) writer.hex(hash);
      for (const stage of STAGE_NAMES) {
        const duration = stages[stage];
        if (duration !== null) writer.uint(duration);
      }
      if (summary.txIdPrefix !== undefined) writer.text(summary.txIdPrefix);
      writer.uint(summary.committed);
      writer.uint(summary.missing);
      writer.uint(summary.unobserved);
    }
    writer.uint(trace.recordCount);
    // One more than the duration in whole microseconds; 0 where there is none.
    for (const { durationUs: us } of edges) writer.uint(us === null ? 0 : Math.max(0, Math.round(us)) + 1);
    return {
      started: started ?? -1,
      tie: tieOf(traceId),
      duration: durationUs === null ? -1 : Math.max(0, Math.round(durationUs)),
      block: block?.number ?? -1,
      shape: this.#shapes.keyOf(shapeOf(summary)),
      edges: this.#shapes.keyOfEdges(edges.map((edge) => [edge.point, edge.from, edge.to, hasFailed(edge) ? 1 : 0])),
      data: Uint8Array.from(writer.take()),
    };
  }

  decode(row: SummaryRow, txId: string): TraceSummary {
    const reader = new ByteReader(row.data);
    const bits = reader.uint();
    const has = (field: keyof typeof BIT) => (bits & BIT[field]) !== 0;
    if (has('other')) return JSON.parse(reader.text()) as TraceSummary;
    const shape = this.#shapes.shape(row.shape);
    const ended = has('ended') ? reader.int() + (has('started') ? row.started : 0) : null;
    const index = has('index') ? reader.uint() : null;
    const hash = has('hash') ? reader.hex(32) : null;
    const stage = (name: (typeof STAGE_NAMES)[number]) => (has(name) ? reader.uint() : null);
    const stages = {
      endorse: stage('endorse'),
      order: stage('order'),
      deliver: stage('deliver'),
      commit: stage('commit'),
    };
    const prefix = has('prefix') ? reader.text() : undefined;
    return {
      channel: shape.channel,
      txId,
      ...(prefix !== undefined && { txIdPrefix: prefix }),
      traceId: traceIdOf(shape.channel, txId),
      type: shape.type,
      chaincode: shape.chaincode,
      function: shape.function,
      creator: shape.creator,
      code: shape.code,
      block: has('block') ? { number: row.block, hash, index } : null,
      startedAt: has('started') ? formatTime(row.started) : null,
      endedAt: ended === null ? null : formatTime(ended),
      durationUs: has('duration') ? row.duration : null,
      stages,
      endorsers: shape.endorsers,
      participants: shape.participants,
      committed: reader.uint(),
      missing: reader.uint(),
      unobserved: reader.uint(),
      findings: shape.findings,
    };
  }

  /** The durations of the stages (in the order of `STAGE_NAMES`) and of each edge of `shapes.edges(row.edges)`. */
  durations(data: Uint8Array, edges: number): { readonly stages: Micros[]; readonly edges: Micros[] } {
    const reader = new ByteReader(data);
    const bits = reader.uint();
    let stages: Micros[];
    if ((bits & BIT.other) !== 0) {
      const summary = JSON.parse(reader.text()) as TraceSummary;
      stages = STAGE_NAMES.map((name) => summary.stages[name]);
    } else {
      if ((bits & BIT.ended) !== 0) reader.int();
      if ((bits & BIT.index) !== 0) reader.uint();
      if ((bits & BIT.hash) !== 0) reader.skip(32);
      stages = STAGE_NAMES.map((name) => ((bits & BIT[name]) === 0 ? null : reader.uint()));
      if ((bits & BIT.prefix) !== 0) reader.text();
      // committed, missing, unobserved
      reader.uint();
      reader.uint();
      reader.uint();
    }
    reader.uint();
    const durations = this.#shapes.edges(edges).map(() => {
      const written = reader.uint();
      return written === 0 ? null : written - 1;
    });
    return { stages, edges: durations };
  }
}

/** Fields of a summary apart from `txIdPrefix`; one that has more keeps them as JSON. */
const FIELD_COUNT = 19;

function shapeOf(summary: TraceSummary): SummaryShape {
  const { channel, type, chaincode, creator, code, endorsers, participants, findings } = summary;
  return { channel, type, chaincode, function: summary.function, creator, code, endorsers, participants, findings };
}

type Micros = number | null;
type SummaryShape = ReturnType<Shapes['shape']>;

/** Microseconds; null for null; undefined for a time that would not come back as it was written. */
function timeOf(time: string | null): number | null | undefined {
  if (time === null) return null;
  const us = parseTime(time);
  return Number.isNaN(us) || time.length !== 27 ? undefined : us;
}

function isCount(value: number | null): boolean {
  return value === null || (Number.isSafeInteger(value) && value >= 0);
}

function byContent(a: Edge, b: Edge): number {
  return (
    compare(a.point, b.point) ||
    compare(a.from ?? '', b.from ?? '') ||
    compare(a.to, b.to) ||
    (a.durationUs ?? -1) - (b.durationUs ?? -1)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
