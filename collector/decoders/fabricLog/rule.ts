import type { TraceRecord } from '#trace/record.ts';
import type { Entry } from './entry.ts';
import type { FabricState } from './state.ts';

/** What a rule makes of an entry: records, nothing, or `unreadable` if the entry has the rule's words but not its shape. */
export type Outcome = TraceRecord | readonly TraceRecord[] | 'unreadable' | undefined;

/**
 * One kind of line of one logger. `starts` and `has` are looked for in the raw line before anything is parsed: they hold no
 * character that JSON escapes, so that they read alike in both formats.
 */
export interface Rule {
  /** How the message begins. */
  readonly starts: string;
  /** What it holds further on. */
  readonly has?: string;
  /** Whether the console format spreads the message over several lines, which the rule needs. */
  readonly multiline?: boolean;
  /** A last cheap look at the raw line from the message on; false means of no interest. */
  wanted?(line: string, at: number, state: FabricState): boolean;
  apply(entry: Entry, state: FabricState): Outcome;
}

/** A rule that works on the raw line alone, for lines that are many and tell little. It makes no records. */
export interface RawRule {
  readonly starts: string;
  note(line: string, at: number, state: FabricState): void;
}

export interface LoggerRules {
  /** Who has this logger, if only one kind of node has it. */
  readonly kind?: 'peer' | 'orderer';
  readonly rules: readonly Rule[];
  readonly raw?: RawRule;
}

export type RuleTable = ReadonlyMap<string, LoggerRules>;
