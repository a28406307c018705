import { appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectorRig, ownLine, ownLines, range } from '../testing/collectorRig.ts';

let rig: CollectorRig;
beforeEach(() => {
  rig = new CollectorRig();
});
afterEach(() => rig.remove());

const log = () => rig.path('peer0.log');

describe('a followed file', () => {
  it('is read from its beginning, then as it grows', async () => {
    writeFileSync(log(), ownLines(0, 10));
    await rig.start();
    expect(await rig.untilSequence(10)).toEqual(range(0, 10));
    appendFileSync(log(), ownLines(10, 20));
    expect(await rig.untilSequence(20)).toEqual(range(0, 20));
  });

  it('may appear later', async () => {
    await rig.start({ start: 'end' });
    mkdirSync(rig.path('deeper'));
    writeFileSync(log(), ownLines(0, 3));
    expect(await rig.untilSequence(3)).toEqual([0, 1, 2]);
  });

  it('gives a partial last line only when its end has come', async () => {
    const line = ownLine(1);
    writeFileSync(log(), ownLine(0) + line.slice(0, 50));
    await rig.start();
    expect(await rig.untilSequence(1)).toEqual([0]);
    appendFileSync(log(), line.slice(50, 60));
    await rig.collector.untilCaughtUp();
    expect(rig.store.sequence).toEqual([0]);
    appendFileSync(log(), line.slice(60));
    expect(await rig.untilSequence(2)).toEqual([0, 1]);
    expect(await rig.metric('ftl_collector_dead_letters_total')).toBe(0);
  });

  it('keeps a partial line over a restart', async () => {
    const line = ownLine(1);
    writeFileSync(log(), ownLine(0) + line.slice(0, 50));
    await rig.start();
    await rig.untilSequence(1);
    await rig.stop();
    appendFileSync(log(), line.slice(50) + ownLine(2));
    await rig.start();
    expect(await rig.untilSequence(3)).toEqual([0, 1, 2]);
    expect(await rig.metric('ftl_collector_lines_total')).toBe(2);
  });

  it('begins at its end when told so, but not in the middle of a line', async () => {
    writeFileSync(log(), ownLines(0, 5) + ownLine(5).slice(0, 20));
    await rig.start({ start: 'end' });
    await rig.collector.untilCaughtUp();
    appendFileSync(log(), ownLine(5).slice(20) + ownLine(6));
    expect(await rig.untilSequence(2)).toEqual([5, 6]);
  });

  it('remembers that it began at the end', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start({ start: 'end' });
    await rig.stop();
    appendFileSync(log(), ownLine(5));
    await rig.start({ start: 'end' });
    expect(await rig.untilSequence(1)).toEqual([5]);
  });

  it('may hold lines of megabytes; one beyond the limit is a dead letter and reading goes on', async () => {
    const limit = 2 * 1024 * 1024;
    const deadLetters = { path: rig.path('dead.ndjson') };
    writeFileSync(log(), ownLine(0) + ownLine(1, limit - 1000) + ownLine(2, limit + 5) + ownLine(3));
    await rig.start({ maxLineBytes: limit, readBytes: 64 * 1024, deadLetters });
    expect(await rig.untilSequence(3)).toEqual([0, 1, 3]);
    await rig.stop();
    const [letter] = (await readFile(deadLetters.path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(letter).toMatchObject({ code: 'too_long', file: log(), line_number: 3 });
    expect(letter.offset).toBe(ownLine(0).length + ownLine(1, limit - 1000).length);
    expect(letter.line).toHaveLength(64 * 1024);
  });

  it('may hold bytes that are no text', async () => {
    const bad = Buffer.concat([Buffer.from('{"ftl":'), Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]), Buffer.from('\n')]);
    const umlaut = Buffer.from(ownLine(1).replace('"message":""', '"message":"Zürich"'));
    writeFileSync(log(), Buffer.concat([Buffer.from(ownLine(0)), bad, umlaut]));
    await rig.start();
    expect(await rig.untilSequence(2)).toEqual([0, 1]);
    expect([...rig.store.records.values()][1]?.record.message).toBe('Zürich');
    expect(await rig.metric('ftl_collector_dead_letters_total')).toBe(1);
  });

  it('does not follow its own dead letters', async () => {
    writeFileSync(log(), `{"ftl":broken\n${ownLine(0)}`);
    await rig.start({ logs: [rig.path('*')], deadLetters: { path: rig.path('dead.ndjson') } });
    await rig.untilSequence(1);
    await rig.until(() => rig.collector.status().deadLetters > 0);
    await rig.collector.untilCaughtUp();
    expect(rig.collector.status().files.map((file) => file.file)).toEqual([log()]);
  });
});

