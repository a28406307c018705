import type { Edge } from '../trace.ts';

/** Whether the callee refused or failed: a status from 400 on, an error, or a commit with another code than VALID. */
export function hasFailed(edge: Edge): boolean {
  if (edge.error !== undefined) return true;
  if (typeof edge.status === 'number') return edge.status >= 400;
  return typeof edge.status === 'string' && edge.status !== 'VALID';
}
