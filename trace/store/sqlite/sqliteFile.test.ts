import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blockRecords, exampleRecords, IDS, txIdOf } from '../conformance/exampleRecords.ts';
import { readEverything, refreshAll } from '../conformance/readEverything.ts';
import { openStore } from '../openStore.ts';
import { openSqliteStore } from './sqliteStore.ts';

const checkpoints = (n: number) => new Map([['file', String(n)]]);

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-store-'));
  path = join(folder, 'traces.db');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the file', () => {
  it('is made with its folder, and opened again', async () => {
    const deep = join(folder, 'a', 'b', 'traces.db');
    const store = await openStore(`sqlite:${deep}`);
    await store.append(exampleRecords());
    const before = await readEverything(store);
    expect(await store.info()).toMatchObject({ kind: 'sqlite', location: deep, schemaVersion: 1 });
    await store.close();
    const again = await openStore(`sqlite:${deep}`, { mustExist: true });
    expect(await readEverything(again)).toEqual(before);
    await again.close();
  });

  it('may be memory alone', async () => {
    const store = await openStore('sqlite::memory:');
    await store.append(blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID' } }));
    await refreshAll(store);
    expect((await store.traces({})).items).toHaveLength(1);
    expect(await store.dropBefore('2030-01-01T00:00:00Z')).toMatchObject({ traces: 1 });
    await store.close();
    expect(existsSync(':memory:')).toBe(false);
  });

  it('is refused when it is no store of ours', async () => {
    writeFileSync(path, 'a text that is long enough to be no database at all'.repeat(100));
    await expect(openSqliteStore(path)).rejects.toMatchObject({ name: 'StoreError', code: 'not_a_store' });
    const other = join(folder, 'other.db');
    const db = new DatabaseSync(other);
    db.exec('CREATE TABLE somebody (elses INTEGER)');
    db.close();
    await expect(openSqliteStore(other)).rejects.toMatchObject({ code: 'not_a_store' });
    await expect(openSqliteStore(folder)).rejects.toMatchObject({ code: 'cannot_open' });
    await expect(openSqliteStore(join(path, 'below-a-file', 'x.db'))).rejects.toMatchObject({ code: 'cannot_open' });
  });

  it('is refused when a newer program has written it', async () => {
    await (await openSqliteStore(path)).close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      code: 'newer_version',
      message: expect.stringContaining('99') as string,
    });
  });

  it('is named by a sqlite: URL and nothing else', async () => {
    for (const url of ['traces.db', 'elasticsearch://localhost:9200', 'sqlite:', 'C:\\traces.db']) {
      await expect(openStore(url)).rejects.toMatchObject({ code: 'unsupported_url' });
    }
    await expect(openStore(`sqlite:${path}`, { mustExist: true })).rejects.toMatchObject({ code: 'cannot_open' });
    await expect(openStore(`sqlite:${path}`, { readOnly: true })).rejects.toMatchObject({ code: 'cannot_open' });
  });

  it('opens for reading only', async () => {
    const store = await openSqliteStore(path);
    await store.append(exampleRecords());
    await refreshAll(store);
    const reader = await openSqliteStore(path, { readOnly: true });
    expect(await reader.traces({})).toEqual(await store.traces({}));
    await expect(reader.append(exampleRecords())).rejects.toMatchObject({ code: 'read_only' });
    await reader.close();
    await store.close();
  });

  it('takes no half of a batch when the disk is full', async () => {
    const store = await openSqliteStore(path, { mostPages: 120 });
    let written = 0;
    let failure: unknown;
    for (let number = 1; number < 500 && failure === undefined; number++) {
      const txs = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [txIdOf(`${number}-${n}-`), 'VALID']));
      try {
        await store.append(blockRecords({ number, txs }), checkpoints(number));
        written = number;
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({ name: 'StoreError', code: 'disk_full' });
    expect(written).toBeGreaterThan(5);
    expect(await store.checkpoints()).toEqual(checkpoints(written));
    expect(await store.find(txIdOf(`${written + 1}-0-`))).toEqual([]);
    await store.close();
    // With room again, it goes on where it was.
    const more = await openSqliteStore(path);
    expect((await more.blocks({ limit: 1 })).items[0]?.number).toBe(written);
    await more.append(blockRecords({ number: written + 1, txs: { [IDS.plain]: 'VALID' } }), checkpoints(written + 1));
    await refreshAll(more);
    expect((await more.traces({ limit: 1000 })).items).toHaveLength(written * 10 + 1);
    await more.close();
  });

  it('makes a writer wait for another only so long, and a reader not at all', async () => {
    const store = await openSqliteStore(path, { busyTimeoutMs: 20 });
    await store.append(exampleRecords());
    await refreshAll(store);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE; INSERT INTO checkpoint (name, value) VALUES ('held', '1')");
    await expect(store.append(exampleRecords().slice(0, 1))).rejects.toMatchObject({ code: 'busy' });
    expect((await store.traces({})).items.length).toBeGreaterThan(5);
    other.exec('ROLLBACK');
    other.close();
    expect(await store.append(exampleRecords().slice(0, 1))).toEqual({ added: 0, known: 1 });
    await store.close();
  });

  it('holds whole batches after kill -9, the checkpoint with them', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'appendForever.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let acknowledged = 0;
    for await (const chunk of child.stdout) {
      acknowledged = Number(String(chunk).trim().split('\n').at(-1));
      if (acknowledged >= 20) break;
    }
    child.kill('SIGKILL');
    await exited;
    const store = await openSqliteStore(path);
    const last = Number((await store.checkpoints()).get('block'));
    expect(last).toBeGreaterThanOrEqual(20);
    expect((await store.blocks({ limit: 1 })).items[0]?.number).toBe(last);
    expect((await store.info()).records).toBe(last * blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID' } }).length);
    await refreshAll(store);
    expect((await store.statistics({})).outcomes).toEqual({ VALID: last });
    await store.close();
  });
});
