import type { Edge } from '../api/types.ts';

/** How something ended: never shown by colour alone, `symbol` and `label` say the same. */
export type Tone = 'good' | 'bad' | 'unknown';

export interface Outcome {
  readonly tone: Tone;
  readonly symbol: string;
  readonly label: string;
  /** For a person who has never seen a validation code. */
  readonly plain: string;
}

const PLAIN: Readonly<Record<string, string>> = {
  VALID: 'Valid: its changes are in the ledger.',
  MVCC_READ_CONFLICT:
    'Invalid: another transaction changed data it had read, before it was committed. Nothing was written.',
  PHANTOM_READ_CONFLICT:
    'Invalid: the result of a query it had made changed before it was committed. Nothing was written.',
  ENDORSEMENT_POLICY_FAILURE:
    'Invalid: it lacks endorsements that the chaincode’s policy demands. Nothing was written.',
  DUPLICATE_TXID: 'Invalid: a transaction with this ID was committed before. Nothing was written.',
  BAD_CREATOR_SIGNATURE: 'Invalid: the signature of who submitted it does not check. Nothing was written.',
  CHAINCODE_VERSION_CONFLICT: 'Invalid: the chaincode changed between endorsement and commit. Nothing was written.',
  EXPIRED_CHAINCODE: 'Invalid: the chaincode was replaced before it was committed. Nothing was written.',
};

/** What a validation code means; null is a transaction that no block is known to hold. */
export function outcomeOf(code: string | null): Outcome {
  if (code === null || code === 'NONE') {
    return {
      tone: 'unknown',
      symbol: '○',
      label: 'NOT COMMITTED',
      plain: 'Not committed: no block is known that holds it.',
    };
  }
  const plain = PLAIN[code];
  if (code === 'VALID') return { tone: 'good', symbol: '✔', label: code, plain: plain ?? code };
  return {
    tone: 'bad',
    symbol: '✘',
    label: code,
    plain: plain ?? `Invalid: the peers marked it ${code}. Nothing was written.`,
  };
}

/** Whether an edge's answer was good: gRPC 0 and HTTP-like 2xx are, VALID is, everything else that was answered is not. */
export function toneOfStatus(status: number | string | null, error?: string): Tone {
  if (error !== undefined && error !== '') return 'bad';
  if (status === null) return 'unknown';
  if (typeof status === 'string') return status === 'VALID' ? 'good' : 'bad';
  return status === 0 || (status >= 200 && status < 300) ? 'good' : 'bad';
}

/** Likewise of an edge; a block that was seen to arrive has no status of its own and is well. */
export function toneOfEdge(edge: Pick<Edge, 'point' | 'status' | 'error' | 'source'>): Tone {
  const tone = toneOfStatus(edge.status, edge.error);
  const arrived = (edge.point === 'deliver' || edge.point === 'gossip') && edge.source === 'record';
  return tone === 'unknown' && arrived ? 'good' : tone;
}

export const SEVERITY_SYMBOLS = { info: 'ⓘ', warning: '⚠', error: '✘', critical: '‼' } as const;
