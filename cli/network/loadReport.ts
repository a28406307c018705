import type { LoadReport } from '#node/network/load/loadStatistics.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;

/** How a load goes, in one line. */
export function liveLine({ elapsedMs, sent, inFlight, throughput, outcomes, latencies }: LoadReport): string {
  const { VALID: valid = 0, read = 0, ...others } = outcomes;
  const rest = Object.values(others).reduce((sum, count) => sum + count, 0);
  return [
    seconds(elapsedMs),
    `${sent} sent`,
    `${inFlight} in flight`,
    `${valid} valid (${throughput.toFixed(1)}/s)`,
    `${read} reads`,
    `${rest} others`,
    `commit p95 ${milliseconds(latencies.commit.p95)}`,
  ].join('  ');
}

/** What a load came to. */
export function reportText(report: LoadReport): string {
  const { elapsedMs, sent, done, throughput, outcomes, operations, errors, latencies } = report;
  const lines = [
    `${sent} proposals in ${seconds(elapsedMs)}, ${throughput.toFixed(1)} valid transactions a second`,
    ...(done < sent ? [`${sent - done} have no known end`] : []),
    '',
    'Latency         count      mean       p50       p95       p99       max',
    ...Object.entries(latencies).map(([phase, one]) =>
      [
        phase.padEnd(12),
        String(one.count).padStart(8),
        ...[one.mean, one.p50, one.p95, one.p99, one.max].map((ms) => milliseconds(ms).padStart(9)),
      ].join(' '),
    ),
    '',
    ...counted('Outcomes', outcomes, sent),
    '',
    ...counted('Operations', operations, sent),
  ];
  if (errors.length > 0) {
    lines.push('', 'Errors', ...errors.map(({ message, count }) => `  ${String(count).padStart(6)}  ${message}`));
  }
  return `${lines.join('\n')}\n`;
}

function counted(title: string, counts: Readonly<Record<string, number>>, sum: number): readonly string[] {
  const rows = Object.entries(counts).map(([name, count]) => {
    const share = sum === 0 ? 0 : (count * 100) / sum;
    return `  ${String(count).padStart(6)}  ${share.toFixed(1).padStart(5)} %  ${name}`;
  });
  return [title, ...rows];
}
