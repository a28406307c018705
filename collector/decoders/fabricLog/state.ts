import { z } from 'zod';
import type { PartialIdentity } from '#trace/identity.ts';
import type { StreamOptions } from '../decoder.ts';
import { BoundedMap } from './boundedMap.ts';

/**
 * What one line tells about a later one: who writes the stream, which request waits for its answer, which orderer the peer pulls
 * from. All of it is bounded, and goes through a snapshot as plain JSON.
 */

const Names = z.array(z.tuple([z.string(), z.string()]));
const Counts = z.array(z.tuple([z.string(), z.number()]));

/** Where a proposal came from and when, each only if it is certain. */
const Arrival = z.object({ address: z.string().optional(), time: z.string().optional() });
export type Arrival = z.infer<typeof Arrival>;

/** A broadcast that waits for its answer; null for one without an ID (a configuration update). */
const PendingBroadcast = z.object({ channel: z.string(), tx_id: z.string() }).nullable();
export type PendingBroadcast = z.infer<typeof PendingBroadcast>;

const Transfer = z.object({ channel: z.string(), peer: z.string(), first: z.number(), last: z.number() });
export type Transfer = z.infer<typeof Transfer>;

/** Blocks asked for by digest. */
const Pull = z.object({ channel: z.string(), peer: z.string(), blocks: z.array(z.number()) });
export type Pull = z.infer<typeof Pull>;

/** A block that an orderer is about to write; `config` if a line has told that it is a configuration block. */
const Writing = z.object({ number: z.number(), channel: z.string(), config: z.boolean() });
export type Writing = z.infer<typeof Writing>;

/** How a peer pulls a BFT channel: the orderers in the order of their turns, whose turn it is, and whether a connection to it is awaited. */
const Pulling = z.object({
  channel: z.string(),
  sources: z.array(z.string()),
  next: z.number(),
  waits: z.boolean(),
});
export type Pulling = z.infer<typeof Pulling>;

/** What a peer's gossip says of the peer itself. */
const Membership = z.object({ address: z.string().optional(), pki_id: z.string() });
type Membership = z.infer<typeof Membership>;

const PendingStart = z.object({
  time: z.string(),
  level: z.string(),
  logger: z.string(),
  version: z.string().optional(),
});
export type PendingStart = z.infer<typeof PendingStart>;

const Snapshot = z.object({
  name: z.string().optional(),
  kind: z.enum(['peer', 'orderer']).optional(),
  start: PendingStart.optional(),
  membership: Membership.optional(),
  former: z.enum(['written', 'told']).optional(),
  subjects: Names,
  endorse: z.object({ waiting: z.array(z.tuple([z.string(), z.string()])), mixed: z.boolean() }),
  arrivals: z.array(z.tuple([z.string(), Arrival])),
  broadcasts: z.array(z.tuple([z.string(), z.array(PendingBroadcast)])),
  writing: z.array(Writing),
  validated: Counts,
  reason: z.string().nullable().optional(),
  transfer: Transfer.optional(),
  pulls: z.array(z.tuple([z.string(), Pull])),
  leads: Names,
  orderers: Names,
  pulling: z.array(Pulling).optional(),
  heights: Counts,
  consenters: Counts,
  seen: z.array(z.string()),
});
type Snapshot = z.infer<typeof Snapshot>;

const EMPTY: Snapshot = {
  subjects: [],
  endorse: { waiting: [], mixed: false },
  arrivals: [],
  broadcasts: [],
  writing: [],
  validated: [],
  pulls: [],
  leads: [],
  orderers: [],
  heights: [],
  consenters: [],
  seen: [],
};

export class FabricState {
  readonly #given: PartialIdentity | undefined;
  readonly #fallbackName: string;
  /** The node's own name, once its log has told it. */
  #name: string | undefined;
  #kind: 'peer' | 'orderer' | undefined;
  /** A start whose writer is not known yet: the peer says that it starts before it says who it is. */
  start: PendingStart | undefined;
  membership: Membership | undefined;
  /** Whether records were written under the file's name, and whether a record has told since who that was. */
  former: 'written' | 'told' | undefined;
  /** Remote address → common name of the TLS certificate that it showed (access log). */
  readonly subjects: BoundedMap<string>;
  /** Proposals that arrived (address, time) and whose creator has not been checked yet. */
  readonly endorse: { waiting: [string, string][]; mixed: boolean };
  /** `channel/txID` of a proposal whose creator is known and whose signature is being checked → where it came from. */
  readonly arrivals: BoundedMap<Arrival>;
  /** Remote address → broadcasts in order of arrival. */
  readonly broadcasts: BoundedMap<PendingBroadcast[]>;
  /** Blocks that the orderer is about to write, oldest first. */
  writing: readonly Writing[];
  /** Channel → block that is validated and not yet committed. */
  readonly validated: BoundedMap<number>;
  /** Why the next transaction marked invalid is invalid; null if two reasons stand there and either may be the one. */
  reason: string | null | undefined;
  transfer: Transfer | undefined;
  /** Nonce of a request for blocks → what it asked for. */
  readonly pulls: BoundedMap<Pull>;
  /** Channel → how the peer came to lead its organisation there: `elected`, `static`. */
  readonly leads: BoundedMap<string>;
  /** Channel → orderer that the peer pulls from. */
  readonly orderers: BoundedMap<string>;
  pulling: readonly Pulling[];
  /** Channel → last block that the peer committed. */
  readonly heights: BoundedMap<number>;
  /** Channel → the orderer's own number among the consenters, as far as a line told it. */
  readonly consenters: BoundedMap<number>;
  /** Facts about identities that this stream has told already. */
  readonly seen: BoundedMap<true>;

