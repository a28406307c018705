import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trace } from '#trace/trace.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Measured, traceRecording } from '../truth/measure.ts';

/** A network that FTL was not built on: two channels with other peers each, names of every kind. */
const FOLDER = join(import.meta.dirname, '../vectors/field-two-channels');

interface Sent {
  readonly step: string;
  readonly channel: string;
  readonly txId: string;
  readonly kind?: 'evaluate';
  readonly via: 'gateway' | 'cli';
  readonly creator: string;
  readonly gateway?: string;
  readonly expected: string;
  readonly observed: string;
  readonly block?: number;
}

interface Block {
  readonly channel: string;
  readonly number: number;
  /** Peer → time of its commit, milliseconds. */
  readonly commits: Readonly<Record<string, string>>;
  readonly transactions: readonly {
    readonly txId: string;
    readonly code: string;
    readonly index: number;
    readonly creator?: string;
    readonly endorsers?: readonly string[];
  }[];
}

const scenario = JSON.parse(readFileSync(join(FOLDER, 'scenario.json'), 'utf8')) as {
  readonly nodes: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, readonly string[]>>;
  readonly transactions: readonly Sent[];
  readonly blocks: readonly Block[];
};
const CHANNELS = Object.keys(scenario.channels);

let measured: Measured;
beforeAll(async () => {
  measured = await traceRecording(FOLDER, { logs: 'all', blocks: true });
});

const tracesOf = (channel: string) => measured.traces.filter((trace) => trace.channel === channel);

/** The trace of what a client sent; of what was never ordered the log shows the ID's beginning only. */
function traceOf({ channel, txId }: Pick<Sent, 'channel' | 'txId'>): Trace {
  const found = tracesOf(channel).filter(
    (trace) => trace.txId === txId || (trace.txIdPrefix !== undefined && txId.startsWith(trace.txIdPrefix)),
  );
  expect(found, `${channel} ${txId}`).toHaveLength(1);
  return found[0] as Trace;
}

const byId = (a: { txId: string }, b: { txId: string }) => (a.txId < b.txId ? -1 : 1);

describe.each(CHANNELS)('channel %s', (channel) => {
  const blocks = scenario.blocks.filter((block) => block.channel === channel);

  test('each transaction’s outcome, place, creator, endorsers and commits', () => {
    const seen = new Set<string>();
    const truth = blocks.flatMap(({ number, commits, transactions }) =>
      transactions.flatMap(({ txId, code, index, creator = null, endorsers = [] }) => {
        if (seen.has(txId)) return [];
        seen.add(txId);
        return [{ txId, code, block: number, index, creator, endorsers, commits }];
      }),
    );
    const traced = tracesOf(channel)
      .filter(({ block }) => block !== null)
      .map((trace) => ({
        txId: trace.txId,
        code: trace.code,
        block: trace.block?.number,
        index: trace.block?.index,
        // Who signed a configuration is no client of the scenario.
        creator: trace.type === 'CONFIG' ? null : trace.creator,
        endorsers: trace.endorsers.toSorted(),
        // The console writes milliseconds.
        commits: Object.fromEntries(
          trace.commits.map(({ peer, at, rawAt }) => [peer, `${(rawAt ?? at)?.slice(0, 23)}Z`]),
        ),
      }));
    expect(traced.toSorted(byId)).toEqual(truth.toSorted(byId));
  });

  test('its peers have committed everything, and no others are spoken of', () => {
    for (const { number, commits } of blocks) {
      expect(Object.keys(commits).toSorted(), `block ${number}`).toEqual(scenario.channels[channel]);
    }
    for (const { txId, missing, unobserved } of tracesOf(channel)) {
      expect({ txId, missing, unobserved }).toEqual({ txId, missing: [], unobserved: [] });
    }
  });

  test('a transaction that was ordered again is one trace', () => {
    for (const { txId, duplicates } of tracesOf(channel)) {
      const places = blocks.filter(({ transactions }) => transactions.some((tx) => tx.txId === txId));
      const copies = blocks.flatMap(({ number, transactions }) =>
        transactions.filter((tx) => tx.txId === txId).map(({ code }) => ({ block: number, code })),
      );
      expect(duplicates, txId).toEqual(copies.slice(1));
      expect(places.length <= 1 || duplicates.length > 0).toBe(true);
    }
  });
});

test('what clients saw is what the traces say', () => {
  for (const sent of scenario.transactions) {
    const { code, block } = traceOf(sent);
    expect({ txId: sent.txId, code: code ?? 'NOT_ORDERED' }).toEqual({ txId: sent.txId, code: sent.observed });
    expect(sent.observed).toBe(sent.expected);
    expect(sent.block === undefined || sent.block === block?.number, sent.txId).toBe(true);
  }
});

test('the gateway that was asked, and an orderer for what it submitted', () => {
  for (const sent of scenario.transactions.filter(({ via, kind }) => via === 'gateway' && kind === undefined)) {
    const { edges, block } = traceOf(sent);
    const from = edges.filter(({ point, to }) => (point === 'endorse' || point === 'gateway') && to === sent.gateway);
    expect(from.length, `${sent.step} ${sent.txId}`).toBeGreaterThan(0);
    const submitted = edges.filter(({ point }) => point === 'broadcast');
    expect(submitted.length > 0, sent.txId).toBe(block !== null);
    for (const edge of submitted) expect(edge.from).toBe(sent.gateway);
  }
});

test('every participant is named by MSP and certificate, nobody twice', () => {
  const nodes = new Set(Object.values(scenario.nodes));
  const named = new Set(
    measured.traces.flatMap(({ participants }) =>
      participants.filter(({ kind }) => kind === 'peer' || kind === 'orderer').map(({ id }) => id),
    ),
  );
  expect([...named].toSorted()).toEqual([...nodes].toSorted());
  const leaders = new Set(measured.leaders.map(({ node }) => node));
  expect([...leaders].filter((node) => !nodes.has(node))).toEqual([]);
  expect(
    measured.leaders.filter(({ kind }) => kind === 'consensus').map(({ channel, node }) => `${channel} ${node}`),
  ).toEqual(['claims.2024 ClearingMSP/sort2.clearing.test', 'loans ClearingMSP/sort2.clearing.test']);
});

test('each block’s way is known but for the first, which peers are given', () => {
  for (const { txId, block, edges } of measured.traces) {
    const unknown = edges.filter(({ point, from }) => point === 'commit' && from === null);
    expect({ txId, unknown: unknown.length > 0 }).toEqual({ txId, unknown: block?.number === 0 });
  }
});

/** Step → what may be found in its transactions. All others are healthy, and nothing may be found in them. */
const FINDINGS: Readonly<Record<string, readonly string[]>> = {
  mvcc: ['mvcc_conflict'],
  phantom: ['phantom_read'],
  policy: ['policy_failed'],
  'chaincode error': ['endorsement_failed'],
  'duplicate txid': ['duplicate_txid'],
  evaluate: ['never_ordered'],
  // The gateway tried the orderer that was down, or had just come back, before another took it.
  'orderer down': ['rejected_by_orderer'],
  'orderer back': ['rejected_by_orderer'],
};

test('nothing is found in healthy transactions, and what is wrong is found', () => {
  for (const sent of scenario.transactions) {
    const found = traceOf(sent).findings.map(({ code }) => code);
    const allowed = FINDINGS[sent.step] ?? [];
    expect({ step: sent.step, found: found.filter((code) => !allowed.includes(code)) }).toEqual({
      step: sent.step,
      found: [],
    });
    expect(sent.observed === 'VALID' || found.length > 0, `${sent.step} ${sent.txId}`).toBe(true);
  }
});
