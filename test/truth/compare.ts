import type { Trace } from '#trace/trace.ts';
import { EMPTY_TRACE } from './emptyTrace.ts';
import { type Truth, type TruthTransaction, edgesOf, isUnnamedClient, micros } from './truth.ts';

export const ASPECTS = ['outcome', 'block', 'creator', 'endorsers', 'orderer', 'commits', 'edges'] as const;
export type Aspect = (typeof ASPECTS)[number];

export interface AspectCount {
  /** How many facts there are to find. */
  true: number;
  /** How many of them the traces state. */
  found: number;
  /** Statements in the traces that are not true. */
  wrong: number;
}

export interface Difference {
  readonly txId: string;
  readonly aspect: Aspect;
  readonly kind: 'missing' | 'wrong';
  /** What is not there, or what is there and should not be. */
  readonly what: string;
  /** What is true (of something wrong), where there is one such thing. */
  readonly truth?: string;
}

export interface Report {
  readonly aspects: Readonly<Record<Aspect, AspectCount>>;
  /** Edges by point. */
  readonly edgesByPoint: Readonly<Record<string, AspectCount>>;
  readonly differences: readonly Difference[];
  /** Transactions of which there is no trace, though at least a prefix of their ID is in the full evidence. */
  readonly untraced: readonly string[];
  /** Traces that belong to no transaction. */
  readonly unknown: readonly string[];
}

export interface CompareOptions {
  /** Greatest difference of a commit's time that still counts as the same line, microseconds. */
  readonly toleranceUs?: number;
}

const NOT_ORDERED = 'not ordered';

class Tally {
  readonly aspects = Object.fromEntries(
    ASPECTS.map((aspect) => [aspect, { true: 0, found: 0, wrong: 0 }]),
  ) as unknown as Record<Aspect, AspectCount>;
  readonly edgesByPoint: Record<string, AspectCount> = {};
  readonly differences: Difference[] = [];

  /** One value against one truth; null on either side means that nothing is stated or that there is nothing to state. */
  value(txId: string, aspect: Aspect, truth: string | null, stated: string | null): void {
    const count = this.aspects[aspect];
    if (truth !== null) count.true += 1;
    if (truth !== null && stated === truth) count.found += 1;
    else if (stated !== null) {
      count.wrong += 1;
      this.differences.push({ txId, aspect, kind: 'wrong', what: stated, ...(truth === null ? {} : { truth }) });
    } else if (truth !== null) this.differences.push({ txId, aspect, kind: 'missing', what: truth });
  }

  /** Sets of facts; those of `allowed` are neither demanded nor wrong. */
  set(
    txId: string,
    aspect: Aspect,
    truth: ReadonlySet<string>,
    stated: ReadonlySet<string>,
    allowed: ReadonlySet<string> = new Set(),
  ): void {
    for (const fact of truth) this.#count(txId, aspect, 'missing', fact, stated.has(fact));
    for (const fact of stated)
      if (!truth.has(fact) && !allowed.has(fact)) this.#count(txId, aspect, 'wrong', fact, false);
  }

  #count(txId: string, aspect: Aspect, kind: 'missing' | 'wrong', what: string, found: boolean): void {
    const counts = [this.aspects[aspect]];
    if (aspect === 'edges') {
      const point = what.split(' ', 1)[0] as string;
      this.edgesByPoint[point] ??= { true: 0, found: 0, wrong: 0 };
      counts.push(this.edgesByPoint[point]);
    }
    for (const count of counts) {
      if (kind === 'wrong') count.wrong += 1;
      else count.true += 1;
      if (found) count.found += 1;
    }
    if (!found) this.differences.push({ txId, aspect, kind, what });
  }
}

const edgeFact = (edge: { point: string; from: string | null; to: string }) =>
  `${edge.point} ${edge.from ?? '?'} → ${edge.to}`;

function traceOf(traces: readonly Trace[], { txId, channel }: TruthTransaction): Trace | undefined {
  const mine = traces.filter((trace) => trace.channel === channel);
  return (
    mine.find((trace) => trace.txId === txId) ??
    mine.find(({ txIdPrefix }) => txIdPrefix !== undefined && txId.startsWith(txIdPrefix))
  );
}

/** Whom a trace names as creator; an unnamed client (`client`, `MSP/client` of the right MSP) states nothing. */
function creatorFact(truth: TruthTransaction, trace: Trace): string | null {
  const { creator } = trace;
  return creator === 'client' || creator === `${truth.creatorMsp}/client` ? null : creator;
}

/** Unnamed clients in a trace's edges stand for the true creator, so that one unknown name is one difference, not many. */
function named(trace: Trace, truth: TruthTransaction): (id: string | null) => string | null {
  const unnamed = new Set(['client', `${truth.creatorMsp}/client`]);
  const client = truth.creator;
  return (id) => (id !== null && client !== null && unnamed.has(id) && trace.creator !== client ? client : id);
}

