import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { logTail, type ProcessSpec, runningProcess, startProcess, stopProcess } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-processes-'));
const pid = join(folder, 'process.json');

function spec(script: string): ProcessSpec {
  return {
    name: 'a process',
    program: process.execPath,
    args: ['-e', script],
    folder,
    environment: { OURS: 'yes' },
    log: join(folder, 'log', 'process.log'),
    pid,
  };
}

const FOR_EVER = 'setInterval(() => {}, 1000)';

afterEach(async () => {
  await stopProcess(pid, 0);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('processes of a network', () => {
  it('are found again, end when asked, and are gone then', async () => {
    const started = await startProcess(spec(FOR_EVER));
    expect(await runningProcess(pid)).toBe(started.pid);
    expect(await stopProcess(pid, 10_000)).toBe(true);
    expect(await started.ended).toBe('was ended by SIGTERM');
    expect(await runningProcess(pid)).toBeNull();
    expect(await stopProcess(pid, 10_000)).toBe(false);
  });

  it('are ended by force where they do not listen', async () => {
    const started = await startProcess(spec(`process.on('SIGTERM', () => {}); console.log('deaf'); ${FOR_EVER}`));
    while (!logTail(spec('').log).includes('deaf')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await stopProcess(pid, 0)).toBe(true);
    expect(await started.ended).toBe('was ended by SIGKILL');
  });

  it('leave their last words in a log', async () => {
    const started = await startProcess(spec(`console.error('cannot ' + process.env.OURS); process.exitCode = 3`));
    expect(await started.ended).toBe('ended with status 3');
    expect(logTail(spec('').log)).toContain('cannot yes');
    expect(logTail(join(folder, 'none'))).toMatch(/there is no/);
  });

  it('are never confused with others that have their number now', async () => {
    writeFileSync(pid, JSON.stringify({ pid: process.pid, identity: 'of another time' }));
    expect(await runningProcess(pid)).toBeNull();
    expect(await stopProcess(pid, 0)).toBe(false);
    for (const text of ['', '{}', '{"pid":-1,"identity":""}', 'not JSON']) {
      writeFileSync(pid, text);
      expect(await runningProcess(pid)).toBeNull();
    }
  });

  it('do not get what a shell has set for Fabric', async () => {
    process.env['CORE_PEER_ADDRESS'] = 'elsewhere:7051';
    const out = join(folder, 'environment');
    const script = `require('node:fs').writeFileSync(${JSON.stringify(out)}, String(process.env.CORE_PEER_ADDRESS))`;
    const started = await startProcess(spec(script));
    delete process.env['CORE_PEER_ADDRESS'];
    expect(await started.ended).toBe('ended with status 0');
    expect(readFileSync(out, 'utf8')).toBe('undefined');
  });

  it('say so where they cannot be started', async () => {
    await expect(startProcess({ ...spec(''), program: join(folder, 'no-program') })).rejects.toMatchObject({
      code: 'io',
    });
  });
});
