import { ByteQueue } from './byteQueue.ts';
import { BeatsProtocolError } from './protocolError.ts';

/** Version 2 is Beats'; version 1 that of Logstash's lumberjack output. */
export type LumberjackVersion = 1 | 2;

/**
 * What the peer sends. Frames of the lumberjack protocol, integers big-endian:
 *
 *     version 'W' count:u32                                    a window: so many events come, then an acknowledgement is awaited
 *     version 'J' sequence:u32 length:u32 JSON                 an event
 *     '1' 'D' sequence:u32 pairs:u32 (length:u32 bytes)*       an event as keys and values (version 1 alone)
 *     version 'C' length:u32 zlib(frames)                      frames of events, compressed
 *
 * and what it gets: `version 'A' sequence:u32`.
 */
export type Frame =
  | { readonly kind: 'window'; readonly version: LumberjackVersion; readonly count: number }
  | { readonly kind: 'json'; readonly version: LumberjackVersion; readonly sequence: number; readonly payload: Buffer }
  | {
      readonly kind: 'pairs';
      readonly version: LumberjackVersion;
      readonly sequence: number;
      readonly pairs: ReadonlyMap<string, string>;
    }
  /** A piece of a compressed frame, as it came; `last` ends it. */
  | { readonly kind: 'compressed'; readonly piece: Buffer; readonly last: boolean };

export interface FrameLimits {
  /** Events a window. */
  readonly maxWindow: number;
  /** Bytes an event. */
  readonly maxEventBytes: number;
  /** Bytes of a compressed frame as it travels. */
  readonly maxCompressedBytes: number;
}

const WINDOW = 0x57;
const JSON_EVENT = 0x4a;
const PAIRS_EVENT = 0x44;
const COMPRESSED = 0x43;
const ACK = 0x41;
const VERSION_1 = 0x31;
const VERSION_2 = 0x32;
const TLS_HANDSHAKE = 0x16;
const MAX_PAIRS = 4096;

/** Takes bytes as they come and gives frames. Holds no more than one event beyond what was pushed. */
export class FrameParser {
  readonly #limits: FrameLimits;
  readonly #inside: boolean;
  readonly #bytes = new ByteQueue();
  #compressedLeft = 0;
  /** Lengths of an event's fields as far as they are there, and where the next one stands. */
  #fields: { lengths: number[]; end: number } | null = null;
  #began = false;

  /** @param inside whether this reads what was in a compressed frame: events and nothing else */
  constructor(limits: FrameLimits, inside = false) {
    this.#limits = limits;
    this.#inside = inside;
  }

  push(chunk: Buffer): void {
    this.#bytes.push(chunk);
  }

  /** Bytes of a frame that is not whole yet. */
  get held(): number {
    return this.#bytes.length;
  }

  /** Whether the bytes so far end with a frame's end. */
  get atBoundary(): boolean {
    return this.#bytes.length === 0 && this.#compressedLeft === 0;
  }

  /**
   * The next frame; null until more bytes come. A payload is good until the next call.
   * @throws BeatsProtocolError `bad_frame`, `too_large`
   */
  next(): Frame | null {
    const bytes = this.#bytes;
    if (this.#compressedLeft > 0) return this.#piece();
    if (bytes.length === 0) return null;
    const version = this.#version(bytes.byte(0));
    if (bytes.length < 6) {
      // Six bytes are the shortest frame, but nonsense need not be awaited.
      if (bytes.length > 1) this.#checkKind(version, bytes.byte(1));
      return null;
    }
    const kind = bytes.byte(1);
    this.#checkKind(version, kind);
    this.#began = true;
    switch (kind) {
      case WINDOW:
        return this.#window(version);
      case COMPRESSED:
        return this.#compressed();
      case JSON_EVENT:
        return this.#json(version);
      default:
        return this.#pairs(version);
    }
  }

  #version(byte: number): LumberjackVersion {
    if (byte === VERSION_2) return 2;
    if (byte === VERSION_1) return 1;
    throw new BeatsProtocolError('bad_frame', this.#stranger(byte));
  }

  #checkKind(version: LumberjackVersion, kind: number): void {
    if (kind === JSON_EVENT || (kind === PAIRS_EVENT && version === 1)) return;
    if (!this.#inside && (kind === WINDOW || kind === COMPRESSED)) return;
    const where = this.#inside ? ' in a compressed frame' : '';
    const what = kind === ACK ? 'an acknowledgement' : `a frame of kind 0x${kind.toString(16).padStart(2, '0')}`;
    throw new BeatsProtocolError('bad_frame', `${what}${where} is none that a sender of events may send`);
  }

  #stranger(byte: number): string {
    if (!this.#began && !this.#inside) {
      if (byte === TLS_HANDSHAKE) return 'the peer speaks TLS, but this address is configured as plain text (tcp://)';
      if (byte >= 0x41 && byte <= 0x5a) return 'the peer speaks another protocol (HTTP?), not that of Beats';
    }
    return `a frame begins with 0x${byte.toString(16).padStart(2, '0')}, which is no version of the protocol`;
  }

