import type { RequestListener } from 'node:http';
import pino from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoggerLevels } from '#node/operations/loggerLevels.ts';
import { type OperationsService, operationsService } from '#test/harness/operationsService.ts';
import { until } from '#test/harness/until.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { HeldInMemory } from './heldLogSpecs.ts';
import { LogSpecs, type LogSpecOptions } from './logSpecs.ts';
import { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const HOUR = 3_600_000;
const WHO = 'operator';
const client = new NodeClient({ timeoutMs: 20_000 });

let log: Record<string, unknown>[];
let node: OperationsService;
let target: NodeTarget;
let specs: LogSpecs;
const open: LogSpecs[] = [];
function logSpecs(options: Partial<LogSpecOptions> = {}, asking = client): LogSpecs {
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  // Where the node was when it was changed is known.
  const made = new LogSpecs(options, { client: asking, logger, held: new HeldInMemory(), target: () => null });
  open.push(made);
  return made;
}
const said = () => log.map(({ msg }) => msg);

beforeEach(async () => {
  log = [];
  node = stack.use(await operationsService());
  node.levels.activate('endorser=warn:info');
  target = targetAt(node.url);
  specs = logSpecs();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('a log specification', () => {
  it('holds for a while, and comes back by itself', async () => {
    const before = Date.now();
    const { spec, change } = await specs.change(target, 'gossip=DEBUG:info', HOUR, WHO);
    expect(spec).toBe('gossip=debug:info');
    expect(change).toMatchObject({ spec: 'gossip=debug:info', restores: 'endorser=warn:info', by: WHO });
    expect(change!.until).toBeGreaterThanOrEqual(before + HOUR);
    expect(await specs.read(target)).toEqual({ spec, change });

    await specs.change(target, 'debug', 1, WHO);
    await until(() => node.levels.spec === 'endorser=warn:info');
    await until(async () => (await specs.read(target)).change === null);
    expect(said()).toEqual([
      'log specification changed for a while',
      'log specification changed for a while',
      'log specification restored',
    ]);
    expect(log[0]).toMatchObject({ node: target.id, restores: 'endorser=warn:info', by: WHO });
  });

  it('that is no good changes nothing, and not what holds already', async () => {
    await expect(specs.change(target, 'a=loud', HOUR, WHO)).rejects.toMatchObject({ code: 'refused' });
    expect(await specs.read(target)).toEqual({ spec: 'endorser=warn:info', change: null });
    await specs.change(target, 'debug', HOUR, WHO);
    await expect(specs.change(target, 'a=loud', HOUR, WHO)).rejects.toMatchObject({ code: 'refused' });
    expect((await specs.read(target)).change).toMatchObject({ spec: 'debug', restores: 'endorser=warn:info' });
  });

  it('comes back when it is asked to', async () => {
    await specs.change(target, 'debug', HOUR, WHO);
    expect(await specs.restore(target, WHO)).toEqual({ spec: 'endorser=warn:info', change: null });
    expect(await specs.restore(target, WHO)).toEqual({ spec: 'endorser=warn:info', change: null });
    expect(node.levels.spec).toBe('endorser=warn:info');
  });

  it('comes back where what was there before is set for a while', async () => {
    await specs.change(target, 'debug', HOUR, WHO);
    const again = await specs.change(target, 'INFO:endorser=warning', HOUR, WHO);
    expect(again).toEqual({ spec: 'endorser=warn:info', change: null });
  });

  it('that has a level which nodes tell otherwise than they take it comes back too', async () => {
    node.levels.activate('endorser=payload:info');
    await specs.change(target, 'debug', HOUR, WHO);
    await specs.close();
    expect(node.levels.spec).toBe('endorser=Level(-2):info');
  });

  it('that somebody else has set meanwhile stays', async () => {
    await specs.change(target, 'debug', HOUR, WHO);
    node.levels.activate('error');
    expect(await specs.read(target)).toEqual({ spec: 'error', change: null });
    await specs.close();
    expect(node.levels.spec).toBe('error');
    expect(said().at(-1)).toBe('log specification left as somebody else has set it');
  });

  it('that somebody else has set is what comes back after the next change', async () => {
    await specs.change(target, 'debug', HOUR, WHO);
    node.levels.activate('error');
    expect((await specs.change(target, 'warn', HOUR, WHO)).change).toMatchObject({ restores: 'error' });
    await specs.close();
    expect(node.levels.spec).toBe('error');
  });

  it('comes back as it was before the first of changes that come at once', async () => {
    const wanted = ['debug', 'gossip=debug:info', 'warn', 'gossip=debug:info'];
    const states = await Promise.all(wanted.map((spec) => specs.change(target, spec, HOUR, WHO)));
    expect(states.map(({ spec }) => spec)).toEqual(wanted);
    expect(new Set(states.map(({ change }) => change?.restores))).toEqual(new Set(['endorser=warn:info']));
    await specs.close();
    expect(node.levels.spec).toBe('endorser=warn:info');
  });
});

it('a log specification whose time is over while another is on its way stays for the time of that', async () => {
  const [first, second] = [specs.change(target, 'debug', 1, WHO), specs.change(target, 'warn', HOUR, WHO)];
  // After whatever the end of the first has set off.
  await Promise.all([first, second]);
  await expect(specs.change(target, 'a=loud', HOUR, WHO)).rejects.toMatchObject({ code: 'refused' });
  expect((await specs.read(target)).change).toMatchObject({ spec: 'warn', restores: 'endorser=warn:info' });
  expect(said()).toEqual(['log specification changed for a while', 'log specification changed for a while']);
});

describe('when the server stops', () => {
  it('all of them come back, and none is changed any more', async () => {
    const other = stack.use(await operationsService());
    const otherTarget = targetAt(other.url, 'peer1');
    await specs.change(target, 'debug', HOUR, WHO);
    const late = specs.change(otherTarget, 'debug', HOUR, WHO);
    await Promise.all([specs.close(), late.catch((error: unknown) => error)]);
    expect([node.levels.spec, other.levels.spec]).toEqual(['endorser=warn:info', 'info']);
    await expect(specs.change(target, 'debug', HOUR, WHO)).rejects.toMatchObject({ code: 'stopping' });
    expect(node.levels.spec).toBe('endorser=warn:info');
  });

  it('a node that has ended needs nothing', async () => {
    await specs.change(target, 'debug', HOUR, WHO);
    await node.operations.stop();
    await specs.close();
    expect(log.at(-1)).toMatchObject({
      level: 30,
      node: target.id,
      msg: expect.stringContaining('the node has ended'),
    });
  });

  it('a node that does not answer is told of', async () => {
    let silent = false;
    const { url } = stack.use(
      await standIn((request, response) => {
        if (!silent) response.writeHead(request.method === 'PUT' ? 204 : 200).end('{"spec":"info"}');
      }),
    );
    const quick = logSpecs({}, new NodeClient({ timeoutMs: 200 }));
    const at = targetAt(url);
    await quick.change(at, 'debug', HOUR, WHO);
    silent = true;
    await quick.close();
    expect(log.at(-1)).toMatchObject({
      level: 40,
      node: at.id,
      restores: 'info',
      reason: `${at.node} did not answer within 0.2 s`,
      msg: expect.stringMatching(/^log specification was not restored/),
    });
  });
});

/** Takes specifications as a node does; what `lost` says is done, and not answered. */
async function forgetful(lost: (count: number) => boolean): Promise<{ levels: LoggerLevels; at: NodeTarget }> {
  const levels = new LoggerLevels('info');
  let count = 0;
  const handle: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += String(part)));
    request.on('end', () => {
      if (request.method === 'PUT') levels.activate((JSON.parse(body) as { spec: string }).spec);
      if (lost(count++)) request.socket.destroy();
      else if (request.method === 'PUT') response.writeHead(204).end();
      else response.end(JSON.stringify({ spec: levels.spec }));
    });
  };
  const { url } = stack.use(await standIn(answers({ '/logspec': handle })));
  return { levels, at: targetAt(url) };
}

