import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { DeadLetters } from '../pipeline/deadLetters.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { BeatsOptions } from './beatsOptions.ts';
import type { BeatsStream } from './beatsStream.ts';
import type { BeatsStreams } from './beatsStreams.ts';
import type { Complaints } from './complaints.ts';
import { BoundedInflate } from './boundedInflate.ts';
import { type Frame, FrameParser, type LumberjackVersion } from './frames.ts';
import type { BeatsMetrics } from './metrics.ts';
import type { Peer, Progress } from './peer.ts';
import { BeatsProtocolError } from './protocolError.ts';
import { readEvent, readPairs } from './shippedLine.ts';
import { Window } from './window.ts';

/** Bytes of events that are not whole yet, on all connections together. */
export interface HeldBytes {
  bytes: number;
}

export interface BeatsConnectionModules {
  readonly pipeline: RecordPipeline;
  readonly deadLetters: DeadLetters;
  readonly streams: BeatsStreams;
  readonly metrics: BeatsMetrics;
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly held: HeldBytes;
  /** The connections from the same address, this one included. */
  readonly peer: Peer;
  readonly onClosed: () => void;
}

/** Windows of one connection that may wait for the store before the next are read. */
const MAX_WAITING_WINDOWS = 64;
const LEAVE_MS = 1000;
/** Whoever holds no more than this of an event is not disconnected because others hold too much. */
const SHORT_EVENT = 1024 * 1024;
/** For so long after it was made, a connection is taken for one of several that its sender is just making. */
const YOUNG_MS = 1000;

/**
 * One sender's connection:
 *
 *   bytes → frames (frames.ts, boundedInflate.ts) → events (shippedLine.ts) → streams (beatsStream.ts) → pipeline
 *   window whole and stored → acknowledgement
 *
 * Nothing is read while the pipeline is full, so a slow store holds the sender back by TCP itself; meanwhile it gets a sign of life
 * now and then. What is wrong with its bytes ends this connection alone: what was not acknowledged, the sender sends again.
 */
export class BeatsConnection implements Progress {
  /** Address and port of the sender. */
  readonly name: string;
  windows = 0;
  rests = 0;
  readonly #address: string;
  readonly #socket: Socket;
  readonly #options: BeatsOptions;
  readonly #modules: BeatsConnectionModules;
  readonly #parser: FrameParser;
  readonly #openedAt = performance.now();
  readonly #touched = new Set<BeatsStream>();
  readonly #ticker: NodeJS.Timeout;
  readonly #acks: Acknowledgements;
  /** The one that is being received. */
  #window: Window | null = null;
  #inflate: { readonly engine: BoundedInflate; readonly parser: FrameParser } | null = null;
  #work: Promise<void> = Promise.resolve();
  #working = false;
  #blocked = false;
  #stopping = false;
  #closed = false;
  #readAt = performance.now();
  /** Bytes of an event that is not whole yet. */
  #held = 0;

