import { POINTS } from '../../points.ts';
import type { TraceRecord } from '../../record.ts';

/**
 * What a record is about: `full` and `shortened` are of a transaction, by its ID or the beginning of it; `block` of one block,
 * `range` of several; `network` tells a fact. `loose`: neither transaction nor block is named, so nothing shows it.
 */
export type RecordKind = 'full' | 'shortened' | 'block' | 'range' | 'network' | 'loose';

const SCOPES: ReadonlyMap<string, 'tx' | 'block' | 'network'> = new Map(
  Object.entries(POINTS).map(([point, { scope }]) => [point, scope]),
);
const LONGEST_TX_ID = 256;

export function isTxId(id: string): boolean {
  return id.length > 0 && id.length <= LONGEST_TX_ID;
}

export function kindOf({ ftl }: Pick<TraceRecord, 'ftl'>): RecordKind {
  const scope = SCOPES.get(ftl.point);
  if (scope === 'network') return 'network';
  if (scope === 'tx') {
    if (ftl.tx_id !== undefined && isTxId(ftl.tx_id)) return 'full';
    if (ftl.tx_id_prefix !== undefined && isTxId(ftl.tx_id_prefix)) return 'shortened';
  } else if (scope === 'block' && ftl.block !== undefined) {
    return ftl.block.last !== undefined && ftl.block.last > ftl.block.number ? 'range' : 'block';
  }
  return 'loose';
}

/** Points of records about one transaction, and about blocks: what a query names, since documents carry no kind. */
export const TX_POINTS = pointsOf('tx');
export const BLOCK_POINTS = pointsOf('block');

function pointsOf(scope: 'tx' | 'block'): readonly string[] {
  return [...SCOPES].filter(([, of]) => of === scope).map(([point]) => point);
}
