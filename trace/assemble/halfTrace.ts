import type { StreamBreak } from '../network/streamBreaks.ts';
import type { Trace } from '../trace.ts';
import type { CodeWitness } from './selectBlock.ts';

/** What a peer says about why a transaction is invalid. */
export interface Reason {
  readonly peer: string | null;
  readonly text: string;
  readonly record: string;
}

export interface HashWitness {
  /** `hash` of the block's header, `commit` for the peer's running hash. */
  readonly kind: 'hash' | 'commit';
  readonly hash: string;
  readonly peer: string | null;
  readonly record: string;
}

/** A trace of which everything is known but its findings, with the evidence that findings judge. */
export interface HalfTrace extends Omit<Trace, 'findings'> {
  readonly codeWitnesses: readonly CodeWitness[];
  readonly hashWitnesses: readonly HashWitness[];
  readonly reasons: readonly Reason[];
  /** Nothing but queries asked for it: it was never meant to be ordered. */
  readonly isQuery: boolean;
  /** Whether the evidence of this network tells what blocks hold: without that, not to be in a block means nothing. */
  readonly blocksAreTold: boolean;
  /** IDs of `to` of endorse and broadcast edges that were asked and gave no sign of life. */
  readonly unanswered: readonly { readonly edge: number; readonly step: 'endorse' | 'broadcast' }[];
  /** Records that break causality by their raw times. */
  readonly skewRecords: readonly string[];
  readonly isAmbiguous: boolean;
  readonly ambiguousRecords: readonly string[];
  /** Block-source and validation records of the transaction. */
  readonly verdictRecords: readonly string[];
  /** What is wrong with the record streams of nodes that may have had a part, at the time of the transaction. */
  readonly streamBreaks: readonly StreamBreak[];
}
