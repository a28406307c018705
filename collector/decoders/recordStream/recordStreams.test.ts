import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordWriter, type RecordWriterOptions } from '#node/tracing/recordWriter.ts';
import type { LineSink } from '#node/tracing/lineSink.ts';
import { makeOrganization } from '#test/harness/signedChannel.ts';
import type { TraceRecord } from '#trace/record.ts';
import { createStreamDecoder } from '../registry.ts';

const signer = makeOrganization('Org1MSP', 'peer').node;
const other = makeOrganization('Org2MSP', 'peer').node;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-streams-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function written(count: number, more: Partial<RecordWriterOptions> = {}, who = signer): Promise<string[]> {
  const path = join(folder, 'records.ndjson');
  const writer = RecordWriter.open(
    { serviceType: 'fabric-peer', destination: { kind: 'file', path }, ...more },
    { signer: who },
  );
  for (let index = 0; index < count; index++) {
    writer.write({ point: 'tx.seen', channel: 'mychannel', tx_id: `tx${index} é` });
    // Seals are made beside the records.
    if (more.seal !== undefined && index % 5 === 4) await writer.flush();
  }
  await writer.close();
  return linesOf(path);
}

const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');

/** What is told of lines, as `stage from-to fault`. `null` among them: another file begins. */
function found(lines: readonly (string | null)[], decoder = decoderOf()): string[] {
  return lines.flatMap((line) => {
    if (line === null) {
      decoder.newFile?.();
      return [];
    }
    return told(decoder.line(line).records);
  });
}

function told(records: readonly TraceRecord[]): string[] {
  return records.flatMap(({ ftl: { point, stage, check } }) =>
    point !== 'stream.check' || check === undefined
      ? []
      : [
          `${stage} ${check.from}-${check.to}${check.fault === undefined ? '' : ` ${check.fault}`}${check.told === true ? ' told' : ''}`,
        ],
  );
}

const decoderOf = (snapshot?: unknown) => createStreamDecoder('auto', { fallbackName: 'node' }, snapshot);
const sealed = () => written(30, { seal: { everyRecords: 5 } });
const isSeal = (line: string) => line.includes('"point":"seal"');

function checks(lines: readonly string[]): TraceRecord[] {
  const decoder = decoderOf();
  return lines.flatMap((line) => decoder.line(line).records).filter(({ ftl }) => ftl.point === 'stream.check');
}

const altered = (line: string) => line.replace('mychannel', 'yourchannel');

describe('a stream that is as its node wrote it', () => {
  it('gives no finding, with seals and without', async () => {
    expect(found(await written(50))).toEqual([]);
    expect(found(await written(50, { seal: { everyRecords: 7 } }))).toEqual([]);
  });

  it('gives none from start to start, and where the collector begins in the middle', async () => {
    await written(10);
    await written(10);
    const lines = await written(10);
    expect(lines.length).toBe(30);
    expect(found(lines)).toEqual([]);
    for (const from of [1, 9, 10, 15, 29]) expect(found(lines.slice(from))).toEqual([]);
  });

  it('gives none when the collector is started anew after any line', async () => {
    await written(12, { seal: { everyRecords: 5 } });
    const lines = await written(12, { seal: { everyRecords: 5 } });
    for (let cut = 0; cut <= lines.length; cut++) {
      const first = decoderOf();
      const snapshot: unknown = JSON.parse(JSON.stringify((found(lines.slice(0, cut), first), first.snapshot())));
      expect(found(lines.slice(cut), decoderOf(snapshot))).toEqual([]);
    }
  });

  it('gives none when lines come twice', async () => {
    const lines = await written(40);
    expect(found([...lines, null, ...lines])).toEqual(['read 0-39']);
    expect(found([...lines.slice(0, 30), null, ...lines])).toEqual(['read 0-29']);
    // A forwarder that repeats itself within a file.
    expect(found([...lines.slice(0, 30), ...lines.slice(10, 30), ...lines.slice(20)])).toEqual([]);
    expect(found(lines.flatMap((line) => [line, line]))).toEqual([]);
    expect(found([...lines, ...lines])).toEqual([]);
  });

  it('gives none when its node was killed in the middle of a line', async () => {
    const path = join(folder, 'records.ndjson');
    await written(10);
    const [torn = ''] = await written(1);
    appendFileSync(path, torn.slice(0, 100));
    const lines = await written(10);
    expect(found(lines)).toEqual([]);
  });

  it('tells at the end what could be read', async () => {
    const lines = await written(10);
    const decoder = decoderOf();
    expect(found(lines, decoder)).toEqual([]);
    expect(told(decoder.flush().records)).toEqual(['read 0-9']);
  });

  it('may be several nodes side by side', async () => {
    const one = await written(20);
    rmSync(join(folder, 'records.ndjson'));
    const two = await written(20, {}, other);
    expect(found(one.flatMap((line, index) => [line, two[index] as string]))).toEqual([]);
  });
});

