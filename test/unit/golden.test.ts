import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { EMPTY_TRACE } from '#test/truth/emptyTrace.ts';
import { type Golden, goldenDifferences, readGolden } from '#test/truth/golden.ts';
import { readLog } from '#test/truth/make/readLogs.ts';
import { RECORDINGS, edgesOf, readTruth } from '#test/truth/truth.ts';
import type { Edge, Trace } from '#trace/trace.ts';

const VECTORS = new URL('../vectors/', import.meta.url);
const goldens = [...readGolden()];
const truths = new Map(RECORDINGS.map((name) => [name as string, readTruth(name)]));

/** All lines of a recording's logs as `file time logger`, to look a quoted one up. */
function linesOf(recording: string, file: string): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const { at, logger, msg } of readLog(new URL(`${recording}/logs/${file}.gz`, VECTORS).pathname)) {
    const key = `${at} ${logger}`;
    lines.set(key, [...(lines.get(key) ?? []), msg]);
  }
  return lines;
}
const logs = new Map<string, Map<string, string[]>>();
function messagesAt(recording: string, file: string, at: string, logger: string): string[] {
  const key = `${recording} ${file}`;
  const lines = logs.get(key) ?? linesOf(recording, file);
  logs.set(key, lines);
  return lines.get(`${at} ${logger}`) ?? [];
}

/** A trace that says what the golden file says. */
function traceOf(golden: Golden): Trace {
  const edges = golden.edges.map((edge, i): Edge => {
    const { point, from, to, at, respondedAt, status, block } = edge;
    return {
      seq: i + 1,
      point,
      from,
      to,
      at,
      respondedAt,
      durationUs: null,
      status,
      block,
      source: 'record',
      records: [],
    };
  });
  return {
    ...EMPTY_TRACE,
    channel: golden.channel,
    txId: golden.txId,
    chaincode: golden.chaincode,
    function: golden.function,
    creator: golden.creator,
    code: golden.code,
    block: golden.block === null ? null : { number: golden.block, hash: null, index: golden.index },
    edges,
    commits: golden.commits.map(({ peer, at, code }) => ({ peer, at, code, delayUs: null, records: [] })),
    endorsers: [...golden.endorsers],
    duplicates: golden.duplicates.map(({ block, code }) => ({ block, code })),
  };
}

function facts(edges: readonly { point: string; from: string | null; to: string }[]): string[] {
  return edges.map(({ point, from, to }) => `${point} ${from} ${to}`).toSorted((a, b) => a.localeCompare(b));
}

describe('golden files', () => {
  it.each(goldens)('%s quotes lines that stand in the logs', (_name, golden) => {
    const lines = golden.edges.flatMap(({ evidence }) => evidence);
    expect(lines.length).toBeGreaterThan(0);
    for (const { file, at, logger, message } of lines) {
      const text = message.replace(/^\S+ -> /, '');
      expect(messagesAt(golden.recording, file, at, logger)).toContain(text);
    }
  });

  it.each(goldens)(
    '%s states the same hand-overs as the truth, which was worked out by other means',
    (_name, golden) => {
      const truth = truths.get(golden.recording);
      const tx = truth?.transactions.find(({ txId }) => txId === golden.txId);
      if (truth === undefined || tx === undefined) throw new Error(`no truth of ${golden.txId}`);
      const happened = edgesOf(truth, tx).filter(({ evidence }) => evidence === 'log' || evidence === 'derived');
      expect(facts(golden.edges)).toEqual(facts(happened));
      const { code, block, index, creator, gateway, duplicates } = tx;
      expect({ code, block, index, creator, gateway, duplicates }).toEqual({
        code: golden.code,
        block: golden.block,
        index: golden.index,
        creator: golden.creator,
        gateway: golden.gateway,
        duplicates: golden.duplicates,
      });
      const commits = truth.blocks.find(({ number }) => number === block)?.commits ?? {};
      expect(Object.fromEntries(golden.commits.map(({ peer, at }) => [peer, at]))).toEqual(commits);
    },
  );

  it.each(goldens)('%s is in order of time', (_name, { edges }) => {
    const times = edges.map(({ at, respondedAt }) => at ?? respondedAt ?? '');
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });

  it('raw bytes of a quoted block line are in the packed log', () => {
    const text = gunzipSync(readFileSync(new URL('fabric-v3.1.5/logs/peer1.org1.log.gz', VECTORS))).toString('utf8');
    expect(text).toContain('requesting blocks in range [57...66)');
  });
});

describe('goldenDifferences', () => {
  it.each(goldens)('finds none in a trace that says what %s says', (_name, golden) => {
    expect(goldenDifferences(golden, traceOf(golden))).toEqual([]);
  });

  it('names what is missing, untrue, twice, of another status or of another time', () => {
    const golden = readGolden().get('raft-failover') as Golden;
    const trace = traceOf(golden);
    const [endorse, broadcast, ...others] = trace.edges as [Edge, Edge, ...Edge[]];
    const attempt = { ...broadcast, to: 'OrdererMSP/orderer2.example.com', status: 503 };
    const changed: Trace = {
      ...trace,
      code: 'MVCC_READ_CONFLICT',
      edges: [
        { ...endorse, status: 500 },
        { ...endorse, from: 'client' },
        { ...broadcast, at: '2026-11-21T00:22:28.000000Z' },
        attempt,
        ...others.slice(1),
        ...others.slice(-1),
      ],
    };
    const differences = goldenDifferences(golden, changed);
    expect(differences.map((line) => line.replace(/ .*/, ''))).toEqual([
      'endorse',
      'not',
      'broadcast',
      'broadcast',
      'twice:',
      'missing:',
      'code:',
    ]);
  });
});
