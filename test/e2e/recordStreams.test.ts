import { type ChildProcess } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { RecordWriter } from '#node/tracing/recordWriter.ts';
import { finished, runFtl, spawnFtl } from '#test/harness/ftlProcess.ts';
import { makeOrganization } from '#test/harness/signedChannel.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';

const signer = makeOrganization('Org1MSP', 'peer').node;
const NODE = 'peer0.Org1MSP';
const folder = mkdtempSync(join(tmpdir(), 'ftl-record-streams-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts of a node one after the other, into files that rotate; `between` is called again and again. */
async function writeRecords(path: string, starts: number, between: () => Promise<void>): Promise<number> {
  let count = 0;
  for (let start = 0; start < starts; start++) {
    const writer = RecordWriter.open(
      {
        serviceType: 'fabric-peer',
        destination: { kind: 'file', path, maxBytes: 40_000, maxFiles: 100 },
        seal: { everyRecords: 50 },
      },
      { signer },
    );
    for (let round = 0; round < 12; round++) {
      for (let n = 0; n < 50; n++) {
        writer.write({
          point: 'endorse.request',
          channel: 'mychannel',
          tx_id: `tx${count++}`,
          sender: { kind: 'client', id: 'Org1MSP/user1', name: 'user1' },
          receiver: writer.self,
        });
      }
      await writer.flush();
      await between();
    }
    await writer.close();
  }
  return count;
}

async function breaksOf(database: string): Promise<readonly string[]> {
  const store = await openSqliteStore(database);
  try {
    const nodes = await store.nodes();
    return nodes.flatMap(({ streamBreaks }) => streamBreaks.map(({ kind, from, to }) => `${kind} ${from}-${to}`));
  } finally {
    await store.close();
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(50);
}

async function recordsIn(database: string): Promise<number> {
  const store = await openSqliteStore(database);
  const { records } = await store.info();
  await store.close();
  return records;
}

describe('a collector that is killed again and again while nodes write and rotate', () => {
  it('finds nothing missing and nothing altered where nothing is', async () => {
    const path = join(folder, 'clean', 'peer0.ndjson');
    mkdirSync(join(folder, 'clean'));
    const database = join(folder, 'clean.db');
    const args = [
      'collect',
      '--store',
      `sqlite:${database}`,
      '--logs',
      join(folder, 'clean'),
      '--poll-interval',
      '20ms',
    ];
    let collector: ChildProcess | null = null;
    let rounds = 0;
    const count = await writeRecords(path, 3, async () => {
      if (collector === null) {
        collector = spawnFtl(args);
      } else if (rounds++ % 3 === 2) {
        await pause(300);
        const gone = finished(collector);
        collector.kill('SIGKILL');
        await gone;
        collector = null;
      }
    });
    collector ??= spawnFtl(args);
    const done = finished(collector);
    // Seals come on top.
    await until(async () => (await recordsIn(database)) >= count);
    await pause(500);
    collector.kill('SIGTERM');
    expect((await done).status).toBe(0);
    expect(readdirSync(join(folder, 'clean')).length).toBeGreaterThan(5);
    expect(await breaksOf(database)).toEqual([]);
  });

  it('finds what was altered and what was taken out meanwhile, and the page, the doctor and the list of traces tell of it', async () => {
    const logs = join(folder, 'bad');
    mkdirSync(logs);
    const path = join(logs, 'peer0.ndjson');
    await writeRecords(path, 1, async () => {});
    const files = readdirSync(logs).toSorted((a, b) => ageOf(b) - ageOf(a));
    edit(join(logs, files[1] as string), (lines) => lines.toSpliced(10, 4));
    edit(join(logs, files[2] as string), (lines) => lines.with(5, (lines[5] as string).replace('user1', 'user2')));
    const database = join(folder, 'bad.db');
    const imported = await runFtl(['import', '--quiet', '--store', `sqlite:${database}`, logs]);
    expect(imported.status).toBe(0);
    const breaks = await breaksOf(database);
    expect(breaks.length).toBe(2);
    expect(breaks[0]).toMatch(/^missing (\d+)-\d+$/);
    expect(breaks[1]).toMatch(/^altered/);
    const doctor = await runFtl(['doctor', '--store', `sqlite:${database}`, '--port', '0']);
    expect(doctor.stdout).toMatch(new RegExp(`✖ Org1MSP/${NODE}: records \\d+ to \\d+, written between .*: missing`));
    expect(doctor.stdout).toMatch(/✖ .*: record \d+, .*: not as the node wrote it/);
    const traces = await runFtl(['traces', '--store', `sqlite:${database}`, '--finding', 'records_missing']);
    expect(traces.stdout).toContain('records_missing');
    // Import of the same again tells nothing new.
    await runFtl(['import', '--quiet', '--store', `sqlite:${database}`, logs]);
    expect(await breaksOf(database)).toEqual(breaks);
  });
});

const ageOf = (name: string) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);

/** Whoever alters a file takes care that it does not show. */
function edit(path: string, change: (lines: readonly string[]) => readonly string[]): void {
  // As numbers: a Date ends with the millisecond, in which several of the files may have been written.
  const { atimeMs, mtimeMs } = statSync(path);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(path, `${change(lines).join('\n')}\n`);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}