describe('a line that was altered', () => {
  it('is found, whichever it is', async () => {
    const lines = await written(20);
    for (const at of [0, 1, 7, 19]) {
      expect(found(lines.with(at, altered(lines[at] as string)))).toEqual([`altered ${at}-${at} hash`]);
    }
  });

  it('is found when it was only written in another way', async () => {
    const lines = await written(20);
    const rewritten = `${lines[7]} `;
    expect(found(lines.with(7, rewritten))).toEqual(['altered 7-7 hash', 'altered 8-8 hash']);
  });

  it('is told of once with those beside it', async () => {
    const lines = await written(2500);
    expect(found([...lines.slice(0, 10), ...lines.slice(10, 2400).map(altered), ...lines.slice(2400)])).toEqual([
      'altered 10-10 hash',
      'altered 11-1011 hash',
      'altered 1012-1012 hash',
      'altered 1013-2013 hash',
      'altered 2014-2014 hash',
      'altered 2015-2399 hash',
    ]);
  });

  it('gives the same record whoever sees it', async () => {
    const lines = await written(20);
    const broken = lines.with(7, altered(lines[7] as string));
    expect(checks(broken)).toEqual(checks(broken.slice(3)));
  });
});

describe('lines that were moved or put in', () => {
  it('are found', async () => {
    const lines = await written(20);
    const swapped = lines.with(7, lines[8] as string).with(8, lines[7] as string);
    expect(found(swapped)).toEqual(['missing 7-7', 'altered 7-7 order', 'read 7-7']);
    const forged = altered(lines[7] as string);
    expect(found(lines.toSpliced(8, 0, forged))).toEqual(['altered 7-7 inserted']);
    expect(found(lines.toSpliced(15, 0, forged))).toEqual(['altered 7-7 inserted']);
    expect(found(lines.toSpliced(0, 0, forged))).toEqual(['altered 0-0 order']);
  });

  it('are found without a number too', async () => {
    const lines = await written(20);
    const { ftl, ...rest } = JSON.parse(lines[5] as string) as TraceRecord;
    const plain = JSON.stringify({ ...rest, ftl: { version: 1, point: 'tx.seen', tx_id: ftl.tx_id } });
    expect(found(lines.toSpliced(10, 0, plain, plain))).toEqual(['altered 9-9 inserted']);
  });

  it("cannot speak in the collector's place", async () => {
    const lines = await written(4);
    const decoder = decoderOf();
    found(lines.toSpliced(1, 2), decoder);
    const claim = JSON.stringify({
      '@timestamp': '2026-11-21T00:00:00Z',
      'service.node.name': 'peer0',
      ftl: { version: 1, point: 'stream.check', stage: 'read', check: {} },
    });
    expect(decoder.line(claim).dead?.code).toBe('bad_record');
  });
});

