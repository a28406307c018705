import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authority, issue } from '#node/msp/testAuthority.ts';
import { checkStream, readRecords, recordsOf } from './testStream.ts';

let folder: string;
let material: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-ending-'));
  material = join(folder, 'material.json');
  const holder = issue(authority('ca'), { name: 'peer0', units: ['peer'] });
  writeFileSync(
    material,
    JSON.stringify({
      mspId: 'Org1MSP',
      keyPem: holder.privateKey.export({ format: 'pem', type: 'pkcs8' }),
      certificatePem: Buffer.from(holder.pem).toString('utf8'),
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a process that records until it gets SIGTERM. */
async function run(ending: string, destination: object, limit = '') {
  const program = [process.execPath, join(import.meta.dirname, 'recordingChild.ts')];
  const command = ['-c', `${limit} exec "$0" "$@"`, ...program, ending, JSON.stringify(destination), material];
  const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (err === '') {
      setTimeout(() => child.kill('SIGTERM'), 100);
    }
    err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const line = err.split('\n').find((one) => one.startsWith('{"count"')) ?? '{}';
  const said = JSON.parse(line) as { count: number; dropped: number; end: { seq: number; chain: string } };
  return { code, out, err, said };
}

describe('a process that ends', () => {
  it.each([
    ['close', 0],
    ['exit', 0],
    ['throw', 1],
  ])('by %s has every line in its files', async (ending, expected) => {
    const path = join(folder, `${ending}.ndjson`);
    const { code, said } = await run(ending, { kind: 'file', path, maxBytes: 100_000, maxFiles: 1000 });
    expect(code).toBe(expected);
    const records = readRecords(path, 1000);
    expect(records.filter(({ ftl }) => ftl.point === 'tx.seen')).toHaveLength(said.count);
    expect(said.dropped).toBe(0);
    expect(checkStream(records)).toEqual({ broken: [], missing: [] });
    expect(records.at(-1)?.ftl.chain).toBe(said.end.chain);
  });

  it.each(['close', 'exit'])('by %s has every line on its standard output', async (ending) => {
    const { out, said } = await run(ending, { kind: 'stdout' });
    const records = recordsOf(out).toSorted((a, b) => a.ftl.seq - b.ftl.seq);
    expect(records.filter(({ ftl }) => ftl.point === 'tx.seen')).toHaveLength(said.count);
    expect(checkStream(records)).toEqual({ broken: [], missing: [] });
  });

  it('with a full disk ends all the same, and says what it could not write', async () => {
    const path = join(folder, 'full.ndjson');
    // A limit on the size of files stands for a full disk: 4 KiB or 8 KiB, by the shell's unit.
    const { code, err, said } = await run('exit', { kind: 'file', path }, 'ulimit -f 8;');
    expect(code).toBe(0);
    const lost = Number(/^(\d+) lines could not be written/m.exec(err)?.[1]);
    const records = readRecords(path);
    expect(records.length).toBeGreaterThan(0);
    expect(lost).toBe(said.end.seq + 1 - records.length);
    expect(checkStream(records)).toEqual({ broken: [], missing: [] });
  });
});