describe('rotation', () => {
  it('by renaming: the old file is read to its end, then the new one', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start();
    await rig.untilSequence(5);
    renameSync(log(), rig.path('peer0.log.1'));
    // The writer goes on with the file that it has open.
    appendFileSync(rig.path('peer0.log.1'), ownLines(5, 8));
    writeFileSync(log(), '');
    appendFileSync(rig.path('peer0.log.1'), ownLines(8, 10));
    writeFileSync(log(), ownLines(10, 15));
    expect(await rig.untilSequence(15)).toEqual(range(0, 15));
  });

  it('twice between two looks', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start({ pollMs: 200 });
    await rig.untilSequence(5);
    appendFileSync(log(), ownLines(5, 6));
    for (const [from, to] of [
      [6, 9],
      [9, 12],
      [12, 15],
    ] as const) {
      for (const number of [3, 2, 1, 0]) {
        const name = number === 0 ? log() : rig.path(`peer0.log.${number}`);
        try {
          renameSync(name, rig.path(`peer0.log.${number + 1}`));
        } catch {
          // Not that many yet.
        }
      }
      writeFileSync(log(), ownLines(from, to));
    }
    expect(await rig.untilSequence(15)).toEqual(range(0, 15));
  });

  it('while the collector is down, more than once, the oldest compressed', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start();
    await rig.untilSequence(5);
    await rig.stop();
    writeFileSync(rig.path('peer0.log.2.gz'), gzipSync(ownLines(0, 8)));
    rmSync(log());
    writeFileSync(rig.path('peer0.log.1'), ownLines(8, 12));
    writeFileSync(log(), ownLines(12, 14));
    await rig.start();
    expect(await rig.untilSequence(14)).toEqual(range(0, 14));
    expect(await rig.metric('ftl_collector_lines_total')).toBe(9);
    expect(await rig.metric('ftl_collector_missed_files_total')).toBe(0);
  });

  it('by copying and truncating: what was not read in time is read from the copy', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start({ pollMs: 200 });
    await rig.untilSequence(5);
    appendFileSync(log(), ownLines(5, 8));
    copyFileSync(log(), rig.path('peer0.log.1'));
    truncateSync(log(), 0);
    appendFileSync(log(), ownLines(8, 30));
    expect(await rig.untilSequence(30)).toEqual(range(0, 30));
  });

  it('by copying and truncating while the collector is down', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start();
    await rig.untilSequence(5);
    await rig.stop();
    appendFileSync(log(), ownLines(5, 8));
    copyFileSync(log(), rig.path('peer0.log.1'));
    truncateSync(log(), 0);
    appendFileSync(log(), ownLines(8, 30));
    renameSync(rig.path('peer0.log.1'), rig.path('peer0.log.2'));
    copyFileSync(log(), rig.path('peer0.log.1'));
    truncateSync(log(), 0);
    appendFileSync(log(), ownLines(30, 32));
    await rig.start();
    expect(await rig.untilSequence(32)).toEqual(range(0, 32));
  });

  it('by truncating alone loses nothing that was read', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start();
    await rig.untilSequence(5);
    truncateSync(log(), 0);
    appendFileSync(log(), ownLines(5, 7));
    expect(await rig.untilSequence(7)).toEqual(range(0, 7));
    expect(await rig.metric('ftl_collector_rotations_total')).toBe(1);
  });

  it('that reuses the inode is noticed by content', async () => {
    writeFileSync(log(), ownLines(0, 3));
    await rig.start();
    await rig.untilSequence(3);
    await rig.stop();
    // Same inode, longer than before, other content.
    writeFileSync(log(), ownLines(3, 20));
    await rig.start();
    expect(await rig.untilSequence(20)).toEqual(range(0, 20));
  });

  it('does not make streams of rotated files that the pattern matches too', async () => {
    writeFileSync(log(), ownLines(0, 5));
    await rig.start({ logs: [rig.path('peer0.log*')] });
    await rig.untilSequence(5);
    renameSync(log(), rig.path('peer0.log.1'));
    writeFileSync(log(), ownLines(5, 10));
    expect(await rig.untilSequence(10)).toEqual(range(0, 10));
    writeFileSync(rig.path('peer0.log.2.gz'), gzipSync(ownLines(0, 5)));
    rmSync(rig.path('peer0.log.1'));
    appendFileSync(log(), ownLines(10, 11));
    await rig.untilSequence(11);
    await rig.stop();
    await rig.start({ logs: [rig.path('peer0.log*')] });
    await rig.collector.untilCaughtUp();
    expect(rig.collector.status().files).toHaveLength(1);
    expect(rig.store.sequence).toEqual(range(0, 11));
    expect(await rig.metric('ftl_collector_lines_total')).toBe(0);
  });

  it('before the first start: rotated files that the pattern matches come first, oldest first', async () => {
    writeFileSync(rig.path('peer0.log.2.gz'), Buffer.concat([gzipSync(ownLines(0, 3)), gzipSync(ownLines(3, 5))]));
    writeFileSync(rig.path('peer0.log.1'), ownLines(5, 8));
    writeFileSync(log(), ownLines(8, 10));
    await rig.start({ logs: [rig.path('peer0.log*')] });
    expect(await rig.untilSequence(10)).toEqual(range(0, 10));
  });

  it('leaves rotated files alone that nobody asked for', async () => {
    writeFileSync(rig.path('peer0.log.1'), ownLines(0, 5));
    writeFileSync(log(), ownLines(5, 8));
    await rig.start();
    expect(await rig.untilSequence(3)).toEqual([5, 6, 7]);
  });

  it('ends a deleted file and begins a new one of the same name', async () => {
    writeFileSync(log(), ownLines(0, 3));
    await rig.start();
    await rig.untilSequence(3);
    rmSync(log());
    await rig.collector.untilCaughtUp();
    writeFileSync(log(), ownLines(3, 5));
    expect(await rig.untilSequence(5)).toEqual(range(0, 5));
  });
});

