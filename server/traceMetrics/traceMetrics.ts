import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { FINDING_CODES } from '#trace/findings/codes.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import type { TraceSummary } from '#trace/trace.ts';
import { BoundedLabels, OTHER } from './boundedLabels.ts';
import { CountedTraces } from './countedTraces.ts';
import { createTraceGauges, type TraceGauges } from './metrics.ts';
import { type OpenKind, OpenTraces } from './openTraces.ts';
import { PeerHeights, type PeerLag } from './peerHeights.ts';
import { Settling } from './settling.ts';
import { stageTimes } from './stageTimes.ts';

export interface TraceMetricsOptions {
  /** Milliseconds between two looks at the store. */
  readonly pollMs: number;
  /** Milliseconds without a change after which a trace is counted as it is. */
  readonly settleMs: number;
  /** Traces asked of the store at one time. */
  readonly batch: number;
  /** Traces a look whose stages are measured; where there are more, a sample of them: each costs a look-up of the whole trace. */
  readonly sample: number;
  /** The latest traces of a store that was there before: known, and not counted. */
  readonly history: number;
  /** Traces that are remembered, so that none is counted twice. */
  readonly remembered: number;
  /** Different channels, nodes and codes that get a label of their own. */
  readonly maxChannels: number;
  readonly maxNodes: number;
  readonly maxCodes: number;
  /** Channel, stage and node together: each is a histogram. */
  readonly maxHistograms: number;
}

export const TRACE_METRICS: TraceMetricsOptions = {
  pollMs: 1000,
  settleMs: 5000,
  batch: 500,
  sample: 50,
  history: 100_000,
  remembered: 400_000,
  maxChannels: 50,
  maxNodes: 500,
  maxCodes: 64,
  maxHistograms: 1000,
};

interface Modules {
  readonly store: TraceStore;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const PATIENCE_MS = 30_000;
const MAX_WAITING = 50_000;
const MAX_OPEN = 50_000;
const HEIGHTS_MS = 5000;
/** Records of one peer may come later than those of others, with each transaction: shippers look at files now and then. */
const ON_THEIR_WAY_MS = 60_000;
/** A peer that has lacked blocks for a week has left the channel, or whoever runs it knows. */
const GONE_MS = 7 * 24 * 3_600_000;
const COUNTED_CODE = 1;
const FIRST_FINDING = 2;
const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;

/**
 * Metrics that follow from the traces: whatever the store, whoever wrote the records. They are read from what changes, so the past is
 * read once and a busy network costs in proportion to its transactions. A trace is counted when it has settled, and each of its
 * facts once. Counters begin at zero with the process, as Prometheus expects of them: what the store knew before is not counted.
 */
export class TraceMetrics {
  readonly #options: TraceMetricsOptions;
  readonly #store: TraceStore;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #gauges: TraceGauges;
  readonly #settling: Settling;
  readonly #counted: CountedTraces;
  readonly #open = new OpenTraces(MAX_OPEN);
  readonly #heights: PeerHeights;
  readonly #channels: BoundedLabels;
  readonly #nodes: BoundedLabels;
  readonly #codes: BoundedLabels;
  readonly #histograms: BoundedLabels;
  readonly #told = new Set<string>();
  readonly #stop = new AbortController();
  #lags: readonly PeerLag[] = [];
  /** Peers of each channel that have left it, as far as can be told. */
  #gone: ReadonlyMap<string, number> = new Map();
  #lagsAt = -Infinity;
  #lagsRevision = -1;
  #revision = 0;
  #ended: Promise<void> | null = null;

  constructor(options: Partial<TraceMetricsOptions>, { store, registry, logger, now = Date.now }: Modules) {
    const all = { ...TRACE_METRICS, ...options };
    this.#options = all;
    this.#store = store;
    this.#logger = logger;
    this.#now = now;
    this.#settling = new Settling({ quietMs: all.settleMs, patienceMs: PATIENCE_MS, limit: MAX_WAITING });
    this.#counted = new CountedTraces(all.remembered);
    this.#heights = new PeerHeights(store, all.maxChannels);
    this.#channels = new BoundedLabels(all.maxChannels);
    this.#nodes = new BoundedLabels(all.maxNodes);
    this.#codes = new BoundedLabels(all.maxCodes);
    this.#histograms = new BoundedLabels(all.maxHistograms);
    this.#gauges = createTraceGauges(registry, () => this.#collect());
  }

