import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compareWithTruth, describeReport } from '../truth/compare.ts';
import { evidencePage } from '../truth/evidencePage.ts';
import { recordingFolder, traceRecording } from '../truth/measure.ts';
import { readTruth, RECORDINGS } from '../truth/truth.ts';

/** What info-level logs plus blocks must find to the last one. */
const ALWAYS = ['outcome', 'block', 'creator', 'endorsers', 'commits'] as const;

test.each(RECORDINGS)(
  '%s: logs as recorded + blocks tell every fact and every hand-over, and nothing that is not so',
  async (recording) => {
    const { traces } = await traceRecording(recordingFolder(recording), { logs: 'all', blocks: true });
    const report = compareWithTruth(readTruth(recording), traces);
    expect(report.differences, describeReport(report)).toEqual([]);
    expect(report.untraced).toEqual([]);
  },
);

test.each(RECORDINGS)(
  '%s: info-level logs + blocks tell every outcome, block, creator, endorser and commit',
  async (recording) => {
    const { traces } = await traceRecording(recordingFolder(recording), { logs: 'info', blocks: true });
    const report = compareWithTruth(readTruth(recording), traces);
    for (const aspect of ALWAYS) {
      const { true: all, found, wrong } = report.aspects[aspect];
      expect({ aspect, found, wrong }, describeReport(report)).toEqual({ aspect, found: all, wrong: 0 });
    }
    expect(report.aspects.edges.wrong, describeReport(report)).toBe(0);
  },
);

test('fabric-v3.1.5: who led when', async () => {
  const { leaders } = await traceRecording(recordingFolder('fabric-v3.1.5'), { logs: 'info', blocks: true });
  const truth = readTruth('fabric-v3.1.5');
  const ids = (kind: 'gossip' | 'consensus') =>
    leaders.filter((term) => term.kind === kind).map(({ node, from }) => `${node} ${from.slice(0, 19)}`);
  expect(ids('gossip')).toEqual(
    truth.gossipLeaders
      .toSorted((a, b) => a.from.localeCompare(b.from))
      .map(({ node, from }) => `${node} ${from.slice(0, 19)}`),
  );
  expect(ids('consensus')).toEqual(
    truth.consensusLeaders
      .toSorted((a, b) => a.from.localeCompare(b.from))
      .map(({ node, from }) => `${node} ${from.slice(0, 19)}`),
  );
});

test('the page of evidence levels is current', async () => {
  expect(readFileSync(new URL('../../docs/evidence-levels.md', import.meta.url), 'utf8')).toBe(await evidencePage());
});
