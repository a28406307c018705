import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Trace, TraceSummary } from '#trace/trace.ts';
import { type Finished, runFtl } from '../harness/ftlProcess.ts';
import { spawnServing } from '../harness/servingFtl.ts';

const VECTORS = join(import.meta.dirname, '../vectors/fabric-v2.5.9');
const scenario = JSON.parse(readFileSync(join(VECTORS, 'scenario.json'), 'utf8')) as {
  readonly steps: readonly {
    readonly step: string;
    readonly transactions: readonly { readonly txId: string; readonly committedAs: string | null }[];
  }[];
};
const transactions = scenario.steps.flatMap((step) => step.transactions);
const valid = transactions.find((tx) => tx.committedAs === 'VALID');
const notOrdered = scenario.steps.find((step) => step.step === 'warm-up')?.transactions[0];

let folder: string;
let store: string;
let imported: Finished;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-commands-'));
  store = `sqlite:${join(folder, 'new/folder/ftl.db')}`;
  imported = await runFtl(['import', '--store', store, join(VECTORS, 'logs'), join(VECTORS, 'blocks')]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('importing tells what it added', () => {
  expect(imported).toMatchObject({ status: 0, stderr: '' });
  expect(imported.stdout).toMatch(/ new records, 0 known already; \d+ traces/);
});

test('importing again adds nothing', async () => {
  const again = await runFtl(['import', '--store', store, join(VECTORS, 'blocks'), join(VECTORS, 'logs')]);
  expect(again.stdout).toMatch(/: 0 new records, [1-9]\d* known already/);
});

test('trace --json prints the trace for a full ID and for eight characters of it', async () => {
  const id = valid?.txId ?? '';
  const full = await runFtl(['trace', '--store', store, id, '--json']);
  expect(full.status).toBe(0);
  const trace = Trace.parse(JSON.parse(full.stdout));
  expect(trace).toMatchObject({ txId: id, code: 'VALID', channel: 'mychannel', chaincode: 'basic' });
  const short = await runFtl(['trace', id.slice(0, 8), '--json', '--store', store]);
  expect(JSON.parse(short.stdout)).toEqual(JSON.parse(full.stdout));
});

test('a transaction of which the logs hold only a shortened ID is found by its full one', async () => {
  const id = notOrdered?.txId ?? '';
  const { status, stdout } = await runFtl(['trace', '--store', store, id, '--json']);
  expect(status).toBe(0);
  const trace = Trace.parse(JSON.parse(stdout));
  expect(trace).toMatchObject({ txId: id, txIdPrefix: id.slice(0, 8), code: null, block: null });
  expect(trace.findings.map((finding) => finding.code)).toContain('never_ordered');
});

test('trace draws for people', async () => {
  const { status, stdout } = await runFtl(['trace', '--store', store, valid?.txId ?? '']);
  expect(status).toBe(0);
  expect(stdout).toContain('VALID');
  expect(stdout).toContain('peer0.org1.example.com');
  expect(stdout).toMatch(/committed {2}peer1\.org2\.example\.com {2}VALID/);
});

test('an unknown ID, a short one and a store that is not there are explained', async () => {
  const unknown = await runFtl(['trace', 'f'.repeat(64), '--store', store]);
  expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('No record of')]);
  const short = await runFtl(['trace', 'abc', '--store', store]);
  expect([short.status, short.stderr]).toEqual([1, expect.stringContaining('too short')]);
  const missing = await runFtl(['trace', 'f'.repeat(64), '--store', `sqlite:${join(folder, 'none.db')}`]);
  expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('none.db')]);
  expect(missing.stderr).not.toContain('    at ');
  const scheme = await runFtl(['traces', '--store', 'mongodb://x']);
  expect([scheme.status, scheme.stderr]).toEqual([1, expect.stringContaining('sqlite:')]);
});

test('traces --json prints one summary a line, every ordered transaction among them', async () => {
  const { status, stdout } = await runFtl(['traces', '--store', store, '--json']);
  expect(status).toBe(0);
  const summaries = stdout
    .trimEnd()
    .split('\n')
    .map((line) => TraceSummary.parse(JSON.parse(line)));
  const codes = new Map(summaries.map((summary) => [summary.txId, summary.code]));
  const ordered = transactions.filter((tx) => tx.committedAs !== null);
  // A transaction that was ordered twice has the outcome of its first copy.
  expect(ordered.map(({ txId }) => codes.get(txId))).toEqual(ordered.map(({ committedAs }) => committedAs));
  const conflicts = await runFtl(['traces', '--store', store, '--json', '--code', 'MVCC_READ_CONFLICT']);
  expect(conflicts.stdout.trimEnd().split('\n')).toHaveLength(4);
});

test('files that are no logs are named, and the rest is imported', async () => {
  const [bad, text] = [join(folder, 'torn.log.gz'), join(folder, 'notes.txt')];
  writeFileSync(bad, readFileSync(join(VECTORS, 'blocks/mychannel_0.pb')).subarray(0, 40));
  writeFileSync(text, 'hello\n');
  const { status, stderr } = await runFtl([
    'import',
    '--store',
    `sqlite:${join(folder, 'bad.db')}`,
    join(folder, 'absent.log'),
    text,
  ]);
  expect(status).toBe(1);
  expect(stderr).toContain('absent.log');
});

test('start serves the page and the API, and SIGTERM ends it', async () => {
  const ftl = spawnServing(['start', '--store', store]);
  const url = await ftl.url;
  const page = await fetch(url);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  const trace = await fetch(`${url}/api/v1/traces/${valid?.txId}`);
  expect(Trace.parse(await trace.json()).code).toBe('VALID');
  const { status, stderr } = await ftl.end();
  expect([status, stderr]).toEqual([0, '']);
});

test('a port that is taken is explained', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  const { status, stderr } = await runFtl(['start', '--store', store, '--port', String(port), '--no-open']);
  server.close();
  expect(status).toBe(1);
  expect(stderr).toContain('--port');
  expect(stderr).not.toContain('    at ');
});

test('doctor tells what a log will yield, and what to set for more', async () => {
  const { stdout, status } = await runFtl([
    'doctor',
    '--store',
    store,
    '--port',
    '0',
    '--logs',
    join(VECTORS, 'logs/peer0.org1.log*'),
  ]);
  expect(stdout).toContain('peer0.org1.example.com');
  expect(status).toBe(0);
  const spec = await runFtl(['doctor', '--logging-spec']);
  expect(spec.stdout).toContain('FABRIC_LOGGING_SPEC');
});

test.each([[[]], [['start']], [['collect']], [['serve']], [['trace']], [['traces']], [['import']], [['doctor']]])(
  'ftl %s --help has examples',
  async (command) => {
    const { status, stdout } = await runFtl([...command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Usage: ftl/);
    expect(stdout).toMatch(/Examples?:|Begin with/);
  },
);