describe('lines that are missing', () => {
  it('are counted, with the times between which they were written', async () => {
    const lines = await written(20);
    const seen = checks(lines.toSpliced(5, 3));
    const time = (at: number) => (JSON.parse(lines[at] as string) as TraceRecord)['@timestamp'];
    expect(seen.map(({ ftl }) => ftl.check)).toEqual([
      expect.objectContaining({ from: 5, to: 7, since: time(4), until: time(8) }),
    ]);
    expect(seen[0]?.['service.node.name']).toBe('peer0.Org1MSP');
  });

  it('are found across a restart of the collector', async () => {
    const lines = await written(20);
    const before = decoderOf();
    found(lines.slice(0, 5), before);
    expect(found(lines.slice(8), decoderOf(before.snapshot()))).toEqual(['missing 5-7']);
  });

  it('are found at the end of a stream and at its beginning, if the node was followed', async () => {
    await written(10);
    const lines = await written(10);
    expect(found(lines.toSpliced(7, 3))).toEqual(['missing 7-9']);
    expect(found(lines.toSpliced(10, 2))).toEqual(['missing 0-1']);
    expect(found(lines.toSpliced(7, 6))).toEqual(['missing 0-2']);
  });

  it('are found where the whole of a start is gone', async () => {
    await written(10);
    await written(10);
    const lines = await written(10);
    expect(found(lines.toSpliced(10, 10))).toEqual(['missing 0-9']);
  });

  it('are missing no more when they come late, in another file', async () => {
    const lines = await written(40);
    expect(found([...lines.slice(0, 10), null, ...lines.slice(20), null, ...lines.slice(10, 20), null])).toEqual([
      'read 0-9',
      'missing 10-19',
      'read 20-39',
    ]);
    const decoder = decoderOf();
    found([...lines.slice(0, 10), null, ...lines.slice(20), null, ...lines.slice(10, 15)], decoder);
    expect(told(decoder.flush().records)).toEqual(['read 10-14']);
  });

  it('are told of as dropped where the node had no room', async () => {
    let text = '';
    const sink: LineSink = {
      beginBatch() {},
      async write(bytes) {
        await held;
        text += Buffer.from(bytes).toString();
        return bytes.length;
      },
      writeSync: () => 0,
      async close() {},
    };
    const { promise: held, resolve } = Promise.withResolvers<void>();
    const writer = RecordWriter.open(
      { serviceType: 'fabric-peer', destination: { kind: 'stdout' }, maxWaiting: 4000 },
      { signer, sink },
    );
    for (let index = 0; index < 100; index++) writer.write({ point: 'tx.seen', tx_id: `tx${index}` });
    const { dropped } = writer;
    expect(dropped).toBeGreaterThan(0);
    resolve();
    await writer.flush();
    writer.write({ point: 'tx.seen', tx_id: 'last' });
    await writer.close();
    const kept = 100 - dropped;
    expect(found(text.trimEnd().split('\n'))).toEqual([`missing ${kept}-99 told`]);
  });
});

describe('a seal', () => {
  it('that does not hold is found', async () => {
    const lines = await sealed();
    const at = lines.findLastIndex(isSeal);
    expect(at).toBeGreaterThan(10);
    const line = lines[at] as string;
    const forged = line.replace(
      /"signature":"(.{20})(.)/,
      (_, head: string, last: string) => `"signature":"${head}${last === 'A' ? 'B' : 'A'}`,
    );
    expect(found(lines.with(at, forged))).toEqual([`altered ${at}-${at} hash`, `altered ${at}-${at} seal`]);
  });

  it('shows a stream whose hashes were made anew', async () => {
    const lines = await sealed();
    // Whoever can write the files makes the chain fit, but cannot sign it.
    const { RecordChain } = await import('#node/tracing/recordChain.ts');
    const { 'service.node.name': node, ftl } = JSON.parse(lines[0] as string) as TraceRecord;
    const chain = new RecordChain(node as string, ftl['stream'] as string);
    const forged = lines.map((line, index) => {
      const body = (index === 2 ? altered(line) : line).replace(
        /,"stream":"[^"]*","seq":\d+,"chain":"[^"]*"}}$/,
        '}}\n',
      );
      return chain.add(body).trimEnd();
    });
    const seen = found(forged);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen.map((check) => check.split(' ')[2]))).toEqual(new Set(['seal']));
  });

  it("of another node's certificate does not count", async () => {
    const lines = await sealed();
    rmSync(join(folder, 'records.ndjson'));
    const foreign = (await written(30, { seal: { everyRecords: 5 } }, other)).find(isSeal) as string;
    const at = lines.findIndex(isSeal);
    const { seal } = (JSON.parse(foreign) as { ftl: { seal: object } }).ftl;
    const put = (lines[at] as string).replace(/"seal":\{[^}]*\}/, `"seal":${JSON.stringify(seal)}`);
    expect(found(lines.with(at, put))).toContain(`altered ${at}-${at} seal`);
  });
});

describe('a switch', () => {
  it('turns it off', async () => {
    const lines = await written(20);
    const decoder = createStreamDecoder('auto', { fallbackName: 'node', checkRecords: false });
    expect(found(lines.toSpliced(3, 2), decoder)).toEqual([]);
  });
});
