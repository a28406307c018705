/** Stable codes of findings. The catalogue (severity, sentence, rule) is one file per code beside this one. */
export const FINDING_CODES = [
  'endorsement_failed',
  'endorsements_differ',
  'policy_failed',
  'mvcc_conflict',
  'phantom_read',
  'duplicate_txid',
  'invalid_transaction',
  'never_ordered',
  'rejected_by_orderer',
  'not_committed_by',
  'codes_diverge',
  'block_hash_diverges',
  'no_response',
  'clock_skew',
  'slow_stage',
  'ambiguous_tx_id',
  'records_missing',
  'records_altered',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];