  /** Begins to read; errors of the store are logged, counted, and tried again. */
  start(): void {
    this.#ended ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let known = false;
    while (!signal.aborted) {
      try {
        if (!known) await this.#learnHistory();
        known = true;
        await this.look();
      } catch (error) {
        if (signal.aborted) return;
        this.#gauges.pollErrors.inc();
        this.#logger.error({ err: error }, 'metrics of traces: the store could not be read, trying again');
      }
      // Rejects only when all is over.
      await sleep(this.#options.pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What the store held before: none of it is counted, and what is missing from it is known. */
  async #learnHistory(): Promise<void> {
    // First of all: what comes from here on is counted.
    const newest = await this.#store.revision();
    await this.#readHeights();
    let revision = Math.max(0, newest - this.#options.history);
    while (revision < newest && !this.#stop.signal.aborted) {
      const changes = await this.#store.changes(revision, { limit: this.#options.batch });
      if (changes.revision <= revision) break;
      revision = changes.revision;
      this.#heights.see(changes.blocks);
      for (const summary of changes.traces) {
        this.#counted.set(summary.traceId, factsOf(summary), summary.startedAt);
        this.#setOpen(summary);
      }
    }
    this.#revision = Math.max(revision, this.#revision);
  }

  /** One look at the store; `start` does it again and again. @throws StoreError */
  async look(): Promise<void> {
    const { batch } = this.#options;
    for (;;) {
      const changes = await this.#store.changes(this.#revision, { limit: batch });
      if (changes.revision <= this.#revision) break;
      this.#revision = changes.revision;
      this.#heights.see(changes.blocks);
      const now = this.#now();
      for (const summary of changes.traces) this.#settling.add(summary, now);
      if (changes.traces.length < batch || this.#stop.signal.aborted) break;
    }
    const measured = this.#settling.take(this.#now()).filter((summary) => this.#count(summary));
    await this.#measure(measured);
    await this.#readHeights();
  }

  /** @returns whether it has just become known how the transaction ended */
  #count(summary: TraceSummary): boolean {
    const { traceId, channel, code, startedAt } = summary;
    this.#setOpen(summary);
    const before = this.#counted.get(traceId);
    const facts = factsOf(summary);
    if (before === undefined && this.#counted.mayBeForgotten(startedAt)) {
      this.#gauges.uncounted.inc({ reason: 'late' });
      this.#counted.set(traceId, facts, startedAt);
      return false;
    }
    const fresh = facts & ~(before ?? 0);
    this.#counted.set(traceId, facts | (before ?? 0), startedAt);
    const told = this.#channels.value(channel);
    if ((fresh & COUNTED_CODE) !== 0 && code !== null) {
      this.#gauges.transactions.inc({ channel: told, code: this.#codes.value(code) });
    }
    for (const { code: found, severity } of distinctFindings(summary)) {
      if ((fresh & bitOf(found)) !== 0) this.#gauges.findings.inc({ channel: told, code: found, severity });
    }
    return (fresh & COUNTED_CODE) !== 0;
  }

  #setOpen(summary: TraceSummary): void {
    const channel = this.#channels.value(summary.channel);
    // What a peer is asked outside of any channel is never ordered.
    if (channel !== '') this.#told.add(channel);
    const kind = openKind(summary, this.#gone.get(summary.channel) ?? 0);
    this.#open.set(summary.traceId, channel, kind, this.#now());
  }

  async #measure(summaries: readonly TraceSummary[]): Promise<void> {
    const chosen = sampleOf(summaries, this.#options.sample);
    if (summaries.length > chosen.length) {
      this.#gauges.uncounted.inc({ reason: 'sampled' }, summaries.length - chosen.length);
    }
    for (const { channel, txId, traceId } of chosen) {
      if (this.#stop.signal.aborted) return;
      const trace = await this.#store.trace({ channel, txId });
      if (trace === null) continue;
      const exemplarLabels = exemplarOf(traceId, txId);
      const participants = new Map(trace.participants.map(({ id, msp }) => [id, msp]));
      for (const { stage, node, seconds } of stageTimes(trace)) {
        const labels = this.#stageLabels(channel, stage, node, node === null ? null : (participants.get(node) ?? null));
        this.#gauges.stageDuration.observe({ labels, value: seconds, exemplarLabels });
      }
    }
  }

  #stageLabels(channel: string, stage: string, id: string | null, msp: string | null) {
    const told = this.#channels.value(channel);
    const node = id === null ? '' : this.#nodes.value(id);
    const key = `${told}\0${stage}\0${node}`;
    return this.#histograms.value(key) === key && node !== OTHER
      ? { channel: told, stage, msp: msp ?? '', node: nameOf(node) }
      : { channel: told, stage, msp: OTHER, node: OTHER };
  }

  async #readHeights(): Promise<void> {
    const now = this.#now();
    if (this.#revision === this.#lagsRevision || now - this.#lagsAt < HEIGHTS_MS) return;
    this.#lags = await this.#heights.read();
    this.#gone = goneOf(this.#lags, now);
    [this.#lagsAt, this.#lagsRevision] = [now, this.#revision];
  }

  #collect(): void {
    const { behindBlocks, behindSeconds, neverOrdered, partiallyCommitted } = this.#gauges;
    const now = this.#now();
    for (const gauge of [behindBlocks, behindSeconds]) gauge.reset();
    for (const { channel, peer, msp, blocks, lacksSince } of this.#lags) {
      const id = this.#nodes.value(peer);
      // Together under one name they would overwrite each other, and say nothing.
      if (id === OTHER) continue;
      const labels = { channel: this.#channels.value(channel), peer: nameOf(id), msp: msp ?? '' };
      behindBlocks.set(labels, blocks);
      behindSeconds.set(labels, lacksSince === null ? 0 : Math.max(0, now - lacksSince) / 1000);
    }
    for (const [gauge, kind, forMs] of [
      [neverOrdered, 'never_ordered', 0],
      [partiallyCommitted, 'partially_committed', ON_THEIR_WAY_MS],
    ] as const) {
      const counts = this.#open.count(kind, now, forMs);
      for (const channel of this.#told) gauge.set({ channel }, counts.get(channel) ?? 0);
    }
  }
}

/** Names and values of an exemplar's labels together (OpenMetrics 1.0, Exemplars). */
const MAX_EXEMPLAR = 128;

/** FTL's page of a trace goes by `tx_id`; tracing systems by `trace_id`. No room for both is where an ID is not one of Fabric's. */
function exemplarOf(traceId: string, txId: string): { readonly trace_id: string; readonly tx_id?: string } {
  const both = { trace_id: traceId, tx_id: txId };
  const length = Object.entries(both).flat().join('').length;
  return txId !== '' && length <= MAX_EXEMPLAR ? both : { trace_id: traceId };
}

/** As the nodes' own metrics name a node: without its MSP. */
function nameOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** By channel, how many peers have lacked its blocks for so long that nobody waits for them any more. */
function goneOf(lags: readonly PeerLag[], now: number): Map<string, number> {
  const gone = new Map<string, number>();
  for (const { channel, lacksSince } of lags) {
    if (lacksSince !== null && now - lacksSince >= GONE_MS) gone.set(channel, (gone.get(channel) ?? 0) + 1);
  }
  return gone;
}

/** @param gone peers that are missing from every transaction of the channel */
function openKind({ code, block, missing, findings }: TraceSummary, gone: number): OpenKind | null {
  if (missing > gone && (code !== null || block !== null)) return 'partially_committed';
  const never = findings.some((finding) => finding.code === 'never_ordered' && finding.severity !== 'info');
  return never ? 'never_ordered' : null;
}

/** A bit for its validation code, and one for each code of a finding. */
function factsOf(summary: TraceSummary): number {
  let facts = summary.code === null ? 0 : COUNTED_CODE;
  for (const { code } of summary.findings) facts |= bitOf(code);
  return facts;
}

function bitOf(code: TraceSummary['findings'][number]['code']): number {
  return FIRST_FINDING << FINDING_CODES.indexOf(code);
}

/** One a code: the gravest. */
function distinctFindings({ findings }: TraceSummary): TraceSummary['findings'] {
  const gravest = new Map<string, TraceSummary['findings'][number]>();
  for (const finding of findings) {
    const known = gravest.get(finding.code);
    if (known === undefined || SEVERITIES.indexOf(finding.severity) > SEVERITIES.indexOf(known.severity)) {
      gravest.set(finding.code, finding);
    }
  }
  return [...gravest.values()];
}

/** Evenly from all of them, so that no peer and no moment is preferred. */
function sampleOf<T>(all: readonly T[], size: number): readonly T[] {
  if (all.length <= size) return all;
  return Array.from({ length: size }, (_, index) => all[Math.floor((index * all.length) / size)] as T);
}
