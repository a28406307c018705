import type { HalfTrace } from '../assemble/halfTrace.ts';
import type { Finding } from '../trace.ts';
import { ambiguousTxId } from './ambiguousTxId.ts';
import { blockHashDiverges } from './blockHashDiverges.ts';
import { clockSkew } from './clockSkew.ts';
import { codesDiverge } from './codesDiverge.ts';
import type { FindingCode } from './codes.ts';
import { duplicateTxid } from './duplicateTxid.ts';
import { endorsementFailed } from './endorsementFailed.ts';
import { endorsementsDiffer } from './endorsementsDiffer.ts';
import { invalidTransaction } from './invalidTransaction.ts';
import { mvccConflict } from './mvccConflict.ts';
import { neverOrdered } from './neverOrdered.ts';
import { noResponse } from './noResponse.ts';
import { notCommittedBy } from './notCommittedBy.ts';
import { phantomRead } from './phantomRead.ts';
import { policyFailed } from './policyFailed.ts';
import { recordsAltered } from './recordsAltered.ts';
import { recordsMissing } from './recordsMissing.ts';
import { rejectedByOrderer } from './rejectedByOrderer.ts';
import type { FindingRule, Severity } from './rule.ts';
import { slowStage } from './slowStage.ts';

/** All kinds of findings, by code. */
export const RULES = {
  endorsement_failed: endorsementFailed,
  endorsements_differ: endorsementsDiffer,
  policy_failed: policyFailed,
  mvcc_conflict: mvccConflict,
  phantom_read: phantomRead,
  duplicate_txid: duplicateTxid,
  invalid_transaction: invalidTransaction,
  never_ordered: neverOrdered,
  rejected_by_orderer: rejectedByOrderer,
  not_committed_by: notCommittedBy,
  codes_diverge: codesDiverge,
  block_hash_diverges: blockHashDiverges,
  no_response: noResponse,
  clock_skew: clockSkew,
  slow_stage: slowStage,
  ambiguous_tx_id: ambiguousTxId,
  records_missing: recordsMissing,
  records_altered: recordsAltered,
} as const satisfies Record<FindingCode, FindingRule>;

export interface CatalogueEntry {
  /** The usual one; a single case may be milder or graver. */
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
}

const ALL: readonly FindingRule[] = Object.values(RULES);

/** What is said of each code to people. */
export const FINDINGS = Object.fromEntries(
  ALL.map(({ code, severity, title, explanation }) => [code, { severity, title, explanation }]),
) as Record<FindingCode, CatalogueEntry>;

/** All findings of a trace, in the catalogue's order. */
export function findAll(half: HalfTrace): Finding[] {
  const findings: Finding[] = [];
  for (const rule of ALL) {
    const found = rule.find(half);
    if (found) findings.push({ code: rule.code, ...found });
  }
  return findings;
}
