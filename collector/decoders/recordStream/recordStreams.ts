import { z } from 'zod';
import type { StreamCheck, TraceRecord } from '#trace/record.ts';
import { chainAfter, chainStart, isAsWritten } from './chain.ts';
import { type CheckStage, checkRecord, type StreamOwner } from './checkRecord.ts';
import { Seal, sealHolds } from './seal.ts';
import { type ChainedLine, FollowerSnapshot, StreamFollower } from './streamFollower.ts';

/** Streams that are remembered, the latest first to stay: one file is of one node, and a node starts now and then. */
const MAX_STREAMS = 32;
const MAX_CERTIFICATES = 16;
const MAX_NAME = 512;

const Snapshot = z.object({
  file: z.number(),
  streams: z.array(FollowerSnapshot),
  certificates: z.array(z.tuple([z.string(), z.string()])),
});
const Previous = z.object({
  stream: z.string().max(64),
  seq: z.int().min(0),
  chain: z.string().regex(/^[0-9a-f]{64}$/),
});

const NOTHING: readonly TraceRecord[] = Object.freeze([]);

/**
 * Follows the record streams in one source of lines by what docs/record-chain.md says: each record's number and running hash,
 * the seals, and what the first record of a stream tells of the stream before. What does not hold becomes `stream.check` records.
 * What was before the first line that is seen of a node is not known, and nothing is said of it. Bounded in memory.
 */
export class RecordStreams {
  /** By node and stream, the one that moved last at the end. */
  readonly #followers = new Map<string, StreamFollower>();
  /** Of each node. */
  readonly #latest = new Map<string, StreamFollower>();
  /** PEM by fingerprint. */
  readonly #certificates = new Map<string, string>();
  #current: StreamFollower | null = null;
  #file = 0;
  #found: TraceRecord[] = [];

  constructor(snapshot?: unknown) {
    const parsed = Snapshot.safeParse(snapshot);
    if (!parsed.success) return;
    this.#file = parsed.data.file;
    for (const state of parsed.data.streams) {
      this.#remember(new StreamFollower({ ...state, known: state.known ?? [] }, this.#report));
    }
    for (const [fingerprint, pem] of parsed.data.certificates) this.#certificates.set(fingerprint, pem);
  }

