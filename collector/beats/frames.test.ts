import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lumberjack } from '#test/harness/lumberjackClient.ts';
import { ackFrame, type Frame, FrameParser } from './frames.ts';
import { BeatsProtocolError } from './protocolError.ts';

const LIMITS = { maxWindow: 1000, maxEventBytes: 100_000, maxCompressedBytes: 1_000_000 };

/** Frames as plain data: a payload is good until the next frame only. */
function plain(frame: Frame): unknown {
  switch (frame.kind) {
    case 'json':
      return { ...frame, payload: frame.payload.toString('hex') };
    case 'pairs':
      return { ...frame, pairs: [...frame.pairs] };
    case 'compressed':
      return { ...frame, piece: frame.piece.toString('hex') };
    default:
      return frame;
  }
}

/** Pieces of one compressed frame joined: where they are cut hangs on how the bytes came. */
function joined(frames: readonly unknown[]): unknown[] {
  const all: unknown[] = [];
  let open: { kind: 'compressed'; piece: string; last: boolean } | null = null;
  for (const frame of frames as { kind: string; piece: string; last: boolean }[]) {
    if (frame.kind !== 'compressed') {
      all.push(frame);
      continue;
    }
    open ??= { kind: 'compressed', piece: '', last: false };
    open.piece += frame.piece;
    open.last = frame.last;
    if (!frame.last) continue;
    all.push(open);
    open = null;
  }
  if (open !== null) all.push(open);
  return all;
}

function parse(chunks: readonly Buffer[], inside = false): unknown[] {
  const parser = new FrameParser(LIMITS, inside);
  const frames: unknown[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    for (let frame = parser.next(); frame !== null; frame = parser.next()) frames.push(plain(frame));
  }
  return joined(frames);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BeatsProtocolError) return error.code;
    throw error;
  }
  return 'none';
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index] ?? bytes.length));
}

/** What becomes of bytes that need not be frames. */
function outcome(chunks: readonly Buffer[]): { code: string; frames: unknown[] } {
  const parser = new FrameParser(LIMITS);
  const frames: unknown[] = [];
  const code = codeOf(() => {
    for (const chunk of chunks) {
      parser.push(chunk);
      for (let one = parser.next(); one !== null; one = parser.next()) frames.push(plain(one));
    }
  });
  return { code, frames: joined(frames) };
}

const EVENT = { message: 'ein Gruß', log: { offset: 17 } };
const EVERYTHING = Buffer.concat([
  lumberjack.window(3),
  lumberjack.json(EVENT, 1),
  lumberjack.json('', 2),
  lumberjack.compressed(lumberjack.json(EVENT, 3)),
  lumberjack.window(2, '1'),
  lumberjack.pairs({ line: 'a\nb', offset: '7', '': '' }, 41),
  lumberjack.json(EVENT, 42, '1'),
]);

describe('FrameParser', () => {
  it('reads every kind of frame of both versions', () => {
    expect(parse([EVERYTHING])).toEqual([
      { kind: 'window', version: 2, count: 3 },
      { kind: 'json', version: 2, sequence: 1, payload: Buffer.from(JSON.stringify(EVENT)).toString('hex') },
      { kind: 'json', version: 2, sequence: 2, payload: '' },
      {
        kind: 'compressed',
        piece: lumberjack.compressed(lumberjack.json(EVENT, 3)).subarray(6).toString('hex'),
        last: true,
      },
      { kind: 'window', version: 1, count: 2 },
      {
        kind: 'pairs',
        version: 1,
        sequence: 41,
        pairs: [
          ['line', 'a\nb'],
          ['offset', '7'],
          ['', ''],
        ],
      },
      { kind: 'json', version: 1, sequence: 42, payload: Buffer.from(JSON.stringify(EVENT)).toString('hex') },
    ]);
  });

  it('reads the same wherever the bytes are cut in two', () => {
    const whole = parse([EVERYTHING]);
    for (let at = 0; at <= EVERYTHING.length; at++) {
      expect(parse([EVERYTHING.subarray(0, at), EVERYTHING.subarray(at)]), `cut at ${at}`).toEqual(whole);
    }
  });

  it('reads the same from single bytes', () => {
    expect(parse(Array.from(EVERYTHING, (byte) => Buffer.of(byte)))).toEqual(parse([EVERYTHING]));
  });

  it('reads any frames, cut anywhere', () => {
    const frame = fc.oneof(
      fc.nat(1000).map((count) => lumberjack.window(count)),
      fc.tuple(fc.string({ maxLength: 300 }), fc.nat()).map(([text, sequence]) => lumberjack.json(text, sequence)),
      fc
        .dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 60 }), { maxKeys: 9 })
        .map((pairs) => lumberjack.pairs(pairs, 1)),
      fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => lumberjack.compressed(Buffer.from(bytes))),
    );
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 12 }), fc.array(fc.nat(10_000)), (frames, places) => {
        const bytes = Buffer.concat(frames);
        expect(parse(cut(bytes, places))).toEqual(frames.flatMap((one) => parse([one])));
      }),
    );
  });

  it('answers any bytes with frames or a protocol error, and with the same however they are cut', () => {
    const header = fc.constantFrom('2W', '2J', '2C', '1D', '1W', '2A', '3W', '').map((text) => Buffer.from(text));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(300)), (start, rest, places) => {
        const bytes = Buffer.concat([start, Buffer.from(rest)]);
        expect(outcome(cut(bytes, places))).toEqual(outcome([bytes]));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a window beyond the limit', lumberjack.window(1001), 'too_large'],
    [
      'an event beyond the limit, by its length alone',
      Buffer.from('2J\0\0\0\x01\x7f\xff\xff\xff', 'latin1'),
      'too_large',
    ],
    ['a compressed frame beyond the limit', Buffer.from('2C\x7f\xff\xff\xff', 'latin1'), 'too_large'],
    ['an event of too many fields', Buffer.from('1D\0\0\0\x01\x7f\xff\xff\xff', 'latin1'), 'too_large'],
    ['a field beyond the limit', Buffer.from('1D\0\0\0\x01\0\0\0\x01\x7f\xff\xff\xff', 'latin1'), 'too_large'],
    ['a compressed frame without content', Buffer.from('2C\0\0\0\0'), 'bad_compression'],
    ['an acknowledgement', ackFrame(2, 1), 'bad_frame'],
    ['pairs in version 2', Buffer.from('2D'), 'bad_frame'],
    ['another version', Buffer.from('3W\0\0\0\x01'), 'bad_frame'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => parse([bytes]))).toBe(code);
  });

  it('tells a peer that speaks TLS or HTTP from one that is broken', () => {
    expect(() => parse([Buffer.of(0x16, 3, 1)])).toThrow(/speaks TLS/);
    expect(() => parse([Buffer.from('GET / HTTP/1.1')])).toThrow(/another protocol/);
    expect(() => parse([lumberjack.window(1), Buffer.from('GET / HTTP/1.1')])).toThrow(/0x47/);
  });

  it('takes events alone out of a compressed frame', () => {
    expect(parse([lumberjack.json(EVENT, 1)], true)).toHaveLength(1);
    expect(codeOf(() => parse([lumberjack.window(1)], true))).toBe('bad_frame');
    expect(codeOf(() => parse([lumberjack.compressed(Buffer.from('x'))], true))).toBe('bad_frame');
  });
});
