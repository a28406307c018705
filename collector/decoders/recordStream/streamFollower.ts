import { z } from 'zod';
import type { StreamCheck } from '#trace/record.ts';
import { chainAfter, chainStart } from './chain.ts';
import type { CheckStage, StreamOwner } from './checkRecord.ts';
import { KnownChains } from './knownChains.ts';

/** One record's place in its stream. */
export interface ChainedLine {
  readonly seq: number;
  readonly chain: string;
  /** `@timestamp`. */
  readonly at: string;
  readonly text: string;
  /** False for a line that something between node and collector has written anew: its hash cannot be checked. */
  readonly asWritten: boolean;
  /** Records that the node tells it has dropped before this one. */
  readonly dropped: number;
}

const Gap = z.object({ from: z.number(), to: z.number(), since: z.string(), until: z.string() });
type Gap = z.infer<typeof Gap>;
const Place = z.object({ seq: z.number(), chain: z.string(), at: z.string() });

export const FollowerSnapshot = z.object({
  node: z.string(),
  serviceType: z.enum(['fabric-peer', 'fabric-orderer']).optional(),
  stream: z.string(),
  first: z.number(),
  run: z.object({ from: z.number(), since: z.string() }),
  last: Place,
  asWritten: z.boolean(),
  file: z.number(),
  late: Place.extend({ from: z.number() }).nullable(),
  gaps: z.array(Gap),
  altered: Gap.nullable(),
  known: z.array(z.string().nullable()).optional(),
});
export type FollowerSnapshot = z.infer<typeof FollowerSnapshot>;

type Fault = NonNullable<StreamCheck['fault']>;
interface Told extends Gap {
  readonly told?: boolean;
  readonly fault?: Fault;
}
/** Takes what was found. */
export type Report = (owner: StreamOwner, stage: CheckStage, check: StreamCheck) => void;

/** Gaps that may yet be filled by lines that come late. */
const MAX_GAPS = 16;
/** Altered lines in a row that are told of as one. */
const MAX_ALTERED = 1000;

/**
 * Follows one stream, line by line, and tells what does not hold. Lines may come again (a file is read twice, a forwarder repeats
 * itself) or late (an older file is read after a newer one): neither is a fault. Within one file, the node's lines stand in order.
 */
export class StreamFollower {
  readonly #state: FollowerSnapshot;
  readonly #known: KnownChains;
  readonly #report: Report;
  #strayed = false;

  constructor(state: FollowerSnapshot, report: Report) {
    const { known, ...rest } = state;
    this.#state = rest;
    this.#known = new KnownChains(known, state.last.seq);
    this.#report = report;
  }

  /** Begins with the first line that is seen of a stream. */
  static begin(owner: StreamOwner, stream: string, line: ChainedLine, file: number, report: Report): StreamFollower {
    const { seq, chain, at, asWritten } = line;
    const follower = new StreamFollower(
      {
        ...owner,
        stream,
        first: seq,
        run: { from: seq, since: at },
        last: { seq, chain, at },
        asWritten,
        file,
        late: null,
        gaps: [],
        altered: null,
      },
      report,
    );
    follower.#known.set(seq, chain);
    return follower;
  }

  get node(): string {
    return this.#state.node;
  }

  get stream(): string {
    return this.#state.stream;
  }

  /** Time of the newest record. */
  get at(): string {
    return this.#state.last.at;
  }

  line(line: ChainedLine, file: number): void {
    const state = this.#state;
    const sameFile = file === state.file;
    if (!sameFile) {
      this.tellRead();
      state.file = file;
    }
    this.#strayed = false;
    if (line.seq > state.last.seq) this.#forward(line);
    else this.#back(line, sameFile);
  }

