import type { HalfTrace } from '../assemble/halfTrace.ts';
import type { Finding } from '../trace.ts';
import type { FindingCode } from './codes.ts';

export type Severity = Finding['severity'];

/** One kind of finding: what the catalogue says of it, and how it is seen in a trace. */
export interface FindingRule {
  readonly code: FindingCode;
  /** The usual severity; `find` may judge a case milder or graver. */
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
  /** Null where the trace does not show it. Pure. */
  readonly find: (half: HalfTrace) => Omit<Finding, 'code'> | null;
}
