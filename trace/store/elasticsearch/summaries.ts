import { hash } from 'node:crypto';
import { assemble } from '../../assemble/assemble.ts';
import { traceIdOf } from '../../record.ts';
import type { Hit } from './cluster.ts';
import type { SummaryContent } from './documents.ts';
import { EvidenceReader, type World } from './evidence.ts';
import type { Parts } from './parts.ts';
import type { Row } from './resolution.ts';
import { loadRows } from './rowLoader.ts';
import { summaryOf } from './summaryDocument.ts';

export interface Turn {
  /** External version of what is written: of two who write the same summary, the later turn has seen as much or more. */
  readonly turn: number;
  /** Written even where it seems to be there already: another may just be overwriting it with what it saw before. */
  readonly force: boolean;
  /** Lengths that shortened IDs have. */
  readonly lengths: readonly number[];
  /** The next one. */
  readonly revision: () => number;
  readonly world: World;
}

export interface Summarised {
  /** Further IDs whose summaries what was read concerns: they share a shortened ID with one of those asked for. */
  readonly related: readonly string[];
  /** Texts about traces whose records break `assemble`. */
  readonly failures: readonly string[];
  readonly cause: unknown;
}

/**
 * Makes the summaries of all traces that the IDs stand for, in whatever channel, and takes away those that are none (any more).
 * A summary that comes out as it was keeps its revision.
 */
export async function summariseIds(parts: Parts, ids: readonly string[], step: Turn): Promise<Summarised> {
  const { cluster } = parts;
  const { names } = cluster;
  const rows = await loadRows(cluster, ids, step.lengths);
  const { resolution } = rows;
  // A shortened ID that stands for another one is no trace: what it was before goes in the same step.
  const texts = [...new Set([...ids, ...resolution.prefixes])];
  const visible = texts.flatMap((txId) => resolution.rows(txId));
  const reader = new EvidenceReader(cluster, rows, step.world);
  const [there] = await Promise.all([
    cluster.all<undefined>(names.traces, {
      query: { terms: { txId: texts } },
      _source: false,
      docvalue_fields: ['digest'],
    }),
    reader.readBlocks(visible),
  ]);

  const writer = new SummaryWriter(names.traces, there, step);
  const failures: string[] = [];
  let cause: unknown;
  for (const row of visible) {
    try {
      const evidence = reader.of(row);
      writer.put(summaryOf(assemble(evidence.records, evidence.context), evidence));
    } catch (error) {
      // One trace must not hold up all others: it keeps its old summary until its next record.
      failures.push(`${row.txId} of channel "${row.channel}": ${String(error)}`);
      cause ??= error;
      writer.keep(row);
    }
  }
  await cluster.write(writer.finish(), [names.traces]);
  const asked = new Set(texts);
  const related = [...resolution.prefixes].flatMap((prefix) => resolution.beginningWith(prefix));
  return { related: [...new Set(related)].filter((txId) => !asked.has(txId)), failures, cause };
}

/** Gathers what has to be written and deleted, each in the index where it is. */
class SummaryWriter {
  readonly #alias: string;
  readonly #step: Turn;
  readonly #there = new Map<string, Hit>();
  readonly #lines: string[] = [];

  constructor(alias: string, there: readonly Hit[], step: Turn) {
    this.#alias = alias;
    this.#step = step;
    for (const hit of there) {
      const other = this.#there.get(hit.id);
      // In two indices only if two processes made it while one rolled over.
      if (other !== undefined) this.#delete(hit.index < other.index ? hit : other);
      if (other === undefined || hit.index > other.index) this.#there.set(hit.id, hit);
    }
  }

  put(document: SummaryContent): void {
    const { traceId } = document;
    const before = this.#there.get(traceId);
    this.#there.delete(traceId);
    const json = JSON.stringify(document);
    const digest = hash('sha256', json, 'base64url');
    if (before?.fields['digest']?.[0] === digest && !this.#step.force) return;
    const action = this.#action(before?.index ?? this.#alias, traceId);
    this.#add({ index: before === undefined ? { ...action, require_alias: true } : action });
    this.#lines.push(`${json.slice(0, -1)},"digest":"${digest}","revision":${this.#step.revision()}}`);
  }

  keep({ channel, txId }: Row): void {
    this.#there.delete(traceIdOf(channel, txId));
  }

  /** What is left is no trace. */
  finish(): string {
    for (const hit of this.#there.values()) this.#delete(hit);
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`;
  }

  #delete({ index, id }: Hit): void {
    this.#add({ delete: this.#action(index, id) });
  }

  #add(action: object): void {
    this.#lines.push(JSON.stringify(action));
  }

  #action(index: string, id: string): object {
    return { _index: index, _id: id, version: this.#step.turn, version_type: 'external_gte' };
  }
}
