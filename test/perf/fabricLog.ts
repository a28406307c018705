/**
 * How fast stock logs are decoded: microseconds of CPU a line over the recordings, beside JSON.parse alone over the same lines.
 *
 *     node test/perf/fabricLog.ts FOLDER…      folders with *.log and *.log.gz
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createStreamDecoder } from '#collector/decoders/registry.ts';

const ROUNDS = 5;
/** A round reads at least so many lines, the folder's files again and again, so that it is the warm program that is measured. */
const LINES_A_ROUND = 100_000;

function linesOf(file: string): string[] {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n');
}

/** The best of several rounds: other work on the machine only ever adds. */
function microsecondsOf(repeats: number, work: () => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let repeat = 0; repeat < repeats; repeat += 1) work();
    const used = process.cpuUsage(before);
    best = Math.min(best, (used.user + used.system) / repeats);
  }
  return best;
}

for (const folder of process.argv.slice(2)) {
  const files = readdirSync(folder)
    .filter((name) => /\.log(\.gz)?$/.test(name))
    .map((name) => ({ name, lines: linesOf(join(folder, name)) }));
  const count = files.reduce((sum, { lines }) => sum + lines.length, 0);
  const bytes = files.reduce((sum, { lines }) => sum + lines.reduce((size, line) => size + line.length + 1, 0), 0);
  const repeats = Math.ceil(LINES_A_ROUND / count);
  let records = 0;
  const decode = microsecondsOf(repeats, () => {
    records = 0;
    for (const { name, lines } of files) {
      const decoder = createStreamDecoder('auto', { fallbackName: name });
      for (const line of lines) records += decoder.line(line).records.length;
      records += decoder.flush().records.length;
    }
  });
  const parse = microsecondsOf(repeats, () => {
    for (const { lines } of files) {
      for (const line of lines) {
        try {
          JSON.parse(line);
        } catch {
          // Console lines: what the attempt costs is part of the baseline.
        }
      }
    }
  });
  process.stdout.write(
    `${folder}: ${count} lines of ${(bytes / count).toFixed(0)} characters, ${records} records\n` +
      `  decode      ${(decode / count).toFixed(2)} µs a line (${Math.round((count / decode) * 1e6)} lines/s)\n` +
      `  JSON.parse  ${(parse / count).toFixed(2)} µs a line\n`,
  );
}
