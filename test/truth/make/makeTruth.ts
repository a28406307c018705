/**
 * Works out the truth of each recording from its raw logs and blocks and writes `test/truth/<recording>.json`.
 * Run: `node test/truth/make/makeTruth.ts [FOLDER_OF_RECORDINGS]` (default: `test/vectors`). Stops where two witnesses disagree.
 */
import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Truth, TruthBlock, TruthEdge, TruthLeader, TruthTransaction } from '../truth.ts';
import { type RawBlock, readBlock } from './readBlocks.ts';
import { type RawLine, readLog } from './readLogs.ts';
import { RECORDINGS, type Recording, type RecordedNode } from './recordings.ts';
import { type PeerScan, type TransactionScan, scanPeer, scanTransactions } from './scanLogs.ts';

const CHANNEL = 'mychannel';
const by =
  <T>(key: (item: T) => string) =>
  (a: T, b: T) =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

interface Scenario {
  readonly steps: readonly {
    readonly step: string;
    readonly transactions: readonly { txId: string; observed: string; committedAs?: string | null; block?: number }[];
  }[];
}
interface Validation {
  readonly blocks: readonly {
    readonly block: number;
    readonly transactions: readonly {
      txId: string;
      validationCode: string;
      creatorMsp?: string;
      endorserMsps?: string[];
    }[];
  }[];
}
interface Evidence {
  readonly recording: Recording;
  readonly lines: ReadonlyMap<string, readonly RawLine[]>;
  readonly peers: ReadonlyMap<string, PeerScan>;
  readonly transactions: ReadonlyMap<string, TransactionScan>;
  readonly blocks: readonly RawBlock[];
}

function nodeAt({ recording }: Evidence, address: string): string {
  const port = Number(address.split(':').at(-1));
  const node = recording.nodes.find((one) => one.port === port);
  assert(node, `no node listens at ${address}`);
  return node.id;
}

function read(root: string, recording: Recording): Evidence {
  const folder = path.join(root, recording.name);
  const lines = new Map(
    recording.nodes.map(({ id, file }) => [id, readLog(path.join(folder, 'logs', `${file}.log.gz`))]),
  );
  const of = (node: RecordedNode) => lines.get(node.id) as readonly RawLine[];
  const blocks = Array.from({ length: recording.blocks }, (_, n) =>
    readBlock(path.join(folder, 'blocks', `${CHANNEL}_${n}.pb`)),
  );
  const peers = recording.nodes.filter(({ kind }) => kind === 'peer');
  return {
    recording,
    lines,
    peers: new Map(peers.map((node) => [node.id, scanPeer(of(node))])),
    transactions: new Map(recording.nodes.map((node) => [node.id, scanTransactions(of(node))])),
    blocks,
  };
}

/** Peer to peer, each pair once: the first hand-over counts. */
function gossipEdges(evidence: Evidence, block: number): TruthEdge[] {
  const byPki = new Map([...evidence.peers].map(([id, { pkiId }]) => [pkiId, id]));
  const found: TruthEdge[] = [];
  for (const [id, scan] of evidence.peers) {
    for (const sent of scan.sent.filter((one) => one.block === block))
      found.push({
        point: 'gossip',
        from: id,
        to: nodeAt(evidence, sent.to),
        evidence: 'log',
        way: 'push',
        at: sent.at,
      });
    for (const got of scan.received.filter((one) => one.block === block)) {
      const from = byPki.get(got.pkiId) as string;
      found.push({ point: 'gossip', from, to: id, evidence: 'log', way: 'push', respondedAt: got.at });
    }
    for (const got of scan.fetched.filter((one) => one.block === block)) {
      const { way, at, respondedAt } = got;
      found.push({ point: 'gossip', from: nodeAt(evidence, got.from), to: id, evidence: 'log', way, at, respondedAt });
    }
  }
  const pairs = new Map<string, TruthEdge>();
  for (const edge of found.toSorted(by((one) => one.at ?? one.respondedAt ?? ''))) {
    const key = `${edge.from} ${edge.to}`;
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, edge);
    else if (known.way === edge.way) pairs.set(key, { ...edge, ...known });
  }
  return [...pairs.values()];
}

