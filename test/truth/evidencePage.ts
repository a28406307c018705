import { ASPECTS, type AspectCount, compareWithTruth, type Report } from './compare.ts';
import { type EvidenceSet, type RecordingName, recordingFolder, traceRecording } from './measure.ts';
import { readTruth } from './truth.ts';

interface Row {
  readonly recording: RecordingName;
  readonly title: string;
  readonly evidence: EvidenceSet;
}

export const EVIDENCE_ROWS: readonly Row[] = [
  { recording: 'fabric-v3.1.5', title: '(a) info-level logs + blocks', evidence: { logs: 'info', blocks: true } },
  { recording: 'fabric-v3.1.5', title: '(b) lean debug logs + blocks', evidence: { logs: 'lean', blocks: true } },
  { recording: 'fabric-v3.1.5', title: '(c) all debug logs, no blocks', evidence: { logs: 'all', blocks: false } },
  { recording: 'fabric-v3.1.5', title: '(d) blocks alone', evidence: { logs: null, blocks: true } },
  { recording: 'fabric-v3.1.5', title: 'all debug logs + blocks', evidence: { logs: 'all', blocks: true } },
  { recording: 'fabric-v3.1.5', title: 'info-level logs, no blocks', evidence: { logs: 'info', blocks: false } },
  { recording: 'fabric-v2.5.9', title: '(a) info-level logs + blocks', evidence: { logs: 'info', blocks: true } },
  { recording: 'fabric-v2.5.9', title: '(d) blocks alone', evidence: { logs: null, blocks: true } },
  { recording: 'fabric-v2.5.9', title: 'info-level logs, no blocks', evidence: { logs: 'info', blocks: false } },
];

const POINTS = ['gateway', 'endorse', 'broadcast', 'deliver', 'gossip', 'commit'] as const;

function share(count: AspectCount | undefined): string {
  if (count === undefined || (count.true === 0 && count.wrong === 0)) return '–';
  const percent =
    count.true === 0 ? '–' : `${(Math.floor((1000 * count.found) / count.true) / 10).toFixed(1).replace(/\.0$/, '')} %`;
  return count.wrong === 0 ? percent : `${percent} (${count.wrong} wrong)`;
}

/** Measures one row against the truth of its recording. */
export async function measureRow(row: Row): Promise<Report> {
  const { traces } = await traceRecording(recordingFolder(row.recording), row.evidence);
  return compareWithTruth(readTruth(row.recording), traces);
}

/** `docs/evidence-levels.md`: what each kind of evidence finds of the truth, measured over the recorded networks. */
export async function evidencePage(): Promise<string> {
  const rows: { row: Row; report: Report }[] = [];
  for (const row of EVIDENCE_ROWS) rows.push({ row, report: await measureRow(row) });
  const table = (
    recording: RecordingName,
    columns: readonly string[],
    cell: (report: Report, column: string) => string,
  ) => {
    const lines = rows
      .filter(({ row }) => row.recording === recording)
      .map(({ row, report }) => `| ${row.title} | ${columns.map((column) => cell(report, column)).join(' | ')} |`);
    return [`| evidence | ${columns.join(' | ')} |`, `| --- |${' ---: |'.repeat(columns.length)}`, ...lines].join('\n');
  };
  const aspects = (recording: RecordingName) =>
    table(recording, ASPECTS, (report, aspect) => share(report.aspects[aspect as (typeof ASPECTS)[number]]));
  const points = (recording: RecordingName) =>
    table(recording, POINTS, (report, point) => share(report.edgesByPoint[point]));
  return `<!-- Made by \`npm run docs\` from test/truth/evidencePage.ts; a test proves it current. -->
# What each kind of evidence finds

Measured over two recorded Go Fabric networks (\`test/vectors/\`), against a truth that was worked out of the raw logs and blocks by other means (\`test/truth/\`). A cell is the share of the true facts that FTL's
traces state, over every transaction of the recording, those that were never ordered included; "wrong" counts statements that are not true. Logs of a lower level are the recorded lines that a network with that
\`FABRIC_LOGGING_SPEC\` would have written.

Facts: *outcome* (validation code, or that it was never ordered), *block* and place in it, *creator*, each *endorser*, each *orderer* that took the transaction in, each peer's *commit* at its time, and each
*edge* (hand-over).

## Fabric 3.1.5, three Raft orderers, dynamic gossip leaders, block gossip on

${aspects('fabric-v3.1.5')}

Edges by point:

${points('fabric-v3.1.5')}

## Fabric 2.5.9 as it ships

${aspects('fabric-v2.5.9')}

Edges by point:

${points('fabric-v2.5.9')}

In this network block gossip was on beside each peer's own deliver stream, and info-level logs do not say which of the two brought a block first; gossip edges are therefore neither demanded nor counted as wrong.

## What it costs the network

| level | cost (two peers and an orderer on one 2-core machine) |
| --- | --- |
| info + blocks | about none |
| lean debug | 20 to 23 % of throughput: with any logger at debug, a Go process formats the text of every debug call |
| all debug | about 24 % |

\`ftl doctor --logging-spec\` prints the settings.
`;
}