  /** @param line as it was read, without its line end @returns what it shows to be wrong */
  check(record: TraceRecord, line: string): readonly TraceRecord[] {
    const node = record['service.node.name'];
    const { ftl } = record;
    const { stream, seq, chain } = ftl;
    if (node === undefined || node.length > MAX_NAME) return NOTHING;
    if (typeof stream !== 'string' || stream.length > 64 || seq === undefined || chain === undefined) {
      this.#latest.get(node)?.stray(record['@timestamp']);
      return this.#take();
    }
    const one: ChainedLine = {
      seq,
      chain,
      at: record['@timestamp'],
      text: line,
      asWritten: isAsWritten(line, chain),
      dropped: ftl.point === 'seal' && typeof ftl['dropped'] === 'number' ? ftl['dropped'] : 0,
    };
    const follower = this.#follower(node, stream);
    if (follower === undefined) this.#begin({ node, serviceType: record['service.type'] }, stream, one, ftl);
    else follower.line(one, this.#file);
    if (ftl.point === 'seal' && ftl.stage === 'signed') this.#seal(node, stream, one, ftl);
    return this.#take();
  }

  /** What comes now is of another file: its lines may be older ones. */
  newFile(): void {
    this.#file += 1;
  }

  /** No more will come: tells what could be read. */
  flush(): readonly TraceRecord[] {
    for (const follower of this.#followers.values()) follower.tellRead();
    return this.#take();
  }

  snapshot(): unknown {
    const latest = new Set(this.#latest.values());
    return {
      file: this.#file,
      streams: [...this.#followers.values()].map((follower) => follower.snapshot(latest.has(follower))),
      certificates: [...this.#certificates],
    };
  }

  readonly #report = (owner: StreamOwner, stage: CheckStage, check: StreamCheck): void => {
    this.#found.push(checkRecord(owner, stage, check));
  };

  #take(): readonly TraceRecord[] {
    if (this.#found.length === 0) return NOTHING;
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #follower(node: string, stream: string): StreamFollower | undefined {
    const current = this.#current;
    if (current !== null && current.stream === stream && current.node === node) return current;
    const follower = this.#followers.get(keyOf(node, stream));
    if (follower !== undefined) this.#remember(follower);
    return follower;
  }

  #remember(follower: StreamFollower): void {
    const key = keyOf(follower.node, follower.stream);
    this.#current = follower;
    this.#followers.delete(key);
    this.#followers.set(key, follower);
    const latest = this.#latest.get(follower.node);
    if (latest === undefined || latest.at <= follower.at) this.#latest.set(follower.node, follower);
    if (this.#followers.size <= MAX_STREAMS) return;
    const [oldestKey, oldest] = this.#followers.entries().next().value!;
    this.#followers.delete(oldestKey);
    if (this.#latest.get(oldest.node) === oldest) this.#latest.delete(oldest.node);
  }

  #begin(owner: StreamOwner, stream: string, one: ChainedLine, ftl: TraceRecord['ftl']): void {
    const { node } = owner;
    const { seq, chain, at, text, asWritten } = one;
    const before = this.#latest.get(node);
    // A stream older than one that is known is an older file, read later.
    const since = before !== undefined && before.at <= at ? before.at : null;
    const previous = Previous.safeParse(ftl['previous']);
    if (previous.success) this.#endPrevious(owner, previous.data, since, at);
    const follower = StreamFollower.begin(owner, stream, one, this.#file, this.#report);
    this.#remember(follower);
    const follows = asWritten && chainAfter(chainStart(node, stream), text) === chain;
    if (seq === 0) {
      if (asWritten && !follows) follower.alter('hash', 0, at, at);
    } else if (follows || one.dropped >= seq) {
      follower.miss(0, seq - 1, { since: at, until: at, told: true });
    } else if (since !== null) {
      follower.miss(0, seq - 1, { since, until: at, told: false });
    }
  }

  #endPrevious(owner: StreamOwner, previous: z.infer<typeof Previous>, since: string | null, at: string): void {
    const { stream, seq, chain } = previous;
    const known = this.#followers.get(keyOf(owner.node, stream));
    if (known !== undefined) {
      known.endsAt(seq, chain, at);
    } else if (since !== null) {
      // Followed before and after, and nothing of it seen.
      const last = { seq, chain, at: since, text: '', asWritten: true, dropped: 0 };
      const follower = StreamFollower.begin(owner, stream, last, this.#file, this.#report);
      follower.miss(0, seq, { since, until: at, told: false });
      this.#remember(follower);
    }
  }

  #seal(node: string, stream: string, { seq, at }: ChainedLine, ftl: TraceRecord['ftl']): void {
    const follower = this.#followers.get(keyOf(node, stream));
    const seal = Seal.safeParse(ftl['seal']);
    if (follower === undefined) return;
    if (!seal.success || seal.data.seq >= seq || follower.holds(seal.data.seq, seal.data.chain) === false) {
      follower.alter('seal', seq, at, at);
      return;
    }
    const fingerprint = ftl.sender?.fingerprint;
    const pem = seal.data.certificate ?? (fingerprint === undefined ? undefined : this.#certificates.get(fingerprint));
    // Whoever came in the middle of a stream has not seen its certificate.
    if (pem === undefined) return;
    if (!sealHolds(node, stream, seal.data, pem)) {
      follower.alter('seal', seq, at, at);
      return;
    }
    if (fingerprint === undefined || this.#certificates.has(fingerprint)) return;
    if (this.#certificates.size >= MAX_CERTIFICATES) {
      this.#certificates.delete(this.#certificates.keys().next().value!);
    }
    this.#certificates.set(fingerprint, pem);
  }
}

function keyOf(node: string, stream: string): string {
  return `${node}\0${stream}`;
}
