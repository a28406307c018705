import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCollectorMetrics } from '../metrics.ts';
import { DeadLetters } from './deadLetters.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-dead-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function letters(path: string, maxBytes = 1e6, keep = 3) {
  const registry = new Registry();
  const metrics = createCollectorMetrics(registry, { queued: () => 0, lags: () => [] });
  const logger = pino({ level: 'silent' });
  return { registry, letters: new DeadLetters({ path, maxBytes, keep }, { metrics, logger, clock: () => 0 }) };
}

const entry = (line: string) => ({
  origin: { file: '/logs/peer0.log', offset: 17, lineNumber: 3 },
  code: 'bad_json',
  reason: 'not JSON',
  line,
});

describe('DeadLetters', () => {
  it('tells time, origin, code, reason and the line', async () => {
    const path = join(folder, 'new', 'dead.ndjson');
    const { letters: dead } = letters(path);
    dead.add(entry('{"a":\u0000\ud800'));
    await dead.flush();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      file: '/logs/peer0.log',
      offset: 17,
      line_number: 3,
      code: 'bad_json',
      reason: 'not JSON',
      line: '{"a":\u0000\ud800',
    });
  });

  it('begins a new file when one is full and keeps the last ones', async () => {
    const path = join(folder, 'dead.ndjson');
    const { letters: dead } = letters(path, 1000, 3);
    for (let index = 0; index < 40; index++) {
      dead.add(entry(`line ${index}`));
      await dead.flush();
    }
    expect(readdirSync(folder).toSorted()).toEqual(['dead.ndjson', 'dead.ndjson.1', 'dead.ndjson.2']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1000);
    expect(readFileSync(path, 'utf8')).toContain('line 39');
  });

  it('counts what it can not write, and goes on', async () => {
    const path = join(folder, 'occupied', 'dead.ndjson');
    writeFileSync(join(folder, 'occupied'), 'a file where a folder should be');
    const { letters: dead, registry } = letters(path);
    dead.add(entry('a'));
    dead.add(entry('b'));
    await dead.flush();
    const errors = await registry.getSingleMetric('ftl_collector_dead_letter_write_errors_total')?.get();
    expect(errors?.values[0]?.value).toBe(2);
    rmSync(join(folder, 'occupied'));
    dead.add(entry('c'));
    await dead.flush();
    expect(readFileSync(path, 'utf8')).toContain('"c"');
    expect(dead.count).toBe(3);
  });

  it('cuts long lines', async () => {
    const path = join(folder, 'dead.ndjson');
    const { letters: dead } = letters(path);
    dead.add(entry('x'.repeat(1_000_000)));
    await dead.flush();
    expect(JSON.parse(readFileSync(path, 'utf8')).line).toHaveLength(64 * 1024);
  });
});