  /** A line of the node that has no place in any stream. */
  stray(at: string): void {
    // Of many in one place the first tells enough.
    if (!this.#state.asWritten || this.#strayed) return;
    this.#strayed = true;
    this.alter('inserted', this.#state.last.seq, this.#state.last.at, at);
  }

  /** The node's next start says where this stream ended. */
  endsAt(seq: number, chain: string, at: string): void {
    const { last } = this.#state;
    this.#endLate();
    if (seq > last.seq) {
      this.miss(last.seq + 1, seq, { since: last.at, until: at, told: false });
      this.#state.last = { seq, chain, at: last.at };
    } else if (seq < last.seq || chain !== last.chain) {
      this.alter('end', last.seq, last.at, last.at);
    }
  }

  /** What a seal says of a record; null where it cannot be said any more. */
  holds(seq: number, chain: string): boolean | null {
    const { last } = this.#state;
    if (seq === last.seq) return chain === last.chain;
    if (seq > last.seq) return false;
    const known = this.#known.get(seq, last.seq);
    return known === null ? null : known === chain;
  }

  alter(fault: Fault, seq: number, since: string, until: string): void {
    const { altered } = this.#state;
    if (fault === 'hash' && altered !== null && seq === altered.to + 1) {
      altered.to = seq;
      altered.until = until;
      if (seq - altered.from >= MAX_ALTERED) this.#tellAltered();
      return;
    }
    this.#tellAltered();
    this.#tell('altered', { from: seq, to: seq, since, until, fault });
    // More in a row are told together.
    if (fault === 'hash') this.#state.altered = { from: seq + 1, to: seq, since: until, until };
  }

  /** Numbers that are not there. */
  miss(from: number, to: number, how: { since: string; until: string; told: boolean }): void {
    const { gaps } = this.#state;
    const { since, until, told } = how;
    this.#tell('missing', { from, to, since, until, ...(told ? { told } : {}) });
    this.#known.forget(from, to);
    if (told) return;
    gaps.push({ from, to, since, until });
    if (gaps.length > MAX_GAPS) gaps.shift();
  }

  /** Tells what could be read without a gap, for those who could not. */
  tellRead(): void {
    const { run, last, late } = this.#state;
    this.#tellAltered();
    if (late !== null) this.#endLate();
    else if (last.seq >= run.from) {
      this.#tell('read', { from: run.from, to: last.seq, since: run.since, until: last.at });
    }
  }

  /** @param whole false leaves out what only a stream that goes on needs */
  snapshot(whole: boolean): FollowerSnapshot {
    return { ...this.#state, ...(whole ? { known: this.#known.snapshot(this.#state.last.seq) } : {}) };
  }

  #forward(line: ChainedLine): void {
    const state = this.#state;
    const { last } = state;
    const { seq, chain, at, text, asWritten } = line;
    if (state.late !== null) this.#endLate();
    // Lines that were all written anew say nothing; one among others does.
    const follows = asWritten === state.asWritten && (!asWritten || chainAfter(last.chain, text) === chain);
    if (seq === last.seq + 1) {
      if (!follows) this.alter('hash', seq, last.at, at);
      else if (state.altered !== null) this.#tellAltered();
    } else {
      const told = asWritten ? follows : line.dropped >= seq - last.seq - 1;
      this.miss(last.seq + 1, seq - 1, { since: last.at, until: at, told });
      state.run = { from: seq, since: at };
    }
    state.asWritten = asWritten;
    last.seq = seq;
    last.chain = chain;
    last.at = at;
    this.#known.set(seq, chain);
  }

  #back(line: ChainedLine, sameFile: boolean): void {
    const state = this.#state;
    const { late } = state;
    const { seq, chain, at } = line;
    const fault = this.#lateFault(line);
    if (late !== null && seq === late.seq + 1) {
      if (fault !== null) this.alter(fault, seq, late.at, at);
      late.seq = seq;
      late.chain = chain;
      late.at = at;
      return;
    }
    this.#endLate();
    if (fault !== null) this.alter(fault, seq, at, at);
    else if (sameFile && this.#isOutOfPlace(seq)) this.alter('order', seq, at, at);
    state.late = { from: seq, seq, chain, at };
  }

  /** What is wrong with a line that is not newer than the newest; null for one that came before just so, and if nobody can say. */
  #lateFault({ seq, chain, text, asWritten }: ChainedLine): Fault | null {
    const { node, stream, last, late } = this.#state;
    const known = this.#known.get(seq, last.seq);
    if (known !== null && known !== chain) return 'inserted';
    let before = this.#known.get(seq - 1, last.seq);
    if (late !== null && seq === late.seq + 1) before = late.chain;
    else if (seq === 0) before = chainStart(node, stream);
    if (before === null || !asWritten || chainAfter(before, text) === chain) return null;
    return known === null ? 'hash' : 'inserted';
  }

  /** In the middle of a file, a number that was passed over, or one of long ago: unless all begins anew, it was not written there. */
  #isOutOfPlace(seq: number): boolean {
    const { first, last } = this.#state;
    return seq !== first && seq >= this.#known.since && this.#known.get(seq, last.seq) === null;
  }

  /** Late lines have come to their end: gaps that they filled are none any more. */
  #endLate(): void {
    const { late, gaps } = this.#state;
    if (late === null) return;
    this.#state.late = null;
    const left: Gap[] = [];
    for (const gap of gaps) {
      const from = Math.max(gap.from, late.from);
      const to = Math.min(gap.to, late.seq);
      if (from > to) {
        left.push(gap);
        continue;
      }
      this.#tell('read', { from, to, since: gap.since, until: gap.until });
      if (gap.from < from) left.push({ ...gap, to: from - 1 });
      if (to < gap.to) left.push({ ...gap, from: to + 1 });
    }
    this.#state.gaps = left;
  }

  #tellAltered(): void {
    const { altered } = this.#state;
    this.#state.altered = null;
    if (altered !== null && altered.to >= altered.from) this.#tell('altered', { ...altered, fault: 'hash' });
  }

  #tell(stage: CheckStage, check: Told): void {
    const { since, until } = check;
    // Times are the lines' own, and those may be what was altered.
    const [first, last] = since <= until ? [since, until] : [until, since];
    this.#report(this.#state, stage, { stream: this.#state.stream, ...check, since: first, until: last });
  }
}
