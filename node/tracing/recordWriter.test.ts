import { verify } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeOrganization } from '../../test/harness/signedChannel.ts';
import type { LineSink } from './lineSink.ts';
import { RecordWriter, type RecordWriterOptions } from './recordWriter.ts';
import { checkStream, readRecords, recordsOf } from './testStream.ts';

const signer = makeOrganization('Org1MSP', 'peer').node;
const INTACT = { broken: [], missing: [] };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-records-'));
  path = join(folder, 'records.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (more: Partial<RecordWriterOptions> = {}): RecordWriterOptions => ({
  serviceType: 'fabric-peer',
  destination: { kind: 'file', path },
  ...more,
});

const seen = (writer: RecordWriter, from: number, count: number): void => {
  for (let index = from; index < from + count; index++) {
    writer.write({ point: 'tx.seen', tx_id: `tx${index}` });
  }
};

const check = (lines: readonly string[]) => checkStream(recordsOf(lines.join('\n')));

/** Keeps what it is given, when it is let: a pipe whose reader is slow, a disk that is full. */
class HeldSink implements LineSink {
  text = '';
  broken = false;
  #held: (() => void)[] | null = null;

  hold(): void {
    this.#held = [];
  }

  release(): void {
    this.#held?.forEach((go) => go());
    this.#held = null;
  }

