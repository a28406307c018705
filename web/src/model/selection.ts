import type { Trace } from '../api/types.ts';

/** The edges that a record shows, in order; a block-level record shows several. */
export function edgesOfRecord(trace: Pick<Trace, 'edges'>, recordId: string): number[] {
  return trace.edges.filter((edge) => edge.records.includes(recordId)).map((edge) => edge.seq);
}

/** The edge's number as the URL has it; null for none, and for what is no edge of this trace. */
export function selectedEdge(trace: Pick<Trace, 'edges'>, parameter: string | null): number | null {
  const seq = parameter === null || !/^\d{1,9}$/.test(parameter) ? null : Number(parameter);
  return trace.edges.some((edge) => edge.seq === seq) ? seq : null;
}

/** Which edge a record selects: the next one that it shows after the one selected, so that repeated clicks walk through. */
export function nextEdgeOfRecord(
  trace: Pick<Trace, 'edges'>,
  recordId: string,
  selected: number | null,
): number | null {
  const edges = edgesOfRecord(trace, recordId);
  return edges[(edges.indexOf(selected ?? -1) + 1) % Math.max(1, edges.length)] ?? null;
}
