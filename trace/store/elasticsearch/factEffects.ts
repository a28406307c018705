import { createHash } from 'node:crypto';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { contentOfFact, effectOf } from '../factEffects.ts';
import { approximateTime } from '../time.ts';
import type { Mark } from './documents.ts';

interface Content {
  first: number;
  last: number;
  readonly addresses: ReadonlySet<string>;
}

/**
 * The summaries that new facts may change.
 * @param all facts, the new ones among them
 */
export function marksOfFacts(fresh: readonly StoredRecord[], all: readonly StoredRecord[]): Mark[] {
  const isFresh = new Set(fresh.map(({ id }) => id));
  const known = new Map<string, Content>();
  const missing = new Set<string>();
  const add = ({ record }: StoredRecord) => {
    const content = contentOf(record);
    const time = approximateTime(record['@timestamp']);
    const before = known.get(content);
    if (before === undefined) known.set(content, { first: time, last: time, addresses: addressesOf(record) });
    else {
      before.first = Math.min(before.first, time);
      before.last = Math.max(before.last, time);
    }
    const { check, stage } = record.ftl;
    if (check !== undefined && stage === 'missing') missing.add(check.stream);
  };
  for (const fact of all) if (!isFresh.has(fact.id)) add(fact);
  const marks = new Map<string, Mark>();
  for (const fact of fresh) {
    // In the order in which they came: those before count.
    const mark = effectOf(fact.record, {
      before: () => known.get(contentOf(fact.record)) ?? null,
      isShared(address) {
        const content = contentOf(fact.record);
        return known.entries().some(([other, { addresses }]) => other !== content && addresses.has(address));
      },
      isMissed: (stream) => missing.has(stream),
    });
    if (mark !== null) marks.set(JSON.stringify(mark), mark);
    add(fact);
  }
  return marks.has('{"what":"all"}') ? [{ what: 'all' }] : [...marks.values()];
}

function addressesOf({ ftl: { sender, receiver } }: TraceRecord): ReadonlySet<string> {
  return new Set([sender?.address, receiver?.address].filter((address) => address !== undefined));
}

function contentOf(record: TraceRecord): string {
  return createHash('sha256').update(contentOfFact(record)).digest('base64');
}