  #window(version: LumberjackVersion): Frame {
    const count = this.#bytes.uint32(2);
    if (count > this.#limits.maxWindow) {
      throw new BeatsProtocolError(
        'too_large',
        `a window of ${count} events; at most ${this.#limits.maxWindow} are taken (bulk_max_size of the sender)`,
      );
    }
    this.#bytes.skip(6);
    return { kind: 'window', version, count };
  }

  #compressed(): Frame | null {
    const length = this.#bytes.uint32(2);
    if (length > this.#limits.maxCompressedBytes) {
      throw new BeatsProtocolError(
        'too_large',
        `a compressed frame of ${length} bytes; at most ${this.#limits.maxCompressedBytes} are taken`,
      );
    }
    if (length === 0) throw new BeatsProtocolError('bad_compression', 'a compressed frame without content');
    this.#bytes.skip(6);
    this.#compressedLeft = length;
    return this.#piece();
  }

  #piece(): Frame | null {
    if (this.#bytes.length === 0) return null;
    const piece = this.#bytes.readSome(this.#compressedLeft);
    this.#compressedLeft -= piece.length;
    return { kind: 'compressed', piece, last: this.#compressedLeft === 0 };
  }

  #json(version: LumberjackVersion): Frame | null {
    const bytes = this.#bytes;
    if (bytes.length < 10) return null;
    const length = bytes.uint32(6);
    this.#checkEvent(length);
    if (bytes.length < 10 + length) return null;
    const sequence = bytes.uint32(2);
    bytes.skip(10);
    return { kind: 'json', version, sequence, payload: bytes.read(length) };
  }

  #pairs(version: LumberjackVersion): Frame | null {
    const bytes = this.#bytes;
    if (bytes.length < 10) return null;
    const count = bytes.uint32(6);
    if (count > MAX_PAIRS) throw new BeatsProtocolError('too_large', `an event of ${count} fields`);
    // How long the frame is shows only from its fields' lengths, one after the other.
    const fields = (this.#fields ??= { lengths: [], end: 10 });
    const { lengths } = fields;
    while (lengths.length < count * 2) {
      if (bytes.length < fields.end + 4) return null;
      const length = bytes.uint32(fields.end);
      fields.end += 4 + length;
      this.#checkEvent(fields.end);
      lengths.push(length);
    }
    if (bytes.length < fields.end) return null;
    this.#fields = null;
    const sequence = bytes.uint32(2);
    bytes.skip(10);
    const texts = lengths.map((length) => {
      bytes.skip(4);
      return bytes.read(length).toString('utf8');
    });
    const pairs = new Map<string, string>();
    for (let index = 0; index < texts.length; index += 2) pairs.set(texts[index]!, texts[index + 1]!);
    return { kind: 'pairs', version, sequence, pairs };
  }

  #checkEvent(length: number): void {
    if (length <= this.#limits.maxEventBytes) return;
    throw new BeatsProtocolError(
      'too_large',
      `an event of ${length} bytes; at most ${this.#limits.maxEventBytes} are taken (max_bytes of the sender's input)`,
    );
  }
}

export function ackFrame(version: LumberjackVersion, sequence: number): Buffer {
  const frame = Buffer.allocUnsafe(6);
  frame[0] = version === 1 ? VERSION_1 : VERSION_2;
  frame[1] = ACK;
  frame.writeUInt32BE(sequence, 2);
  return frame;
}
