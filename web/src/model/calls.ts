import type { Identity, NetworkNode, Statistics } from '../api/types.ts';
import { commonName, mspOf, organisation } from './names.ts';

type CountedEdge = Statistics['edges'][number];

/** What a hand-over is about, in the order of a transaction's way. */
export const CALL_KINDS = ['proposals', 'ordering', 'blocks'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

const KINDS: ReadonlyMap<string, CallKind> = new Map([
  ['gateway', 'proposals'],
  ['endorse', 'proposals'],
  ['broadcast', 'ordering'],
  ['deliver', 'blocks'],
  ['gossip', 'blocks'],
  ['commit', 'blocks'],
]);

/** What is handed over. */
export const KIND_WORDS: Readonly<Record<CallKind, string>> = {
  proposals: 'proposals',
  ordering: 'transactions to order',
  blocks: 'blocks',
};

/** All hand-overs of one kind from one participant to another. */
export interface Call {
  /** The same in every time. */
  readonly key: string;
  readonly kind: CallKind;
  readonly from: string;
  readonly to: string;
  /** Of which sorts, such as `endorse`; `gossip` for blocks that a peer passed on. */
  readonly points: readonly string[];
  /** Transactions handed over; those of a block each count. */
  readonly count: number;
  /** Of them, answered with an error. A transaction that was committed as invalid is none: handing it over went well. */
  readonly errors: number;
  /** Transactions that arrived this way in a block, and that the receiver committed as invalid. */
  readonly invalid: number;
  /** Null where no duration is known. Of several sorts, or several callers, the median of theirs by their counts. */
  readonly medianUs: number | null;
}

export interface Participant {
  readonly id: string;
  readonly kind: 'client' | 'peer' | 'orderer';
  readonly msp: string | null;
  /** IDs of the clients of an organisation that stand together as one, in which case `id` is none of an identity. */
  readonly together: readonly string[];
}

/** More clients of an organisation stand together as one. */
const MOST_CLIENTS = 3;
/** Begins the ID of clients that stand together. */
const TOGETHER = 'clients of ';

/**
 * Everybody in the picture: peers and orderers of which anything is known, and whoever called. Clients are not known beyond
 * their calls, and may be thousands.
 */
export function participantsOf(
  nodes: readonly Pick<NetworkNode, 'id' | 'kind'>[],
  edges: readonly CountedEdge[],
): Participant[] {
  const kinds = new Map<string, Identity['kind']>(nodes.map(({ id, kind }) => [id, kind]));
  const learn = (id: string, kind: Identity['kind']) => {
    const known = kinds.get(id);
    if (known === undefined || known === 'client') kinds.set(id, kind);
  };
  for (const { point, to } of edges) learn(to, point === 'broadcast' ? 'orderer' : 'peer');
  for (const { point, from } of edges) {
    if (point === 'deliver') learn(from, 'orderer');
    else if (point === 'gossip') learn(from, 'peer');
    else if (point !== 'commit' && !kinds.has(from)) kinds.set(from, 'client');
  }
  // Of a commit alone it is open who gave the block: an orderer is one that took part in ordering.
  for (const { from } of edges) if (!kinds.has(from)) kinds.set(from, 'peer');

  // A stream tells its writer's name alone: where others tell whose it is, that is the same node.
  const named = new Set([...kinds.keys()].filter((id) => mspOf(id) !== null).map(commonName));
  for (const id of kinds.keys()) if (mspOf(id) === null && named.has(id)) kinds.delete(id);

  const clients = new Map<string, string[]>();
  const participants: Participant[] = [];
  for (const [id, kind] of [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const msp = mspOf(id);
    if (kind === 'peer' || kind === 'orderer') participants.push({ id, kind, msp, together: [] });
    else if (kind === 'client') clients.set(msp ?? '', [...(clients.get(msp ?? '') ?? []), id]);
  }
  for (const [msp, ids] of clients) {
    const own = msp === '' ? null : msp;
    if (ids.length <= MOST_CLIENTS) {
      participants.push(...ids.map((id): Participant => ({ id, kind: 'client', msp: own, together: [] })));
    } else {
      const id = `${TOGETHER}${own === null ? 'no known organisation' : (organisation(own) ?? own)}`;
      participants.push({ id, kind: 'client', msp: own, together: ids });
    }
  }
  return participants;
}

/** The counted edges drawn together; the busiest first. */
export function callsOf(edges: readonly CountedEdge[], participants: readonly Participant[]): Call[] {
  const stands = new Map(participants.flatMap(({ id, together }) => together.map((one) => [one, id] as const)));
  const groups = new Map<string, CountedEdge[]>();
  for (const edge of edges) {
    const kind = KINDS.get(edge.point);
    if (kind === undefined) continue;
    const key = callKey(kind, stands.get(edge.from) ?? edge.from, edge.to);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [edge]);
    else group.push(edge);
  }
  return [...groups]
    .flatMap(([key, group]): Call[] => {
      const [first] = group;
      if (first === undefined) return [];
      const handed = group.filter(({ point }) => point !== 'commit');
      const commits = group.filter(({ point }) => point === 'commit');
      // The commits of a line are those of the same blocks again, unless nobody told that the blocks were handed over.
      const counted = handed.length > 0 ? handed : commits;
      return [
        {
          key,
          kind: KINDS.get(first.point) ?? 'blocks',
          from: stands.get(first.from) ?? first.from,
          to: first.to,
          points: [...new Set(counted.map(({ point }) => point))].toSorted(),
          count: sum(counted, 'count'),
          errors: sum(handed, 'errors'),
          invalid: sum(commits, 'errors'),
          medianUs: middle(handed),
        },
      ];
    })
    .toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
}

export const callKey = (kind: CallKind, from: string, to: string): string => `${kind} ${from} → ${to}`;

const sum = (edges: readonly CountedEdge[], what: 'count' | 'errors') =>
  edges.reduce((total, edge) => total + edge[what], 0);

/** Of one edge its median; of several the one that half of the calls are not above. */
function middle(edges: readonly CountedEdge[]): number | null {
  const timed = edges.flatMap(({ count, medianUs }) => (medianUs === null ? [] : [{ count, medianUs }]));
  const half = timed.reduce((total, { count }) => total + count, 0) / 2;
  let passed = 0;
  for (const { count, medianUs } of timed.toSorted((a, b) => a.medianUs - b.medianUs)) {
    passed += count;
    if (passed >= half) return medianUs;
  }
  return null;
}

/** 0 to 1. */
export const errorShare = ({ count, errors }: Pick<Call, 'count' | 'errors'>): number =>
  count === 0 ? 0 : errors / count;

/** From which share on a line is no longer a few errors: one in twenty. */
const MANY_ERRORS = 0.05;
export type ErrorTone = 'none' | 'few' | 'many';
export function errorTone(call: Pick<Call, 'count' | 'errors'>): ErrorTone {
  const share = errorShare(call);
  return share === 0 ? 'none' : share < MANY_ERRORS ? 'few' : 'many';
}

/** `0.4 %`, `21 %`; what is more than nothing is never shown as 0. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return 'below 0.1 %';
  return `${percent < 10 ? percent.toFixed(1).replace(/\.0$/, '') : percent.toFixed(0)} %`;
}
