import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { identityId, type PartialIdentity } from '#trace/identity.ts';
import type { Signer } from '#node/crypto/sign.ts';
import { IdentityView } from '#node/protos/serializedIdentity.ts';
import { lastRecord } from './lastRecord.ts';
import { LineBuffer } from './lineBuffer.ts';
import type { LineSink } from './lineSink.ts';
import { RecordChain, type StreamEnd } from './recordChain.ts';
import { type RecordFields, RecordLines } from './recordLines.ts';
import { RotatingFile, type RotatingFileOptions } from './rotatingFile.ts';
import { sealedText } from './seal.ts';
import { StandardOutput } from './standardOutput.ts';
import type { TraceStatistics } from './traceMetrics.ts';
import { AnchoredClock, type RecordClock } from './wallClock.ts';

/** What a record says, and the W3C trace ID of its transaction; null for a record of none. */
export interface MadeRecord {
  readonly fields: RecordFields;
  readonly traceId: string | null;
}

export type RecordDestination =
  | ({ readonly kind: 'file' } & RotatingFileOptions)
  | {
      readonly kind: 'stdout';
      /** Keeps the end of the stream from start to start, as what is printed cannot be read again. */
      readonly stateFile?: string;
    };

export interface SealOptions {
  /** A seal after this many records; default 1,000. */
  readonly everyRecords?: number;
  /** And after this many seconds in which something was recorded; default 60. */
  readonly everySeconds?: number;
}

export interface RecordWriterOptions {
  readonly serviceType: 'fabric-peer' | 'fabric-orderer';
  readonly destination: RecordDestination;
  /** Records that wait to be written, in characters; beyond them records are dropped and counted. Default 16 Mi. */
  readonly maxWaiting?: number;
  /** Signs the stream from time to time; absent: no seals. */
  readonly seal?: SealOptions;
  /** How long `close` waits for a destination that does not take what is written. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

export interface RecordWriterModules {
  /** The node: its certificate names it, its key signs seals. */
  readonly signer: Signer;
  readonly clock?: RecordClock;
  /** Instead of the destination's own. */
  readonly sink?: LineSink;
}

const DEFAULTS = { maxWaiting: 16 * 1024 * 1024, closeTimeoutMs: 5000, everyRecords: 1000, everySeconds: 60 };
const FLUSH_TIMEOUT_MS = 5000;
/** Records that wait to be made: beyond them they are made at once, so that it is known how much waits. */
const MAX_UNMADE = 512;

interface UnmadeRecord {
  readonly micros: number;
  readonly make: () => MadeRecord;
}

/**
 * Writes the records of one node as a stream of lines: each numbered, tied to the one before, made and written behind the caller's back,
 * many at a time. Nothing here throws into the caller or makes it wait: what finds no room is dropped, counted and told of.
 */
export class RecordWriter implements AsyncDisposable {
  /** The node as its records name it. */
  readonly self: PartialIdentity;
  readonly #options: RecordWriterOptions;
  readonly #signer: Signer;
  readonly #chain: RecordChain;
  readonly #buffer: LineBuffer;
  readonly #lines: RecordLines;
  readonly #clock: RecordClock;
  readonly #sealTimer: NodeJS.Timeout | null;
  /** Of the stream before, until the first record has told of it. */
  #previous: StreamEnd | null;
  #unmade: UnmadeRecord[] = [];
  #records = 0;
  #milliseconds = 0;
  #dropped = 0;
  #droppedUntold = 0;
  #sealedUpTo = -1;
  #sealing: Promise<void> | null = null;
  #tellCertificate = true;
  #closing: Promise<void> | null = null;