  beginBatch(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#held !== null) {
      await new Promise<void>((resolve) => this.#held?.push(resolve));
    }
    if (this.broken) {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
    // Half of it: the rest comes again.
    const some = bytes.subarray(0, Math.ceil(bytes.length / 2));
    this.text += Buffer.from(some).toString('latin1');
    return some.length;
  }

  writeSync(inFlight: Uint8Array, rest: Uint8Array): number {
    if (this.broken) {
      return 0;
    }
    this.text += Buffer.concat([inFlight, rest]).toString('latin1');
    return inFlight.length + rest.length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a stream of records', () => {
  it('has ECS fields, a number and a chain on every line', async () => {
    const writer = RecordWriter.open(options(), {
      signer,
      clock: { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 6 },
    });
    writer.write({ point: 'tx.seen', tx_id: 'täx\u2028' }, 'a'.repeat(32));
    seen(writer, 1, 4);
    await writer.close();
    const records = readRecords(path);
    expect(records[0]?.record).toEqual({
      'log.level': 'info',
      '@timestamp': '2026-01-02T03:04:05.000006Z',
      'log.logger': 'ftl.trace',
      'ecs.version': expect.any(String),
      'service.type': 'fabric-peer',
      'service.node.name': 'peer0.Org1MSP',
      'trace.id': 'a'.repeat(32),
      ftl: {
        version: 1,
        point: 'tx.seen',
        tx_id: 'täx\u2028',
        stream: writer.stream,
        seq: 0,
        chain: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
    expect(records.map(({ ftl }) => ftl.seq)).toEqual([0, 1, 2, 3, 4]);
    expect(checkStream(records)).toEqual(INTACT);
    expect(writer.end).toEqual({ stream: writer.stream, seq: 4, chain: records[4]?.ftl.chain });
  });

  it('shows a line that is altered, taken out, put in or moved', async () => {
    const writer = RecordWriter.open(options(), { signer });
    seen(writer, 0, 6);
    await writer.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n') as [string, string, string, string, string, string];
    expect(check(lines)).toEqual(INTACT);
    const altered = lines.with(2, lines[2].replace('tx2', 'tx9'));
    expect(check(altered)).toEqual({ broken: [2], missing: [] });
    expect(check(lines.toSpliced(2, 1))).toEqual({ broken: [3], missing: [2] });
    expect(check(lines.toSpliced(2, 0, lines[1])).broken).not.toEqual([]);
    expect(check([lines[0], lines[2], lines[1], ...lines.slice(3)]).broken).not.toEqual([]);
    expect(check(lines.slice(1)).broken).toEqual([1]);
  });

  it('goes on over rotated files, each of whole lines', async () => {
    const destination = { kind: 'file', path, maxBytes: 1000, maxFiles: 4 } as const;
    const writer = RecordWriter.open(options({ destination }), { signer });
    for (let from = 0; from < 40; from += 5) {
      seen(writer, from, 5);
      await writer.flush();
    }
    await writer.close();
    expect(readRecords(`${path}.4`, 1)).toEqual([]);
    const records = readRecords(path, 4);
    const first = records[0]?.ftl.seq ?? 0;
    expect(first).toBeGreaterThan(0);
    expect(records.map(({ ftl }) => ftl.seq)).toEqual(Array.from({ length: 40 - first }, (_, index) => first + index));
    // Only the first, whose predecessor is gone with its file.
    expect(checkStream(records).broken).toEqual([first]);
  });

  it('names the end of the stream before it', async () => {
    const first = RecordWriter.open(options(), { signer });
    seen(first, 0, 3);
    await first.close();
    const second = RecordWriter.open(options(), { signer });
    seen(second, 3, 2);
    await second.close();
    const records = readRecords(path);
    expect(records.map(({ ftl }) => [ftl.stream, ftl.seq, ftl.previous])).toEqual([
      [first.stream, 0, undefined],
      [first.stream, 1, undefined],
      [first.stream, 2, undefined],
      [second.stream, 0, first.end],
      [second.stream, 1, undefined],
    ]);
    expect(checkStream(records.slice(3))).toEqual(INTACT);
  });

  it('goes on behind a line that a dying process left torn, and behind records of megabytes', async () => {
    const first = RecordWriter.open(options(), { signer });
    const txs = Array.from({ length: 20_000 }, (_, index) => ({ id: `transaction ${index} of a large block` }));
    first.write({ point: 'gossip.commit', txs });
    await first.close();
    appendFileSync(path, '{"@timestamp":"2026-01-0');
    const second = RecordWriter.open(options(), { signer });
    seen(second, 0, 1);
    await second.close();
    const records = readRecords(path);
    expect(records.map(({ ftl }) => ftl.previous)).toEqual([undefined, first.end]);
    expect(readFileSync(path, 'utf8').split('\n')[1]).toBe('{"@timestamp":"2026-01-0');
  });

  it('on standard output names the stream before from a file of its own', async () => {
    const stateFile = join(folder, 'state.json');
    const sink = new HeldSink();
    const destination = { kind: 'stdout', stateFile } as const;
    const first = RecordWriter.open(options({ destination }), { signer, sink });
    seen(first, 0, 3);
    await first.close();
    const second = RecordWriter.open(options({ destination }), { signer, sink });
    seen(second, 0, 1);
    await second.close();
    expect(recordsOf(sink.text).at(-1)?.ftl.previous).toEqual(first.end);
    writeFileSync(stateFile, 'nonsense');
    const third = RecordWriter.open(options({ destination }), { signer, sink });
    seen(third, 0, 1);
    await third.close();
    expect(recordsOf(sink.text).at(-1)?.ftl.previous).toBeUndefined();
  });
});

describe('a destination that does not take what is written', () => {
  it('makes nobody wait: what has no room is dropped, counted, and told of in one line', async () => {
    const sink = new HeldSink();
    const writer = RecordWriter.open(options({ maxWaiting: 1000 }), { signer, sink });
    sink.hold();
    seen(writer, 0, 100);
    const { dropped } = writer;
    expect(dropped).toBeGreaterThan(90);
    sink.release();
    expect(await writer.flush()).toBe(true);
    seen(writer, 100, 1);
    await writer.close();
    const records = recordsOf(sink.text);
    const kept = 100 - dropped;
    expect(records.map(({ ftl }) => [ftl.point, ftl.stage, ftl.dropped])).toEqual([
      ...Array.from({ length: kept }, () => ['tx.seen', undefined, undefined]),
      ['seal', 'dropped', dropped],
      ['tx.seen', undefined, undefined],
    ]);
    // The chain is whole; the numbers tell how many there would have been.
    expect(checkStream(records)).toEqual({
      broken: [],
      missing: Array.from({ length: dropped }, (_, index) => kept + index),
    });
  });

  it('loses nothing that had room, once it takes it again', async () => {
    const sink = new HeldSink();
    const writer = RecordWriter.open(options(), { signer, sink });
    sink.broken = true;
    seen(writer, 0, 50);
    expect(await writer.flush(1)).toBe(false);
    sink.broken = false;
    expect(await writer.flush()).toBe(true);
    await writer.close();
    expect(checkStream(recordsOf(sink.text))).toEqual(INTACT);
    expect(recordsOf(sink.text)).toHaveLength(50);
  });

  it('to the end does not keep the node from stopping', async () => {
    const sink = new HeldSink();
    const writer = RecordWriter.open(options({ closeTimeoutMs: 1 }), { signer, sink });
    sink.broken = true;
    seen(writer, 0, 5);
    await writer.close();
    await writer.close();
    seen(writer, 5, 1);
    expect(sink.text).toBe('');
    expect(writer.dropped).toBe(1);
  });
});

describe('seals', () => {
  it('sign the stream so far, and can be checked with the certificate that the first one carries', async () => {
    const writer = RecordWriter.open(options({ seal: { everyRecords: 10 } }), { signer });
    for (let from = 0; from < 40; from += 5) {
      seen(writer, from, 5);
      // Signatures come from other threads: time for them.
      await writer.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.close();
    const records = readRecords(path);
    expect(checkStream(records)).toEqual(INTACT);
    const seals = records.filter(({ ftl }) => ftl.point === 'seal');
    expect(seals.length).toBeGreaterThanOrEqual(2);
    const certificate = seals[0]?.ftl.seal?.certificate ?? '';
    for (const { ftl, record } of seals) {
      const { seq, chain, signature } = ftl.seal ?? { seq: -1, chain: '', signature: '' };
      expect(records.find((one) => one.ftl.seq === seq)?.ftl.chain).toBe(chain);
      const text = `ftl-seal\n${record['service.node.name']}\n${ftl.stream}\n${seq}\n${chain}\n`;
      expect(verify('sha256', Buffer.from(text), certificate, Buffer.from(signature, 'base64'))).toBe(true);
    }
    // The last seal is over all that was written.
    const last = records.at(-1)?.ftl;
    expect(last?.seal?.seq).toBe((last?.seq ?? 0) - 1);
  });

  it('are not signed over nothing but seals', async () => {
    const writer = RecordWriter.open(options({ seal: { everyRecords: 1 } }), { signer });
    await writer.close();
    expect(readRecords(path)).toEqual([]);
  });
});