  constructor(socket: Socket, options: BeatsOptions, modules: BeatsConnectionModules) {
    this.#socket = socket;
    this.#options = options;
    this.#modules = modules;
    this.#parser = new FrameParser(options);
    this.#acks = new Acknowledgements({
      send: (bytes) => {
        if (!this.#closed) socket.write(bytes);
      },
      written: () => modules.pipeline.written(),
      metrics: modules.metrics,
    });
    this.#address = socket.remoteAddress ?? 'unknown';
    this.name = `${this.#address}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.on('end', () => void this.#end());
    socket.on('error', (error) => modules.logger.debug({ err: error, peer: this.name }, 'a sender is gone'));
    socket.on('close', () => this.#close());
    this.#ticker = setInterval(() => this.#tick(), options.keepAliveMs);
  }

  /** Events received and not acknowledged. */
  get waiting(): number {
    let events = this.#window?.received ?? 0;
    for (const window of this.#acks.windows) events += window.received;
    return events;
  }

  get isResting(): boolean {
    return this.#blocked || (!this.#working && this.#window === null);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Reads no more, acknowledges what was read as soon as it is stored, and takes leave. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#socket.pause();
    await this.#work;
    this.#modules.streams.releaseAll();
    await this.#acks.all;
    if (this.#window !== null) await this.#acks.closeOff(this.#window);
    await this.#leave();
  }

  // ---- reading

  #data(chunk: Buffer): void {
    this.#readAt = performance.now();
    this.#modules.metrics.bytes.inc(chunk.length);
    this.#socket.pause();
    this.#work = this.#process(chunk);
  }

  /** Never rejects. */
  async #process(chunk: Buffer): Promise<void> {
    this.#working = true;
    try {
      await this.#take(chunk);
    } catch (error) {
      this.#fail(error);
    }
    this.#working = false;
    if (this.#window === null) this.rests++;
    if (!this.#stopping && !this.#closed) this.#socket.resume();
  }

  async #take(chunk: Buffer): Promise<void> {
    this.#parser.push(chunk);
    for (let frame = this.#parser.next(); frame !== null && !this.#closed; frame = this.#parser.next()) {
      if (frame.kind === 'compressed') {
        await this.#compressed(frame.piece, frame.last);
      } else {
        const busy = this.#frame(frame);
        if (busy !== undefined) await busy;
      }
    }
    this.#checkHeld();
    await this.#rest();
  }

  async #compressed(piece: Buffer, last: boolean): Promise<void> {
    const inflate = (this.#inflate ??= {
      engine: new BoundedInflate(this.#options.maxInflatedBytes),
      parser: new FrameParser(this.#options, true),
    });
    const { engine, parser } = inflate;
    for await (const chunk of engine.take(piece, last)) {
      parser.push(chunk);
      for (let frame = parser.next(); frame !== null && !this.#closed; frame = parser.next()) {
        const busy = this.#frame(frame);
        if (busy !== undefined) await busy;
      }
      this.#checkHeld();
      await this.#rest();
      if (this.#closed) return;
    }
    if (!last) return;
    if (!parser.atBoundary)
      throw new BeatsProtocolError('bad_frame', 'a compressed frame ends in the middle of an event');
    engine.close();
    this.#inflate = null;
  }

  /** A promise only where something must be waited for. */
  #frame(frame: Frame): Promise<void> | undefined {
    if (frame.kind === 'window') return this.#openWindow(frame.version, frame.count);
    if (frame.kind === 'compressed') return undefined;
    const window = this.#window;
    if (window === null) throw new BeatsProtocolError('bad_window', 'an event that no window has announced');
    if (frame.version !== window.version)
      throw new BeatsProtocolError('bad_frame', 'two versions of the protocol at once');
    window.received++;
    window.sequence = frame.sequence;
    this.#modules.metrics.events.inc();
    let event: ReturnType<typeof readEvent>;
    let text = '';
    if (frame.kind === 'json') {
      window.bytes += frame.payload.length;
      text = frame.payload.toString('utf8');
      event = readEvent(text);
    } else {
      event = readPairs(frame.pairs);
    }
    if ('dead' in event) {
      if (text === '' && frame.kind === 'pairs') text = JSON.stringify(Object.fromEntries(frame.pairs));
      const { code, reason } = event.dead;
      this.#modules.deadLetters.add({ origin: { file: this.name }, code, reason, line: text });
      this.#received(window);
      return undefined;
    }
    const stream = this.#modules.streams.of(event);
    const line = event;
    const pass = (open: BeatsStream) => {
      this.#touched.add(open);
      open.take({ line, window, peer: this.#modules.peer }, this.#mayHaveSiblings());
      this.#received(window);
    };
    if (stream instanceof Promise) return stream.then(pass);
    pass(stream);
    return undefined;
  }

  #openWindow(version: LumberjackVersion, count: number): undefined {
    if (!this.#options.versions.includes(version)) {
      throw new BeatsProtocolError(
        'unwanted_version',
        version === 1
          ? "the sender speaks version 1 of the lumberjack protocol (logstash-forwarder, Logstash's lumberjack output), which is not switched on (beatsVersions)"
          : 'the sender speaks version 2 of the lumberjack protocol, which is switched off (beatsVersions)',
      );
    }
    if (this.#window !== null) {
      const { received, count: announced } = this.#window;
      throw new BeatsProtocolError('bad_window', `a window begins when ${received} of ${announced} events have come`);
    }
    if (count > 0) this.#window = new Window(version, count);
    return undefined;
  }

  /** Lines before those that come here may be on their way on another connection. */
  #mayHaveSiblings(): boolean {
    return this.#modules.peer.size > 1 || performance.now() - this.#openedAt < YOUNG_MS;
  }

  #received(window: Window): void {
    if (!window.isReceived) return;
    this.#window = null;
    this.windows++;
    window.settle();
    this.#acks.owe(window);
  }

  /** However many senders begin long events at once, what they have begun is bounded. */
  #checkHeld(): void {
    const { held } = this.#modules;
    const now = this.#closed ? 0 : this.#parser.held + (this.#inflate?.parser.held ?? 0);
    held.bytes += now - this.#held;
    this.#held = now;
    if (now <= SHORT_EVENT || held.bytes <= this.#options.maxHeldBytes) return;
    throw new BeatsProtocolError(
      'too_large',
      `too many senders are in the middle of long events (${held.bytes} bytes)`,
    );
  }

  /** Between two pieces of work: until the store can take more. */
  async #rest(): Promise<void> {
    for (const stream of this.#touched) stream.count();
    this.#touched.clear();
    await this.#modules.pipeline.room();
    // What waits may wait for lines of another connection, which must not wait for this one in turn.
    this.#blocked = true;
    while (!this.#closed && this.#isFull()) await this.#acks.all;
    this.#blocked = false;
  }

  #isFull(): boolean {
    const { windows } = this.#acks;
    if (windows.length > MAX_WAITING_WINDOWS) return true;
    return windows.reduce((bytes, window) => bytes + window.bytes, 0) > this.#options.maxWaitingBytes;
  }

  /** Signs of life to a sender that waits; an end to a connection on which nothing comes that should. */
  #tick(): void {
    const whole = this.#acks.windows[0];
    const isSilent = !this.#working && performance.now() - this.#readAt > this.#options.idleMs;
    if (whole === undefined && isSilent) this.#idle();
    else if (whole !== undefined) this.#acks.signOfLife(whole);
    else if (this.#window !== null && this.#window.received > 0) this.#acks.signOfLife(this.#window);
  }

  // ---- the end

  #idle(): void {
    const seconds = Math.round(this.#options.idleMs / 1000);
    const what = this.#window === null ? 'nothing came' : 'a window was begun and nothing more came';
    this.#fail(new BeatsProtocolError('idle', `${what} for ${seconds} s`));
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const { metrics, logger, complaints } = this.#modules;
    const code = error instanceof BeatsProtocolError ? error.code : 'failed';
    metrics.refused.inc({ reason: code });
    const certificate = this.#socket instanceof TLSSocket ? this.#socket.getPeerCertificate().subject?.CN : undefined;
    const text = `${this.name} is disconnected: ${messageOf(error)}`;
    if (code === 'idle') {
      logger.info({ peer: this.name, code }, text);
    } else {
      const who = certificate === undefined ? {} : { certificate };
      complaints.say(this.#address, code, text, { ...who, ...(code === 'failed' ? { err: error } : {}) });
    }
    this.#socket.destroy();
    this.#close();
  }

  /** The sender has said its last: what it sent is still acknowledged. */
  async #end(): Promise<void> {
    await this.#work;
    await this.#acks.all;
    this.#socket.end();
  }

  async #leave(): Promise<void> {
    if (this.#closed) return;
    const closed = new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
    });
    // A sender that does not close its side, or reads nothing, is not waited for.
    const patience = setTimeout(() => this.#socket.destroy(), LEAVE_MS);
    this.#socket.end(() => this.#socket.destroy());
    await closed;
    clearTimeout(patience);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#modules.held.bytes -= this.#held;
    this.#held = 0;
    clearInterval(this.#ticker);
    this.#inflate?.engine.close();
    this.#inflate = null;
    this.#modules.onClosed();
  }
}