  constructor(options: StreamOptions, snapshot?: unknown) {
    const parsed = Snapshot.safeParse(snapshot);
    const from = parsed.success ? parsed.data : EMPTY;
    this.#given = options.self;
    this.#fallbackName = options.fallbackName;
    this.#name = from.name;
    this.#kind = from.kind;
    this.start = from.start;
    this.membership = from.membership;
    this.former = from.former;
    this.subjects = new BoundedMap(128, from.subjects);
    this.endorse = { waiting: [...from.endorse.waiting], mixed: from.endorse.mixed };
    this.arrivals = new BoundedMap(32, from.arrivals);
    this.broadcasts = new BoundedMap(64, from.broadcasts);
    this.writing = [...from.writing];
    this.validated = new BoundedMap(32, from.validated);
    this.reason = from.reason;
    this.transfer = from.transfer;
    this.pulls = new BoundedMap(8, from.pulls);
    this.leads = new BoundedMap(64, from.leads);
    this.orderers = new BoundedMap(64, from.orderers);
    this.pulling = from.pulling ?? [];
    this.heights = new BoundedMap(64, from.heights);
    this.consenters = new BoundedMap(64, from.consenters);
    this.seen = new BoundedMap(
      256,
      from.seen.map((key) => [key, true]),
    );
  }

  snapshot(): Snapshot {
    // Arrays that change in place are copied: a snapshot must not follow what comes after it.
    return {
      ...(this.#name === undefined ? {} : { name: this.#name }),
      ...(this.#kind === undefined ? {} : { kind: this.#kind }),
      ...(this.start === undefined ? {} : { start: this.start }),
      ...(this.membership === undefined ? {} : { membership: this.membership }),
      ...(this.former === undefined ? {} : { former: this.former }),
      subjects: this.subjects.entries(),
      endorse: { waiting: [...this.endorse.waiting], mixed: this.endorse.mixed },
      arrivals: this.arrivals.entries(),
      broadcasts: this.broadcasts.entries().map(([address, queue]) => [address, [...queue]]),
      writing: [...this.writing],
      validated: this.validated.entries(),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.transfer === undefined ? {} : { transfer: this.transfer }),
      pulls: this.pulls.entries(),
      leads: this.leads.entries(),
      orderers: this.orderers.entries(),
      ...(this.pulling.length === 0 ? {} : { pulling: [...this.pulling] }),
      heights: this.heights.entries(),
      consenters: this.consenters.entries(),
      seen: this.seen.entries().map(([key]) => key),
    };
  }

  /** The best name of the writer that is known by now. */
  get name(): string {
    return this.#given?.name ?? commonNameOf(this.#given?.id) ?? this.#name ?? this.#fallbackName;
  }

  /** Whether anything better than the file's name is known. */
  get isNamed(): boolean {
    return this.#name !== undefined || this.#given?.name !== undefined || this.#given?.id !== undefined;
  }

  get kind(): 'peer' | 'orderer' | undefined {
    const given = this.#given?.kind;
    return given === 'peer' || given === 'orderer' ? given : this.#kind;
  }

  /** The file's name if it stands in records that were written before the log told a better one; once. */
  takeFormerName(): string | undefined {
    if (this.former !== 'written' || !this.isNamed || this.name === this.#fallbackName) return undefined;
    this.former = 'told';
    return this.#fallbackName;
  }

  /** What the stream's own lines say about its writer; what the configuration says stands above it. */
  learnName(name: string): void {
    if (name !== '') this.#name = name;
  }

  learnKind(kind: 'peer' | 'orderer'): void {
    this.#kind = kind;
  }

  /** The writer as a record names it. */
  self(): PartialIdentity {
    const kind = this.kind;
    return { ...this.#given, name: this.name, ...(kind === undefined ? {} : { kind }) };
  }

  /** A process has started: what its predecessor had open will not be finished. */
  restarted(): void {
    this.subjects.clear();
    this.endorse.waiting.length = 0;
    this.endorse.mixed = false;
    this.arrivals.clear();
    this.broadcasts.clear();
    this.writing = [];
    this.validated.clear();
    this.reason = undefined;
    this.transfer = undefined;
    this.pulls.clear();
    this.leads.clear();
    this.orderers.clear();
    this.pulling = [];
  }

  /** Notes a fact about an identity; false if this stream has told it before. */
  isNew(key: string): boolean {
    const known = this.seen.has(key);
    this.seen.set(key, true);
    return !known;
  }
}

function commonNameOf(id: string | undefined): string | undefined {
  return id === undefined ? undefined : id.slice(id.indexOf('/') + 1);
}