describe('a node that is not heard', () => {
  it('after it took a specification gets its own back', async () => {
    // Read, written (not heard).
    const { levels, at } = await forgetful((count) => count === 1);
    await expect(specs.change(at, 'debug', HOUR, WHO)).rejects.toMatchObject({ code: 'unreachable' });
    expect(levels.spec).toBe('debug');
    expect((await specs.read(at)).change).toMatchObject({ spec: 'debug', restores: 'info' });
    await specs.close();
    expect(levels.spec).toBe('info');
  });

  it('after it took it twice gets its own back', async () => {
    // Read, written (not heard), read, written, not heard again.
    const { levels, at } = await forgetful((count) => count === 1 || count === 3);
    await expect(specs.change(at, 'debug', HOUR, WHO)).rejects.toMatchObject({ code: 'unreachable' });
    await expect(specs.change(at, 'warn', HOUR, WHO)).rejects.toMatchObject({ code: 'unreachable' });
    levels.activate('debug');
    expect((await specs.read(at)).change).toMatchObject({ spec: 'debug', restores: 'info' });
    await specs.close();
    expect(levels.spec).toBe('info');
  });

  it('when it says what it took has taken it', async () => {
    // Read, written, read (not heard).
    const { levels, at } = await forgetful((count) => count === 2);
    const state = await specs.change(at, 'gossip=debug:info', HOUR, WHO);
    expect(state.change).toMatchObject({ spec: 'gossip=debug:info', restores: 'info' });
    await specs.close();
    expect(levels.spec).toBe('info');
  });

  it('when it is to get its own back is asked again', async () => {
    const quick = logSpecs({ retryMs: 1 });
    let lost = false;
    const { levels, at } = await forgetful(() => lost);
    await quick.change(at, 'debug', 1, WHO);
    lost = true;
    await until(() => said().includes('log specification is not restored yet, trying again'));
    await until(async () => (await quick.changes()).get(at.id)?.problem !== null);
    expect((await quick.changes()).get(at.id)).toMatchObject({
      spec: 'debug',
      restores: 'info',
      problem: expect.stringContaining(`${at.node} cannot be reached`),
    });
    lost = false;
    await until(() => said().includes('log specification restored'));
    expect(levels.spec).toBe('info');
    expect((await quick.read(at)).change).toBeNull();
    expect((await quick.changes()).size).toBe(0);
  });

  it('for too long is given up', async () => {
    const quick = logSpecs({ retryMs: 1, giveUpMs: 0 });
    let lost = false;
    const { at } = await forgetful(() => lost);
    await quick.change(at, 'debug', 1, WHO);
    lost = true;
    await until(() => said().some((text) => String(text).startsWith('log specification was not restored')));
    await quick.close();
    expect(said().filter((text) => /not restored/.test(String(text))).length).toBeGreaterThan(0);
  });

  it('and is started anew has its own, whatever was set before', async () => {
    await specs.change(target, 'debug', HOUR, WHO);
    node.levels.activate('endorser=warn:info');
    log = [];
    await specs.close();
    expect(said()).toEqual([]);
  });
});