describe('compressed files', () => {
  it('a torn one is reported once and what can be read is kept', async () => {
    const whole = gzipSync(ownLines(0, 2000));
    const deadLetters = { path: rig.path('dead.ndjson') };
    writeFileSync(rig.path('peer0.log.gz'), whole.subarray(0, whole.length / 2));
    await rig.start({ logs: [rig.path('*.gz')], deadLetters });
    await rig.until(() => rig.collector.status().deadLetters > 0);
    await rig.collector.untilCaughtUp();
    const kept = rig.store.sequence;
    expect(kept.length).toBeGreaterThan(500);
    expect(kept).toEqual(range(0, kept.length));
    // It was being written after all.
    writeFileSync(rig.path('peer0.log.gz'), whole);
    expect(await rig.untilSequence(2000)).toEqual(range(0, 2000));
    await rig.stop();
    const letters = (await readFile(deadLetters.path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(letters.map((letter) => letter.code)).toEqual(['torn_gzip']);
    expect(letters[0].reason).toContain(rig.path('peer0.log.gz'));
  });

  it('resume within the content', async () => {
    writeFileSync(rig.path('peer0.log.gz'), gzipSync(ownLines(0, 3000)));
    let appended = 0;
    rig.store.before = () => {
      if (++appended > 2) throw new Error('no');
    };
    await rig.start({ logs: [rig.path('*.gz')], batchRecords: 500 });
    await rig.until(() => appended > 2);
    await expect(rig.collector.stop({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    const before = rig.store.records.size;
    expect(before).toBe(1000);
    rig.store.before = () => undefined;
    await rig.start({ logs: [rig.path('*.gz')] });
    expect(await rig.untilSequence(3000)).toEqual(range(0, 3000));
    expect(await rig.metric('ftl_collector_lines_total')).toBe(2000);
  });
});
