import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OperationsService, operationsService } from '#test/harness/operationsService.ts';
import { until } from '#test/harness/until.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { standIn } from '../test/standIn.ts';
import { HeldInFolder } from './heldLogSpecs.ts';
import { LogSpecs, type LogSpecOptions } from './logSpecs.ts';
import { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const HOUR = 3_600_000;
const WHO = 'operator';
const client = new NodeClient({ timeoutMs: 20_000 });

let log: Record<string, unknown>[];
let folder: string;
let node: OperationsService;
let target: NodeTarget;
/** The list of operations services. */
let targets: NodeTarget[];
const open: LogSpecs[] = [];
/** As a process makes them that begins with what lies in the folder. */
function logSpecs(options: Partial<LogSpecOptions> = {}, asking = client): LogSpecs {
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const held = new HeldInFolder(folder, logger);
  const made = new LogSpecs(options, { client: asking, logger, held, target: find });
  open.push(made);
  return made;
}
const find = (id: string): NodeTarget | null => targets.find((one) => one.id === id) ?? null;
const said = () => log.map(({ msg }) => msg);

beforeEach(async () => {
  log = [];
  targets = [];
  folder = mkdtempSync(join(tmpdir(), 'ftl-log-specs-'));
  node = stack.use(await operationsService());
  node.levels.activate('endorser=warn:info');
  target = targetAt(node.url);
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

const files = () => readdirSync(folder);
const entryIn = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
/** The file of a node: its name and what it says. */
function entryOf({ id }: NodeTarget = target): readonly [string, Record<string, unknown>] {
  const file = files().find((name) => entryIn(name)['id'] === id);
  if (file === undefined) throw new Error(`nothing is written down of ${id}`);
  return [file, entryIn(file)];
}
function rewrite(more: object, of = target): void {
  const [file, entry] = entryOf(of);
  writeFileSync(join(folder, file), JSON.stringify({ ...entry, ...more }));
}
/** Of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'close');
  return child.pid!;
}
/** Leaves a change behind as one does who is killed: nothing is put back. */
async function killedAfter(forMs: number, of = target, spec = 'debug'): Promise<void> {
  const killed = logSpecs();
  await killed.change(of, spec, HOUR, WHO);
  open.splice(open.indexOf(killed), 1);
  rewrite({ until: Date.now() + forMs, owner: { host: hostname(), pid: await endedPid() } }, of);
}

describe('what a killed FTL has changed', () => {
  it('is written down before the node has it', async () => {
    let kept: unknown;
    const { url } = stack.use(
      await standIn((request, response) => {
        if (request.method === 'PUT') {
          kept = entryOf()[1];
          response.writeHead(204).end();
        } else response.end('{"spec":"info"}');
      }),
    );
    const one = logSpecs();
    await one.change(targetAt(url), 'debug', HOUR, WHO);
    expect(kept).toMatchObject({ id: 'Org1MSP/peer0.org1.example.com', restores: 'info', ours: ['debug'], by: WHO });
    expect(files()).toHaveLength(1);
    await one.close();
    expect(files()).toEqual([]);
  });

  it('comes back at the next start where its time is over', async () => {
    await killedAfter(-HOUR);
    expect(node.levels.spec).toBe('debug');
    targets = [target];
    await logSpecs().resume();
    await until(() => said().includes('log specification restored'));
    expect(node.levels.spec).toBe('endorser=warn:info');
    expect(said()).toContain(
      'log specification was changed before FTL ended without putting it back: it comes back when its time is over',
    );
    await until(() => files().length === 0);
  });

  it('holds as long as it was to, and comes back when FTL stops or is asked to', async () => {
    await killedAfter(HOUR);
    targets = [target];
    const next = logSpecs();
    await next.resume();
    expect((await next.read(target)).change).toMatchObject({ spec: 'debug', restores: 'endorser=warn:info', by: WHO });
    expect((await next.changes()).get(target.id)).toMatchObject({ spec: 'debug', problem: null });
    expect((await next.change(target, 'gossip=debug:info', HOUR, 'other')).change).toMatchObject({
      restores: 'endorser=warn:info',
    });
    await next.close();
    expect(node.levels.spec).toBe('endorser=warn:info');
    expect(files()).toEqual([]);
  });

  it('of several nodes comes back to each; what somebody else has set stays', async () => {
    const [other, third] = [stack.use(await operationsService()), stack.use(await operationsService())];
    targets = [target, targetAt(other.url, 'peer1'), targetAt(third.url, 'orderer0', 'orderer')];
    for (const one of targets) await killedAfter(-1, one);
    expect([node.levels.spec, other.levels.spec, third.levels.spec]).toEqual(['debug', 'debug', 'debug']);
    other.levels.activate('fatal');
    await logSpecs().resume();
    await until(() => files().length === 0 && said().includes('log specification left as somebody else has set it'));
    expect([node.levels.spec, other.levels.spec, third.levels.spec]).toEqual(['endorser=warn:info', 'fatal', 'info']);
  });

  it('is tried again where the node does not answer or is no target now, until it can be put back', async () => {
    await killedAfter(-1);
    const next = logSpecs({ retryMs: 1 });
    await next.resume();
    const problem = async () => (await next.changes()).get(target.id)?.problem ?? null;
    await until(async () => (await problem()) === 'no list of operations services names it now');
    targets = [targetAt(new URL('http://127.0.0.1:1'))];
    await until(async () => (await problem())?.includes('nobody listens there') === true);
    expect(files()).toHaveLength(1);
    targets = [target];
    await until(() => node.levels.spec === 'endorser=warn:info');
    await until(() => files().length === 0);
    expect(await problem()).toBeNull();
  });

  it('is given up after an hour of trying', async () => {
    await killedAfter(-HOUR);
    await logSpecs({ retryMs: 1, giveUpMs: 20 }).resume();
    await until(() => said().some((text) => String(text).startsWith('log specification was not restored')));
    await until(() => files().length === 0);
    expect(
      said().filter((text) => text === 'log specification is not restored yet, trying again').length,
    ).toBeGreaterThan(0);
  });

  it('that cannot be put back when FTL stops is left to the next start', async () => {
    let silent = false;
    const { url } = stack.use(
      await standIn((request, response) => {
        if (!silent) response.writeHead(request.method === 'PUT' ? 204 : 200).end('{"spec":"info"}');
      }),
    );
    const one = logSpecs({}, new NodeClient({ timeoutMs: 200 }));
    await one.change(targetAt(url), 'debug', HOUR, WHO);
    silent = true;
    await one.close();
    expect(said().at(-1)).toBe('log specification was not restored: FTL does so at its next start');
    expect(files()).toHaveLength(1);
  });

  it('is none of it where the node did not take it', async () => {
    const one = logSpecs();
    await expect(one.change(target, 'a=loud', HOUR, WHO)).rejects.toMatchObject({ code: 'refused' });
    expect(files()).toEqual([]);
    await one.change(target, 'debug', HOUR, WHO);
    const before = entryOf();
    await expect(one.change(target, 'a=loud', 2 * HOUR, 'other')).rejects.toMatchObject({ code: 'refused' });
    expect(entryOf()).toEqual(before);
  });

  it('is nothing where it could not be written down', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    const one = logSpecs();
    await expect(one.change(target, 'debug', HOUR, WHO)).rejects.toMatchObject({
      code: 'not_kept',
      message: 'FTL cannot write down in its data folder what the node is to get back (EEXIST), so it changes nothing',
    });
    expect(node.levels.spec).toBe('endorser=warn:info');
  });

  it('is left to the process that made it, while that runs', async () => {
    await killedAfter(HOUR);
    // One that runs, and is not this.
    rewrite({ owner: { host: hostname(), pid: process.ppid } });
    targets = [target];
    const other = logSpecs();
    await other.resume();
    expect((await other.read(target)).change).toMatchObject({ spec: 'debug', restores: 'endorser=warn:info' });
    await other.close();
    expect(node.levels.spec).toBe('debug');
    // It has not seen to it in time.
    rewrite({ until: Date.now() - 1 });
    await logSpecs({ othersMs: 1 }).resume();
    await until(() => node.levels.spec === 'endorser=warn:info');
  });

  it('is set aside where it cannot be read, with what was half written when it was killed', async () => {
    await killedAfter(-1);
    const [name] = entryOf();
    const good = readFileSync(join(folder, name), 'utf8');
    const pid = await endedPid();
    writeFileSync(join(folder, `${name}.${pid}~`), good.slice(0, 20));
    writeFileSync(join(folder, `${'0'.repeat(32)}.json`), good.slice(0, 20));
    writeFileSync(join(folder, `${'1'.repeat(32)}.json`), JSON.stringify({ ...JSON.parse(good), until: 1e300 }));
    writeFileSync(join(folder, `${'2'.repeat(32)}.json`), `"${'x'.repeat(300_000)}"`);
    mkdirSync(join(folder, 'elsewhere'));
    targets = [target];
    await logSpecs().resume();
    await until(() => node.levels.spec === 'endorser=warn:info');
    await until(() => !files().includes(name));
    expect(files().toSorted()).toEqual([
      ...['0', '1', '2'].map((digit) => `${digit.repeat(32)}.json.unreadable`),
      'elsewhere',
    ]);
    expect(log.filter(({ msg }) => String(msg).includes('cannot be read'))).toHaveLength(3);
  });

  it('for longer than any change may be is not believed', async () => {
    await killedAfter(1000 * HOUR);
    await logSpecs().resume();
    expect(Number(entryOf()[1]['until'])).toBeLessThanOrEqual(Date.now() + 4 * HOUR);
  });
});
