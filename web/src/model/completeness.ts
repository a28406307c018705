import type { Trace } from '../api/types.ts';

export interface Completeness {
  readonly committed: number;
  readonly missing: number;
  /** Peers of which nothing can be said. */
  readonly unobserved: number;
  /** `committed + missing + unobserved`. */
  readonly known: number;
  /** Only true when every known peer was seen to commit. */
  readonly complete: boolean;
  /** `4 of 5 peers`; `no commit seen`. */
  readonly label: string;
  /** A sentence, never `complete` when it is not. */
  readonly plain: string;
}

/** How much of the channel is known to have committed the transaction's block. */
export function completenessOf(trace: Pick<Trace, 'commits' | 'missing' | 'unobserved' | 'block'>): Completeness {
  const committed = new Set(trace.commits.map((commit) => commit.peer)).size;
  const missing = trace.missing.length;
  const unobserved = trace.unobserved.length;
  const known = committed + missing + unobserved;
  const complete = committed > 0 && missing === 0 && unobserved === 0;
  const label = known === 0 ? 'no commit seen' : `${committed} of ${known} peer${known === 1 ? '' : 's'}`;
  return { committed, missing, unobserved, known, complete, label, plain: sentence() };

  function sentence(): string {
    if (trace.block === null && committed === 0) return 'No peer is known to have committed it.';
    if (known === 0) return 'No peer’s log was seen, so it is not known who committed it.';
    if (complete) return `All ${known} known peers committed its block.`;
    const parts = [`${committed} of ${known} known peers committed its block`];
    if (missing > 0) parts.push(`${missing} ${missing === 1 ? 'has' : 'have'} not`);
    if (unobserved > 0) parts.push(`nothing can be said of ${unobserved}, whose log was not seen`);
    return `${parts.join('; ')}.`;
  }
}
