import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { deflateSync } from 'node:zlib';

export interface LumberjackTarget {
  readonly host?: string;
  readonly port: number;
  /** Absent: plain text. */
  readonly tls?: ConnectionOptions;
}

/** What a sender of events (Filebeat's output.logstash) puts on the wire, to the byte as the protocol's pages say. */
export const lumberjack = {
  window: (count: number, version: '1' | '2' = '2') => Buffer.concat([Buffer.from(`${version}W`), uint32(count)]),
  json(event: object | string, sequence: number, version: '1' | '2' = '2'): Buffer {
    const payload = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
    return Buffer.concat([Buffer.from(`${version}J`), uint32(sequence), uint32(payload.length), payload]);
  },
  pairs(pairs: Readonly<Record<string, string>>, sequence: number): Buffer {
    const entries = Object.entries(pairs);
    const texts = entries.flat().map((text) => Buffer.from(text));
    return Buffer.concat([
      Buffer.from('1D'),
      uint32(sequence),
      uint32(entries.length),
      ...texts.flatMap((text) => [uint32(text.length), text]),
    ]);
  },
  compressed(frames: Buffer, version: '1' | '2' = '2'): Buffer {
    const payload = deflateSync(frames);
    return Buffer.concat([Buffer.from(`${version}C`), uint32(payload.length), payload]);
  },
  /** A whole window with its events, numbered from 1. */
  batch(events: readonly (object | string)[], options: { readonly compress?: boolean } = {}): Buffer {
    const frames = Buffer.concat(events.map((event, index) => lumberjack.json(event, index + 1)));
    return Buffer.concat([
      lumberjack.window(events.length),
      options.compress === true ? lumberjack.compressed(frames) : frames,
    ]);
  },
};

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An event as Filebeat 7 ships a line. */
export function filebeatEvent(line: {
  readonly message: string;
  readonly offset: number;
  readonly path: string;
  readonly host?: string;
}): object {
  return {
    '@timestamp': '2026-01-01T00:00:00.000Z',
    '@metadata': { beat: 'filebeat', type: '_doc', version: '7.17.29' },
    message: line.message,
    log: { offset: line.offset, file: { path: line.path } },
    input: { type: 'log' },
    ecs: { version: '1.12.0' },
    host: { name: line.host ?? 'host1' },
    agent: { name: line.host ?? 'host1', type: 'filebeat', version: '7.17.29', hostname: line.host ?? 'host1' },
  };
}

/** The events of a file's lines, as a Filebeat that reads it from its beginning makes them. */
export function filebeatEvents(content: Buffer, path: string, host?: string): object[] {
  const events: object[] = [];
  for (let offset = 0; offset < content.length; ) {
    const end = content.indexOf(10, offset);
    if (end < 0) break;
    const message = content.toString('utf8', offset, end);
    // Filebeat leaves empty lines out.
    if (message !== '') events.push(filebeatEvent({ message, offset, path, ...(host === undefined ? {} : { host }) }));
    offset = end + 1;
  }
  return events;
}

/** One connection of a sender. Bytes go out as they are given; acknowledgements are kept in the order in which they came. */
export class LumberjackClient {
  readonly acks: number[] = [];
  /** Whether the other side has ended or cut the connection. */
  closed = false;
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #versions = '';
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
      resolve();
    });
  }

  /** Rejects if nobody listens or, with TLS, if the handshake fails. */
  static async connect(target: LumberjackTarget): Promise<LumberjackClient> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const at = { host: target.host ?? '127.0.0.1', port: target.port };
    const socket =
      target.tls === undefined ? connect(at, () => resolve()) : connectTls({ ...at, ...target.tls }, () => resolve());
    socket.setNoDelay(true);
    socket.once('error', reject);
    await promise;
    socket.off('error', reject);
    return new LumberjackClient(socket);
  }

  /** Versions of the acknowledgements, one character each. */
  get versions(): string {
    return this.#versions;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Resolves when the bytes have left, which a peer that does not read delays. */
  async flush(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
  }

  /** Says that no more will be written. */
  end(): void {
    this.#socket.end();
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** Resolves when the acknowledgements fit; rejects if the connection ends before. */
  async until(fits: (acks: readonly number[]) => boolean): Promise<void> {
    while (!fits(this.acks)) {
      if (this.closed) throw new Error(`the connection ended after the acknowledgements ${this.acks.join(', ')}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a window and waits until all of it is acknowledged, as Filebeat does without pipelining. */
  async send(events: readonly (object | string)[], options: { readonly compress?: boolean } = {}): Promise<void> {
    const before = this.acks.length;
    this.write(lumberjack.batch(events, options));
    await this.until((acks) => acks.slice(before).includes(events.length));
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 6) {
      if (this.#bytes[1] !== 0x41) throw new Error(`not an acknowledgement: ${this.#bytes.toString('hex')}`);
      this.#versions += String.fromCharCode(this.#bytes[0]!);
      this.acks.push(this.#bytes.readUInt32BE(2));
      this.#bytes = this.#bytes.subarray(6);
    }
    this.#wake();
  }
}