function compareEdges(tally: Tally, truth: Truth, tx: TruthTransaction, trace: Trace): void {
  const edges = edgesOf(truth, tx);
  const demanded = edges.filter(({ evidence }) => evidence === 'log' || evidence === 'derived');
  const others = edges.filter(({ evidence }) => evidence === 'attempt' || evidence === 'unseen');
  const name = named(trace, tx);
  const stated = trace.edges.map((edge) => edgeFact({ ...edge, from: name(edge.from) }));
  const commits = new Set(Object.keys(truth.blocks.find(({ number }) => number === tx.block)?.commits ?? {}));
  // A commit of which nobody saw where the block came from, or an endorsement of which nobody saw who asked, is half an edge:
  // missing, not wrong.
  const halves = [
    ...[...commits].map((peer) => ({ point: 'commit', from: null, to: peer })),
    ...tx.endorsers.map((peer) => ({ point: 'endorse', from: null, to: peer })),
  ].map(edgeFact);
  // Where the logs cannot tell how peers passed blocks on, what a trace says of it can be neither demanded nor refuted.
  const untold = truth.gossipKnown ? [] : stated.filter((fact) => fact.startsWith('gossip '));
  tally.set(
    tx.txId,
    'edges',
    new Set(demanded.map(edgeFact)),
    new Set(stated),
    new Set([...others.map(edgeFact), ...halves, ...untold]),
  );
}

function compareCommits(tally: Tally, truth: Truth, tx: TruthTransaction, trace: Trace, toleranceUs: number): void {
  const commits = truth.blocks.find(({ number }) => number === tx.block)?.commits ?? {};
  const facts = new Set(Object.keys(commits));
  const stated = trace.commits.map(({ peer, at, rawAt }) => {
    const written = rawAt ?? at;
    const known = commits[peer];
    if (known === undefined || written === null) return peer;
    return Math.abs(micros(written) - micros(known)) <= toleranceUs
      ? peer
      : `${peer} at ${written} instead of ${known}`;
  });
  tally.set(tx.txId, 'commits', facts, new Set(stated));
}

/** `block:index`, or the block alone. */
function place(block: number | null | undefined, index: number | null | undefined): string | null {
  if (block === null || block === undefined) return null;
  return index === null || index === undefined ? `${block}` : `${block}:${index}`;
}

/** "Never ordered" is an outcome to be found too, by a trace that names no block. */
function outcomeOf(tx: TruthTransaction, trace: Trace): string | null {
  if (trace.code !== null) return trace.code;
  return tx.code === null && trace.block === null && trace !== EMPTY_TRACE ? NOT_ORDERED : null;
}

function compareOne(tally: Tally, truth: Truth, tx: TruthTransaction, trace: Trace, toleranceUs: number): void {
  tally.value(tx.txId, 'outcome', tx.code ?? NOT_ORDERED, outcomeOf(tx, trace));
  const stated = place(trace.block?.number, trace.block?.index);
  const exact = place(tx.block, tx.index);
  // A trace may know the block without the place in it.
  tally.value(tx.txId, 'block', exact, stated === `${tx.block}` ? exact : stated);
  tally.value(
    tx.txId,
    'creator',
    tx.creator === null || isUnnamedClient(tx.creator) ? null : tx.creator,
    creatorFact(tx, trace),
  );
  tally.set(tx.txId, 'endorsers', new Set(tx.endorsers), new Set(tx.block === null ? [] : trace.endorsers));
  const attempts = tx.edges.filter(({ point, evidence }) => point === 'broadcast' && evidence !== 'log');
  tally.set(
    tx.txId,
    'orderer',
    new Set(tx.orderers),
    new Set(trace.edges.filter(({ point }) => point === 'broadcast').map(({ to }) => to)),
    new Set(attempts.map(({ to }) => to)),
  );
  compareCommits(tally, truth, tx, trace, toleranceUs);
  compareEdges(tally, truth, tx, trace);
}

/**
 * Checks traces against the truth. Each aspect counts facts: the outcome, the block with the place in it, the creator; each
 * endorser of the block; each orderer that took the transaction in; each peer's commit (at its time); each hand-over.
 * A transaction without a trace counts with all its facts as missing.
 */
export function compareWithTruth(truth: Truth, traces: readonly Trace[], options: CompareOptions = {}): Report {
  const tally = new Tally();
  const untraced: string[] = [];
  const used = new Set<Trace>();
  for (const tx of truth.transactions) {
    const trace = traceOf(traces, tx);
    if (trace === undefined) untraced.push(tx.txId);
    else used.add(trace);
    compareOne(tally, truth, tx, trace ?? EMPTY_TRACE, options.toleranceUs ?? 2);
  }
  return {
    aspects: tally.aspects,
    edgesByPoint: tally.edgesByPoint,
    differences: tally.differences,
    untraced,
    unknown: traces.filter((trace) => !used.has(trace)).map(({ txId, txIdPrefix }) => txIdPrefix ?? txId),
  };
}

function line(name: string, { true: all, found, wrong }: AspectCount): string {
  const share = all === 0 ? '' : ` ${((100 * found) / all).toFixed(1)} %`;
  return `${name.padEnd(18)} ${found}/${all}${share}, wrong ${wrong}`;
}

/** The report as a table for people: one line an aspect and an edge's point, then the first differences. */
export function describeReport(report: Report, differences = 20): string {
  return [
    ...ASPECTS.map((aspect) => line(aspect, report.aspects[aspect])),
    ...Object.entries(report.edgesByPoint).map(([point, count]) => line(`  ${point}`, count)),
    `untraced ${report.untraced.length}, unknown ${report.unknown.length}`,
    ...report.differences
      .slice(0, differences)
      .map(
        ({ txId, aspect, kind, what, truth }) =>
          `${txId.slice(0, 12)} ${aspect} ${kind}: ${what}${truth === undefined ? '' : ` (true: ${truth})`}`,
      ),
  ].join('\n');
}