function deliverEdges(evidence: Evidence, block: number): TruthEdge[] {
  const edges: TruthEdge[] = [];
  for (const [id, scan] of evidence.peers) {
    const handled = scan.handled.get(block);
    const commit = scan.commits.get(block);
    if (handled !== undefined)
      edges.push({
        point: 'deliver',
        from: nodeAt(evidence, handled.orderer),
        to: id,
        evidence: 'log',
        at: handled.at,
      });
    else if (!evidence.recording.gossipKnown && block > 0 && commit !== undefined) {
      const subscription = scan.subscribed.findLast(({ at }) => at <= commit);
      assert(subscription);
      edges.push({ point: 'deliver', from: nodeAt(evidence, subscription.orderer), to: id, evidence: 'derived' });
    }
  }
  return edges;
}

function commitEdge(peer: string, at: string, handovers: readonly TruthEdge[]): TruthEdge {
  const arrivals = handovers.filter((edge) => edge.to === peer);
  const known = arrivals.filter((edge) => edge.evidence === 'log');
  const first = known.toSorted(by((edge) => edge.respondedAt ?? edge.at ?? ''))[0] ?? arrivals[0];
  if (first !== undefined && first.evidence === 'log') assert((first.respondedAt ?? first.at ?? '') < at);
  return { point: 'commit', from: first?.from ?? null, to: peer, evidence: first?.evidence ?? 'log', at };
}

function blockOf(evidence: Evidence, { number, transactions }: RawBlock): TruthBlock {
  const handovers = [...deliverEdges(evidence, number), ...gossipEdges(evidence, number)];
  const commits: Record<string, string> = {};
  const edges = [...handovers];
  for (const [id, scan] of evidence.peers) {
    const at = scan.commits.get(number);
    if (at === undefined) continue;
    commits[id] = at;
    edges.push(commitEdge(id, at, handovers));
  }
  const creators = [...evidence.lines].filter(([, lines]) =>
    lines.some(
      ({ logger, msg }) => logger === 'orderer.consensus.etcdraft' && msg.startsWith(`Created block [${number}]`),
    ),
  );
  assert(creators.length <= 1);
  return {
    number,
    hash: evidence.blocks[number + 1]?.previousHash ?? null,
    createdBy: creators[0]?.[0] ?? null,
    txIds: transactions.map(({ txId }, index) => txId || `block:${number}:${index}`),
    commits,
    edges,
  };
}

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

