import type { Identity } from '../identity.ts';
import type { ReadWriteSummary } from '../record.ts';
import type { Endorsement } from './endorseEdges.ts';
import { hasTime, type Evidence } from './evidence.ts';
import type { Occurrence } from './selectBlock.ts';
import { parseMicros } from './time.ts';

/** What the transaction is, apart from its way. */
export interface Contents {
  readonly type: string | null;
  readonly chaincode: string | null;
  readonly function: string | null;
  /** As the block holds them; until then those that answered without an error. By ID. */
  readonly endorsers: readonly Identity[];
  readonly readWriteSets: ReadWriteSummary[];
  /** When anybody first wrote of it, else what its client says; for traces without a single hand-over. */
  readonly seenAt: number | null;
}

export function contentsOf(
  evidence: Evidence,
  occurrence: Occurrence | null,
  endorsements: readonly Endorsement[],
): Contents {
  let type = occurrence?.type ?? null;
  let chaincode: string | null = null;
  let told: string | null = null;
  let fn: string | null = null;
  let readWriteSets: ReadWriteSummary[] = [];
  let seenAt: number | null = null;
  let clientTime: number | null = null;
  for (const item of evidence.tx) {
    const { ftl, point } = item;
    if (ftl.tx_type !== undefined) type ??= ftl.tx_type;
    if (ftl.function !== undefined) fn ??= ftl.function;
    if (ftl.chaincode !== undefined) {
      if (point === 'block.tx') told ??= ftl.chaincode;
      // A chaincode may call others: the invocation lines of those come first.
      else if (point !== 'chaincode.invoke' || chaincode === null) chaincode = ftl.chaincode;
    }
    if (ftl.rw_sets !== undefined && readWriteSets.length === 0) readWriteSets = ftl.rw_sets;
    if (hasTime(item)) seenAt ??= item.at;
    if (ftl.client_time !== undefined) clientTime ??= parseMicros(ftl.client_time);
  }
  const inBlock = endorsements.filter((one) => one.inBlock);
  const answered = endorsements.filter(({ result, response }) => {
    const status = (response ?? result)?.ftl.status;
    const failed = (status !== undefined && status >= 400) || result?.ftl.error !== undefined;
    return !failed && (response ?? result) !== null;
  });
  const invoked = endorsements.filter((one) => one.result === null && one.response === null && one.lastInvoke !== null);
  const counted = inBlock.length > 0 ? inBlock : [...answered, ...invoked];
  const endorsers = counted.map(({ endorser }) => endorser).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (type === null && endorsements.length > 0) type = 'ENDORSER_TRANSACTION';
  return { type, chaincode: told ?? chaincode, function: fn, endorsers, readWriteSets, seenAt: seenAt ?? clientTime };
}
