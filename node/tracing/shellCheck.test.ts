import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeOrganization } from '../../test/harness/signedChannel.ts';
import { readRecords } from './testStream.ts';
import { openTracing } from './tracing.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-shell-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The lines that the documentation gives to whoever has nothing but a shell, for one stream of a file. */
function check(path: string, node: string, stream: string): string {
  const page = readFileSync(new URL('../../docs/record-chain.md', import.meta.url), 'utf8');
  const [, lines = ''] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  const script = lines
    .replace('peer0.org1.example.com', node)
    .replace('0123456789abcdef', stream)
    .replace('records.ndjson', path);
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' });
}

it.runIf(process.platform === 'linux')(
  'the check by a shell finds what was altered, and nothing in a file of several starts',
  async () => {
    const path = join(folder, 'records.ndjson');
    const { node: signer } = makeOrganization('Org1MSP', 'peer');
    for (let start = 0; start < 3; start++) {
      const destination = { kind: 'file', path } as const;
      const tracing = openTracing({ enabled: true, serviceType: 'fabric-peer', destination, seal: {} }, { signer });
      tracing.tracer.nodeStart('release', '127.0.0.1:7051');
      await tracing.close();
    }
    const records = readRecords(path);
    const streams = [...new Set(records.map(({ ftl }) => ftl.stream))];
    expect(streams).toHaveLength(3);
    const name = signer.certificate.subject.commonName as string;
    expect(streams.map((stream) => check(path, name, stream))).toEqual(['', '', '']);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"node_version":"release"', '"node_version":"another"'));
    expect(streams.map((stream) => check(path, name, stream).startsWith('broken at: '))).toEqual([true, false, false]);
  },
);
