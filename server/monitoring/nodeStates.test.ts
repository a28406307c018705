import type { ServerResponse } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { operationsService } from '#test/harness/operationsService.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { NodeClient } from './nodeClient.ts';
import { NodeStates } from './nodeStates.ts';
import type { NodeTarget } from './nodeTarget.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const client = new NodeClient({ timeoutMs: 20_000 });

test('tells who is well, who is not, and who does not answer, in the order of the targets', async () => {
  const well = stack.use(await operationsService());
  const ill = stack.use(await operationsService());
  ill.operations.health.register('disk', () => [{ component: 'disk', reason: 'full' }]);
  const gone = await operationsService();
  await gone[Symbol.asyncDispose]();
  const half = stack.use(await standIn(answers({ '/healthz': { status: 'OK' } })));
  const garbage = stack.use(await standIn(answers({ '/healthz': 'hello', '/version': { Version: '1' } })));
  const targets = [well, ill, gone, half, garbage].map(({ url }, index) => targetAt(url, `peer${index}`));
  const states = new NodeStates(
    client,
    () => targets,
    () => 1000,
  );
  const told = await states.all();
  expect(told.map(({ target }) => target)).toEqual(targets);
  const rest = { target: expect.anything(), failedChecks: [], problem: null, checkedAt: 1000 };
  expect(told).toEqual([
    { ...rest, health: 'ok', version: 'v9.8.7' },
    { ...rest, health: 'failing', version: 'v9.8.7', failedChecks: [{ component: 'disk', reason: 'full' }] },
    { ...rest, health: 'unreachable', version: null, problem: 'peer2 cannot be reached: nobody listens there' },
    { ...rest, health: 'ok', version: null },
    { ...rest, health: 'unreachable', version: '1', problem: 'peer4 answered what no operations service does' },
  ]);
});

test('an answer holds for three seconds, for many who look at one time; then it is asked again', async () => {
  let asked = 0;
  const { url } = stack.use(
    await standIn(
      answers({
        '/healthz': (_, response) => {
          asked++;
          response.end('{"status":"OK"}');
        },
      }),
    ),
  );
  let now = 0;
  let targets: readonly NodeTarget[] = [targetAt(url)];
  const states = new NodeStates(
    client,
    () => targets,
    () => now,
  );
  await Promise.all([states.all(), states.all(), states.of(targets[0]!)]);
  expect(asked).toBe(1);
  now = 2999;
  expect((await states.all())[0]?.checkedAt).toBe(0);
  now = 3000;
  expect((await states.all())[0]?.checkedAt).toBe(3000);
  expect(asked).toBe(2);
  const [target] = targets;
  targets = [];
  expect(await states.all()).toEqual([]);
  // Whoever ceased to be one is not remembered.
  await states.of(target!);
  expect(asked).toBe(3);
});

test('many that take their time are waited for together', async () => {
  const waiting: ServerResponse[] = [];
  const { url } = stack.use(
    await standIn(
      answers({
        '/version': { Version: '1' },
        // Nobody is answered before all of them have been asked.
        '/healthz': (_, response) => {
          if (waiting.push(response) < 32) return;
          for (const one of waiting) one.end('{"status":"OK"}');
        },
      }),
    ),
  );
  const targets = Array.from({ length: 32 }, (_, index) => targetAt(url, `peer${index}`));
  const told = await new NodeStates(client, () => targets).all();
  expect(told.map(({ health }) => health)).toEqual(targets.map(() => 'ok'));
});

test('what was known last is told without asking, as long as the node is a target', async () => {
  const well = stack.use(await operationsService());
  const [one, other] = [targetAt(well.url), targetAt(well.url, 'peer1')];
  let targets = [one, other];
  const states = new NodeStates(client, () => targets);
  expect(states.last([one])).toEqual([]);
  const state = await states.of(one);
  expect(states.last([other, one])).toEqual([state]);
  targets = [other];
  await states.all();
  expect(states.last([one, other]).map(({ target }) => target)).toEqual([other]);
});

test('who is asked when all ends is not waited for', async () => {
  const asked = Promise.withResolvers<void>();
  const { url } = stack.use(await standIn(() => asked.resolve()));
  const states = new NodeStates(client, () => [targetAt(url)]);
  const state = states.of(targetAt(url));
  await asked.promise;
  states.close();
  expect(await state).toMatchObject({ health: 'unreachable' });
});