function transactionOf(evidence: Evidence, txId: string, step: string): TruthTransaction {
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

function consensusLeaders({ lines, recording }: Evidence): TruthLeader[] {
  const orderers = recording.nodes.filter(({ kind }) => kind === 'orderer');
  const changes = orderers
    .flatMap(({ id }) => lines.get(id) ?? [])
    .flatMap(({ msg, at }) => {
      const match = /^Raft leader changed: (\d+) -> (\d+)/.exec(msg);
      return match === null ? [] : [{ at, leader: Number(match[2]) }];
    })
    .toSorted(by((change) => change.at));
  const terms: { node: string; from: string; until: string | null; how: 'consensus'; ended: 'killed' | null }[] = [];
  for (const { at, leader } of changes) {
    const node = orderers[leader - 1]?.id;
    if (node === undefined || terms.at(-1)?.node === node) continue;
    const last = terms.at(-1);
    // A killed leader says nothing: its last line before its next start is the last sign of life.
    if (last !== undefined)
      Object.assign(last, { until: lastLineOfFirstRun(lines.get(last.node) ?? []), ended: 'killed' });
    terms.push({ node, from: at, until: null, how: 'consensus', ended: null });
  }
  return terms;
}

function lastLineOfFirstRun(lines: readonly RawLine[]): string | null {
  const starts = lines.flatMap(({ msg }, i) => (/^(Orderer config values:|Starting peer:)/.test(msg) ? [i] : []));
  const second = starts[1];
  if (second === undefined) return null;
  // The console line that an orderer writes before its log format applies belongs to the next start.
  return lines.slice(0, second).findLast(({ raw }) => raw.startsWith('{'))?.at ?? null;
}

function stepsOf(scenario: Scenario, blocks: readonly RawBlock[]): Map<string, string> {
  const steps = new Map<string, string>();
  for (const { number, transactions } of blocks)
    for (const [index, { txId }] of transactions.entries()) steps.set(txId || `block:${number}:${index}`, 'setup');
  for (const { step, transactions } of scenario.steps) for (const { txId } of transactions) steps.set(txId, step);
  return steps;
}

function check(truth: Truth, scenario: Scenario, validation: Validation): void {
  const byId = new Map(truth.transactions.map((tx) => [tx.txId, tx]));
  for (const { transactions } of scenario.steps) {
    const seen = new Map<string, number>();
    for (const { txId, committedAs, block } of transactions) {
      const copy = seen.get(txId) ?? 0;
      seen.set(txId, copy + 1);
      const tx = byId.get(txId) as TruthTransaction;
      assert.equal(copy === 0 ? tx.code : tx.duplicates[copy - 1]?.code, committedAs ?? null);
      if (copy === 0) assert.equal(tx.block, block ?? null);
    }
  }
  for (const { block, transactions } of validation.blocks)
    for (const [index, { txId, validationCode, creatorMsp, endorserMsps }] of transactions.entries()) {
      const tx = byId.get(txId || `block:${block}:${index}`) as TruthTransaction;
      const copy = tx.index === index && tx.block === block ? tx : tx.duplicates.find((one) => one.index === index);
      assert.equal(copy?.code, validationCode);
      if (creatorMsp !== undefined) assert.equal(tx.creatorMsp, creatorMsp);
      if (endorserMsps !== undefined)
        assert.deepEqual(
          tx.endorsers.map((id) => id.split('/')[0] ?? '').toSorted(by(String)),
          endorserMsps.toSorted(by(String)),
        );
    }
}

/** The truth of one recording in `root`; throws where two witnesses disagree. */
export function makeTruth(root: string, recording: Recording): Truth {
  const evidence = read(root, recording);
  const json = (name: string) => JSON.parse(readFileSync(path.join(root, recording.name, name), 'utf8'));
  const scenario = json('scenario.json') as Scenario;
  const prefixes = new Map<string, string>();
  const steps = stepsOf(scenario, evidence.blocks);
  for (const txId of steps.keys()) {
    assert(!prefixes.has(txId.slice(0, 8)) || txId.startsWith('block:'), `two IDs begin with ${txId.slice(0, 8)}`);
    prefixes.set(txId.slice(0, 8), txId);
  }
  const truth: Truth = {
    recording: recording.name,
    channel: CHANNEL,
    gossipKnown: recording.gossipKnown,
    nodes: recording.nodes.map(({ id, kind, port, file }) => ({
      id,
      kind,
      address: `${recording.host}:${port}`,
      pkiId: evidence.peers.get(id)?.pkiId ?? null,
      node: kind === 'orderer' ? Number(file.at(-1)) : null,
    })),
    gossipLeaders: [...evidence.peers].flatMap(([node, { leading }]) =>
      leading.map(({ from, until, killed, static: isStatic }) => ({
        msp: node.split('/')[0] as string,
        node,
        from,
        until,
        how: isStatic ? ('static' as const) : ('elected' as const),
        ended: killed ? ('killed' as const) : until === null ? null : ('stopped' as const),
      })),
    ),
    consensusLeaders: consensusLeaders(evidence),
    blocks: evidence.blocks.map((block) => blockOf(evidence, block)),
    transactions: [...steps].map(([txId, step]) => transactionOf(evidence, txId, step)),
  };
  check(truth, scenario, json('validation.json') as Validation);
  return truth;
}

/** One block, transaction or term a line. */
function write(truth: Truth): string {
  const parts = Object.entries(truth).map(([key, value]) =>
    Array.isArray(value)
      ? `"${key}":[\n${value.map((item) => JSON.stringify(item)).join(',\n')}\n]`
      : `"${key}":${JSON.stringify(value)}`,
  );
  return `{${parts.join(',\n')}}\n`;
}

if (import.meta.main) {
  const here = import.meta.dirname;
  const root = process.argv[2] ?? path.join(here, '../../vectors');
  for (const recording of RECORDINGS) {
    const truth = makeTruth(root, recording);
    writeFileSync(path.join(here, '..', `${recording.name}.json`), write(truth));
    const edges = [...truth.blocks, ...truth.transactions].flatMap((one) => one.edges);
    const counts = new Map<string, number>();
    for (const { point, evidence } of edges)
      counts.set(`${point} ${evidence}`, (counts.get(`${point} ${evidence}`) ?? 0) + 1);
    console.log(recording.name, truth.blocks.length, truth.transactions.length, Object.fromEntries(counts));
  }
}