  private constructor(
    options: RecordWriterOptions,
    modules: RecordWriterModules,
    opened: { readonly sink: LineSink; readonly previous: StreamEnd | null },
  ) {
    const { signer } = modules;
    // As other nodes name it in their records.
    const { commonName, fingerprint } = IdentityView.fromBytes(signer.identity);
    const name = commonName ?? signer.certificate.fingerprint;
    this.#options = options;
    this.#signer = signer;
    this.self = {
      id: identityId(signer.mspId, name),
      kind: options.serviceType === 'fabric-peer' ? 'peer' : 'orderer',
      msp: signer.mspId,
      name,
      ...(fingerprint === null ? {} : { fingerprint }),
    };
    this.#previous = opened.previous;
    this.#chain = new RecordChain(name, randomBytes(8).toString('hex'));
    this.#buffer = new LineBuffer(
      { maxCharacters: options.maxWaiting ?? DEFAULTS.maxWaiting },
      { sink: opened.sink, makeExpected: () => this.#makeAll() },
    );
    this.#lines = new RecordLines(options.serviceType, name);
    this.#clock = modules.clock ?? new AnchoredClock();
    this.#sealTimer = this.#startSealing();
  }

  /**
   * Begins a stream; its first record names the end of the one before.
   * @throws what the file system says
   */
  static open(options: RecordWriterOptions, modules: RecordWriterModules): RecordWriter {
    const { destination } = options;
    if (destination.kind === 'stdout') {
      const previous = destination.stateFile === undefined ? null : readState(destination.stateFile);
      return new RecordWriter(options, modules, { sink: modules.sink ?? new StandardOutput(), previous });
    }
    const { end, torn } = lastRecord(destination.path);
    const sink = modules.sink ?? RotatingFile.open({ ...destination, torn });
    return new RecordWriter(options, modules, { sink, previous: end });
  }

  /** Where the stream stands; null before its first record. */
  get end(): StreamEnd | null {
    this.#makeAll();
    return this.#chain.end;
  }

  get stream(): string {
    return this.#chain.stream;
  }

  /** Records dropped since the start. */
  get dropped(): number {
    this.#makeAll();
    return this.#dropped;
  }

  /** Since the start. */
  get statistics(): TraceStatistics {
    this.#makeAll();
    const { bytes, characters } = this.#buffer;
    const seconds = this.#milliseconds / 1000;
    return { records: this.#records, bytes, dropped: this.#dropped, seconds, waiting: characters };
  }

  write(fields: RecordFields, traceId: string | null = null): void {
    this.record(() => ({ fields, traceId }));
  }

  /**
   * A record of this moment. @param make tells what it says; called once, a little later, outside of the work that it tells of: what it
   * reads must not change meanwhile. Where it throws, the record counts as dropped.
   */
  record(make: () => MadeRecord): void {
    if (this.#closing !== null) {
      this.#drop();
      return;
    }
    this.#unmade.push({ micros: this.#clock.now(), make });
    if (this.#unmade.length >= MAX_UNMADE) {
      this.#makeAll();
    } else {
      this.#buffer.expect();
    }
  }

  /** @returns whether all records written so far have reached their destination; false where that takes too long. Never rejects. */
  flush(timeoutMs: number = FLUSH_TIMEOUT_MS): Promise<boolean> {
    this.#makeAll();
    this.#tellDroppedIfRoom();
    return this.#buffer.flush(timeoutMs);
  }

  /** Seals and writes what waits; later records are dropped. May be called again. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#sealTimer ?? undefined);
    this.#makeAll();
    if (this.#options.seal !== undefined) {
      await this.#sealing;
      await this.#seal();
    }
    this.#tellDroppedIfRoom();
    const lost = await this.#buffer.close(this.#options.closeTimeoutMs ?? DEFAULTS.closeTimeoutMs);
    this.#keepState();
    const untold = lost + this.#droppedUntold;
    if (untold > 0) {
      process.stderr.write(`${untold} trace records could not be written: the destination did not take them\n`);
    }
  }

  /** Makes what was recorded since the last time. */
  #makeAll(): void {
    if (this.#unmade.length === 0) {
      return;
    }
    const startedAt = performance.now();
    const unmade = this.#unmade;
    this.#unmade = [];
    for (const one of unmade) {
      this.#make(one);
    }
    this.#milliseconds += performance.now() - startedAt;
    const { everyRecords = DEFAULTS.everyRecords } = this.#options.seal ?? {};
    if (this.#options.seal !== undefined && this.#chain.next - this.#sealedUpTo > everyRecords) {
      void this.#seal();
    }
  }

