import { buildNetwork } from '../network/buildNetwork.ts';
import { traceIdOf, type StoredRecord } from '../record.ts';
import type { Commit, Trace } from '../trace.ts';
import { findAll } from '../findings/catalogue.ts';
import { findActors } from './actors.ts';
import { broadcastEdges, findBroadcasts } from './broadcastEdges.ts';
import { causalClocks } from './causality.ts';
import { commitEdges, findCommits, type CommitDraft } from './commits.ts';
import { completenessOf } from './completeness.ts';
import type { AssembleContext } from './context.ts';
import { disseminationEdges } from './disseminationEdges.ts';
import type { EdgeDraft } from './edgeDraft.ts';
import { endorseEdges, findEndorsements } from './endorseEdges.ts';
import { collectEvidence, type Item } from './evidence.ts';
import { contentsOf } from './contents.ts';
import { breaksDuring } from './breaksDuring.ts';
import { participantsOf } from './participants.ts';
import { judgePolicy } from './policyVerdict.ts';
import { blockItems, blockPosition, codeOf, findOccurrences, firstCopy } from './selectBlock.ts';
import { timeStages } from './stages.ts';
import { formatMicros } from './time.ts';
import { timeEdges, writeEdges, type TimedEdge } from './writeEdges.ts';
import { unansweredSteps, witnessesOf } from './witnesses.ts';

/**
 * What all the records together say of one transaction. Pure: the same records give the same trace, in whatever order they
 * come and however often; records of other transactions, blocks and channels are passed over.
 */
export function assemble(records: readonly StoredRecord[], context: AssembleContext): Trace {
  const network = context.network ?? buildNetwork(records);
  const evidence = collectEvidence(records, context, network);

  // Where it stands in the chain.
  const occurrences = findOccurrences(evidence);
  const occurrence = firstCopy(occurrences);
  const items = occurrence ? blockItems(evidence, occurrence.block) : [];
  const ordered = items.filter(({ point }) => point === 'order.block');

  // Who handed it to whom.
  const actors = findActors(evidence);
  const endorsements = findEndorsements(evidence);
  const broadcasts = findBroadcasts(evidence);
  const commits = occurrence ? findCommits(evidence, items, occurrence) : [];
  const handovers = occurrence ? disseminationEdges(evidence, items, occurrence.block) : [];
  const committing = commitEdges(evidence, items, handovers, commits);
  const drafts: EdgeDraft[] = [
    ...endorseEdges(evidence, endorsements, actors),
    ...broadcastEdges(broadcasts, actors),
    ...handovers,
    ...committing,
  ].filter(({ from, to }) => from?.id !== to.id);

  // When, by clocks put right.
  const clocks = causalClocks(endorsements, broadcasts, ordered, handovers, commits, occurrences.length < 2);
  const timed = timeEdges(drafts, clocks.offsets);
  const { stages, whole } = timeStages(timed, ordered, commits, clocks.offsets);

  // With what result.
  const told = occurrence ? codeOf(occurrence) : null;
  // Stock logs name every invalid transaction, so silence after a commit means valid.
  const code = told ?? (commits.length > 0 ? 'VALID' : null);
  const ownCodes = new Map(commits.map((commit) => [commit.peer.id, commit.ownCode]));
  const edges = writeEdges(timed, code, (peer) => ownCodes.get(peer) ?? null);
  const contents = contentsOf(evidence, occurrence, endorsements);
  const completeness = occurrence
    ? completenessOf(evidence, context, occurrence.block, commits, drafts)
    : { missing: [], unobserved: [] };
  const policy = judgePolicy({
    network,
    channel: evidence.channel,
    chaincode: contents.chaincode,
    type: contents.type,
    block: occurrence?.block ?? null,
    code,
    endorsers: contents.endorsers,
  });
  const startedAt = whole.from ?? contents.seenAt;
  const others = [actors.clientKnown ? actors.client : null, ...contents.endorsers];
  const half = {
    channel: evidence.channel,
    txId: evidence.txId,
    ...(evidence.prefix !== null && { txIdPrefix: evidence.prefix }),
    traceId: traceIdOf(evidence.channel, evidence.txId),
    type: contents.type,
    chaincode: contents.chaincode,
    function: contents.function,
    creator: actors.clientKnown ? actors.client.id : null,
    code,
    block: occurrence ? blockPosition(occurrence, items) : null,
    startedAt: startedAt === null ? null : formatMicros(startedAt),
    endedAt: whole.to === null ? null : formatMicros(whole.to),
    durationUs: whole.from === null || whole.to === null ? null : Math.max(0, whole.to - whole.from),
    stages,
    participants: participantsOf(drafts, others),
    edges,
    commits: writeCommits(commits, timed, code),
    missing: completeness.missing,
    unobserved: completeness.unobserved,
    endorsers: contents.endorsers.map(({ id }) => id),
    policy,
    readWriteSets: contents.readWriteSets,
    duplicates: occurrences
      .filter((one) => one !== occurrence)
      .map((again) => ({ block: again.block, code: codeOf(again) })),
    clockOffsets: Object.fromEntries([...clocks.offsets].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    recordCount: evidence.tx.length + items.length + evidence.ambiguous.length,
  };
  const witnesses = witnessesOf(evidence, items, occurrence);
  const findings = findAll({
    ...half,
    ...witnesses,
    isQuery: endorsements.length > 0 && endorsements.every(({ evaluated }) => evaluated) && broadcasts.length === 0,
    blocksAreTold: network.config(evidence.channel, Infinity) !== null || evidence.tx.some(isOwnRecord),
    unanswered: unansweredSteps(edges, endorsements, broadcasts),
    skewRecords: clocks.broken,
    isAmbiguous: evidence.isAmbiguous,
    ambiguousRecords: evidence.ambiguous,
    streamBreaks: breaksDuring(half, network),
  });
  return { ...half, findings };
}

/** Instrumented nodes name the transactions of each block that they commit. */
const isOwnRecord = ({ ftl: { source } }: Item) => source === undefined || source === 'record';

function writeCommits(commits: readonly CommitDraft[], timed: readonly TimedEdge[], code: string | null): Commit[] {
  const times = new Map<string, TimedEdge>();
  let first = Infinity;
  for (const one of timed) {
    if (one.draft.point !== 'commit') continue;
    times.set(one.draft.to.id, one);
    first = Math.min(first, one.at!);
  }
  const written = commits.map(({ peer, item, ownCode, hash, records }) => {
    const at = times.get(peer.id)!.at!;
    const commit: Commit = {
      peer: peer.id,
      at: formatMicros(at),
      code: ownCode ?? code,
      delayUs: at - first,
      records,
    };
    if (item.at !== at) commit.rawAt = formatMicros(item.at);
    if (hash !== undefined) commit.commitHash = hash;
    return commit;
  });
  return written.toSorted((a, b) => a.delayUs! - b.delayUs! || (a.peer < b.peer ? -1 : 1));
}
