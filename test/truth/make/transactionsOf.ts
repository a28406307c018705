import { strict as assert } from 'node:assert';
import type { TruthEdge, TruthTransaction } from '../truth.ts';
import { CHANNEL, type Evidence, by, nodeAt } from './evidence.ts';

function broadcastEdges(evidence: Evidence, txId: string, from: string, gateway: string | null): TruthEdge[] {
  const edges: TruthEdge[] = [];
  for (const [id, { broadcast }] of evidence.transactions)
    for (const { at, respondedAt } of broadcast.get(txId) ?? [])
      edges.push({
        point: 'broadcast',
        from,
        to: id,
        evidence: 'log',
        at,
        respondedAt: respondedAt ?? at,
        status: 200,
      });
  const known = edges.length > 0;
  const tries = gateway === null ? [] : (evidence.transactions.get(gateway)?.submitted.get(txId) ?? []);
  for (const { endpoint, at, failed } of tries) {
    const to = nodeAt(evidence, endpoint);
    const seen = edges.findIndex((edge) => edge.to === to && (edge.at ?? '') >= at);
    if (failed) edges.push({ point: 'broadcast', from, to, evidence: 'attempt', at });
    else if (seen >= 0) edges[seen] = { ...(edges[seen] as TruthEdge), at };
    else {
      assert(!known, `${txId}: the orderer knows nothing of it`);
      edges.push({ point: 'broadcast', from, to, evidence: 'log', at });
    }
  }
  return edges.toSorted(by((edge) => edge.at ?? ''));
}

/** Each (point, from, to) once; the earliest stands. */
function once(edges: readonly TruthEdge[]): TruthEdge[] {
  const pairs = new Map<string, TruthEdge>();
  for (const edge of edges) {
    const key = `${edge.point} ${edge.from} ${edge.to} ${edge.evidence}`;
    if (!pairs.has(key)) pairs.set(key, edge);
  }
  return [...pairs.values()];
}

function endorseEdges(endorsed: ReadonlyMap<string, number>, client: string, gateway: string | null) {
  const edges: TruthEdge[] = [];
  if (gateway !== null && !endorsed.has(gateway))
    edges.push({ point: 'gateway', from: client, to: gateway, evidence: 'log' });
  for (const [id, status] of endorsed) {
    const from = gateway === null || gateway === id ? client : gateway;
    edges.push({ point: 'endorse', from, to: id, evidence: 'log', status });
  }
  return edges;
}

/** A transaction's own way, up to the ordering service, and what became of it. */
export function transactionOf(evidence: Evidence, txId: string, step: string): TruthTransaction {
  const copies = evidence.blocks.flatMap(({ number, transactions }) =>
    transactions.flatMap((tx, index) =>
      (tx.txId || `block:${number}:${index}`) === txId ? [{ ...tx, block: number, index }] : [],
    ),
  );
  const [first, ...others] = copies;
  const prefix = txId.startsWith('block:') ? txId : txId.slice(0, 8);
  const scans = [...evidence.transactions];
  const gateways = scans.filter(([, scan]) => scan.called.has(txId) || scan.submitted.has(txId)).map(([id]) => id);
  assert(gateways.length <= 1);
  const gateway = gateways[0] ?? null;
  const msps = new Set(scans.flatMap(([, scan]) => scan.creatorMsp.get(prefix) ?? []));
  assert(msps.size <= 1);
  const creatorMsp = first?.creator?.split('/')[0] ?? [...msps][0] ?? null;
  const genesis = first !== undefined && first.creator === null;
  const creator = first?.creator ?? (genesis ? null : creatorMsp === null ? 'client' : `${creatorMsp}/client`);
  const endorsed = new Map<string, number>();
  for (const [id, scan] of scans) if (scan.finished.has(prefix)) endorsed.set(id, 200);
  for (const id of first?.endorsers ?? []) assert(endorsed.has(id), `${txId}: ${id} endorsed without a line`);
  for (const [endpoint, status] of gateway === null
    ? []
    : (evidence.transactions.get(gateway)?.called.get(txId) ?? [])) {
    const id = nodeAt(evidence, endpoint);
    assert(endorsed.has(id), `${txId}: ${id} was called, yet has no line`);
    if (status !== null) endorsed.set(id, status);
  }
  const edges = creator === null ? [] : endorseEdges(endorsed, creator, gateway);
  const sent = creator === null ? [] : broadcastEdges(evidence, txId, gateway ?? creator, gateway);
  if (first !== undefined && creator !== null && !sent.some((edge) => edge.evidence === 'log'))
    sent.push({ point: 'broadcast', from: first.updater ?? creator, to: unseenOrderer(evidence), evidence: 'unseen' });
  return {
    channel: CHANNEL,
    txId,
    known: first !== undefined || gateway !== null || hasFullId(evidence, txId) ? 'full' : 'prefix',
    step,
    type: first?.type ?? null,
    code: first?.code ?? null,
    block: first?.block ?? null,
    index: first?.index ?? null,
    duplicates: others.map(({ block, index, code }) => ({ block, index, code })),
    creator,
    creatorMsp,
    chaincode: first?.chaincode ?? scans.flatMap(([, scan]) => scan.finished.get(prefix) ?? [])[0] ?? null,
    function: first?.function ?? null,
    endorsers: first?.endorsers ?? [],
    orderers: [...new Set(sent.filter((edge) => edge.evidence === 'log').map(({ to }) => to))],
    gateway,
    edges: [...edges, ...once(sent)],
  };
}

function hasFullId(evidence: Evidence, txId: string): boolean {
  return [...evidence.lines.values()].some((lines) => lines.some(({ raw }) => raw.includes(txId)));
}

/** Who took in a message of which the line names no transaction: the only orderer with such a line, else the only orderer. */
function unseenOrderer({ lines, recording }: Evidence): string {
  const update = [...lines].find(([, all]) => all.some(({ msg }) => msg.includes('processing config update message')));
  const id = update?.[0] ?? recording.nodes.find(({ kind }) => kind === 'orderer')?.id;
  assert(id);
  return id;
}