  #make({ micros, make }: UnmadeRecord): void {
    if (!this.#buffer.hasRoom) {
      this.#drop();
      return;
    }
    try {
      const { fields, traceId } = make();
      this.#tellDropped();
      this.#line(fields, traceId, micros);
    } catch {
      // A block or an identity that cannot be read as far as the record goes: as good as a record that found no room.
      this.#drop();
    }
  }

  /** Counts a record that could not be made or had no room; its number stays unused, and a record tells of it. */
  #drop(): void {
    this.#dropped++;
    this.#droppedUntold++;
    this.#chain.skip();
  }

  #line(fields: RecordFields, traceId: string | null, micros: number): void {
    const line = this.#lines.line(fields, traceId, micros, this.#previous);
    this.#previous = null;
    this.#records++;
    this.#buffer.push(this.#chain.add(line));
  }

  #tellDroppedIfRoom(): void {
    if (this.#buffer.hasRoom) {
      this.#tellDropped();
    }
  }

  #tellDropped(): void {
    if (this.#droppedUntold > 0) {
      const dropped = this.#droppedUntold;
      this.#droppedUntold = 0;
      this.#line({ point: 'seal', stage: 'dropped', dropped, sender: this.self }, null, this.#clock.now());
    }
  }

  #startSealing(): NodeJS.Timeout | null {
    const { seal } = this.#options;
    if (seal === undefined) {
      return null;
    }
    const timer = setInterval(() => void this.#seal(), (seal.everySeconds ?? DEFAULTS.everySeconds) * 1000);
    return timer.unref();
  }

  /** Signs the stream up to its last record; records that come meanwhile stand between that one and the seal. */
  #seal(): Promise<void> {
    this.#makeAll();
    const { end } = this.#chain;
    if (this.#sealing === null && end !== null && end.seq > this.#sealedUpTo) {
      this.#sealing = this.#writeSeal(end).finally(() => {
        this.#sealing = null;
      });
    }
    return this.#sealing ?? Promise.resolve();
  }

  async #writeSeal(end: StreamEnd): Promise<void> {
    const before = this.#sealedUpTo;
    // Until it is there, the seal that is being made is reason enough for no other.
    this.#sealedUpTo = end.seq;
    try {
      const signature = await this.#signer.sign(Buffer.from(sealedText(this.#chain.node, end)));
      if (!this.#buffer.hasRoom) {
        this.#sealedUpTo = before;
        return;
      }
      const { seq, chain } = end;
      const certificate = this.#tellCertificate ? { certificate: this.#signer.certificate.pem } : {};
      this.#tellCertificate = false;
      const seal = { seq, chain, signature: Buffer.from(signature).toString('base64'), ...certificate };
      this.#tellDropped();
      // A seal alone is nothing to seal.
      this.#sealedUpTo = this.#chain.next === end.seq + 1 ? this.#chain.next : end.seq;
      this.#line({ point: 'seal', stage: 'signed', sender: this.self, seal }, null, this.#clock.now());
    } catch {
      this.#sealedUpTo = before;
    }
  }

  #keepState(): void {
    const { destination } = this.#options;
    const { end } = this.#chain;
    if (destination.kind === 'stdout' && destination.stateFile !== undefined && end !== null) {
      try {
        writeFileSync(destination.stateFile, `${JSON.stringify(end)}\n`);
      } catch {
        // The next stream then names none before it.
      }
    }
  }
}

function readState(path: string): StreamEnd | null {
  try {
    const { stream, seq, chain } = JSON.parse(readFileSync(path, 'utf8')) as Partial<StreamEnd>;
    return typeof stream === 'string' && typeof seq === 'number' && typeof chain === 'string'
      ? { stream, seq, chain }
      : null;
  } catch {
    return null;
  }
}
