import { peer } from '@hyperledger/fabric-protos';

export const Code = peer.TxValidationCode;
export type TxCode = (typeof Code)[keyof typeof Code];

/** What was decided about a transaction, and why: the reason is what a trace shows. */
export interface Verdict {
  /** A `TxValidationCode`. */
  readonly code: TxCode;
  /** One sentence; null for a valid transaction. */
  readonly reason: string | null;
}

export const VALID: Verdict = Object.freeze({ code: Code.VALID, reason: null });

export function invalid(code: TxCode, reason: string): Verdict {
  return { code, reason };
}

/** The sentence of an error, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
