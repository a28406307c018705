import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeFabric, type Network, recordedLogs } from '../testing/recordedLogs.ts';

/** Every log line that a hand-worked trace rests on is a record: at its time, of its logger. */

interface Golden {
  readonly recording: Network;
  readonly edges: readonly {
    readonly evidence?: readonly {
      readonly file: string;
      readonly at: string;
      readonly logger: string;
      readonly message: string;
    }[];
  }[];
}

const folder = new URL('../../../test/vectors/golden/', import.meta.url);
const goldens = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ file, golden: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Golden }));

/** `recording/file at logger` of all records; the console's milliseconds are written as microseconds. */
const told = new Set(
  (['fabric-v3.1.5', 'fabric-v2.5.9'] as const).flatMap((network) =>
    recordedLogs(network).flatMap(({ node, lines }) =>
      decodeFabric(lines, node).records.map(
        (record) => `${network}/${node}.log ${record['@timestamp']} ${record['log.logger']}`,
      ),
    ),
  ),
);

describe('lines quoted by hand-worked traces', () => {
  it.each(goldens)('$file', ({ golden }) => {
    const quoted = golden.edges
      .flatMap(({ evidence }) => evidence ?? [])
      // It names the proposal; the record stands at the time of the arrival before it.
      .filter(({ message }) => message !== 'signature is valid');
    expect(quoted.length).toBeGreaterThan(0);
    const missing = quoted.filter(
      ({ file, at, logger }) =>
        !told.has(`${golden.recording}/${file} ${at.replace(/\.(\d{3})Z$/, '.$1000Z')} ${logger}`),
    );
    expect(missing).toEqual([]);
  });
});
