/**
 * Works out the truth of each recording from its raw logs and blocks and writes `test/truth/<recording>.json`.
 * Run: `node test/truth/make/makeTruth.ts [FOLDER_OF_RECORDINGS]` (default: `test/vectors`). Stops where two witnesses disagree.
 */
import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Truth, TruthTransaction } from '../truth.ts';
import { blockOf } from './blocksOf.ts';
import { CHANNEL, type Evidence, by, readEvidence } from './evidence.ts';
import { consensusLeaders } from './leadersOf.ts';
import type { RawBlock } from './readBlocks.ts';
import { RECORDINGS, type Recording } from './recordings.ts';
import { transactionOf } from './transactionsOf.ts';

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

/** Proposals that a log shows although the scenario does not list them (the query behind a last look at the ledger). */
function unlisted({ transactions, lines }: Evidence, listed: ReadonlyMap<string, string>): string[] {
  const known = new Set([...listed.keys()].map((txId) => txId.slice(0, 8)));
  const prefixes = new Set<string>();
  for (const { finished } of transactions.values()) for (const prefix of finished.keys()) prefixes.add(prefix);
  const full = new Map<string, string>();
  for (const { msg } of [...lines.values()].flat()) {
    const txId = /tx simulator txid = \[([0-9a-f]{64})\]/.exec(msg)?.[1];
    if (txId !== undefined) full.set(txId.slice(0, 8), txId);
  }
  return [...prefixes].filter((prefix) => !known.has(prefix)).map((prefix) => full.get(prefix) ?? prefix);
}

/** The truth of one recording in `root`; throws where two witnesses disagree. */
export function makeTruth(root: string, recording: Recording): Truth {
  const evidence = readEvidence(root, recording);
  const json = (name: string) => JSON.parse(readFileSync(path.join(root, recording.name, name), 'utf8'));
  const scenario = json('scenario.json') as Scenario;
  const prefixes = new Map<string, string>();
  const steps = stepsOf(scenario, evidence.blocks);
  for (const txId of unlisted(evidence, steps)) steps.set(txId, 'unlisted');
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
