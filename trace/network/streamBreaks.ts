import type { Identity, PartialIdentity } from '../identity.ts';
import type { StoredRecord, StreamCheck } from '../record.ts';

/** Something that is wrong with a node's record stream: records that are not there, or lines that are not as it wrote them. */
export interface StreamBreak {
  /** Identity ID of the node. */
  readonly node: string;
  readonly kind: 'missing' | 'altered';
  readonly stream: string;
  /** Numbers, both included. */
  readonly from: number;
  readonly to: number;
  /** Times of the node's clock between which it was written. */
  readonly since: string;
  readonly until: string;
  /** The node itself told that it had no room to write them. */
  readonly told: boolean;
  /** Null of what is missing. */
  readonly fault: NonNullable<StreamCheck['fault']> | null;
  /** ID of the collector's record. */
  readonly record: string;
}

interface Check extends StreamCheck {
  readonly record: string;
}

/**
 * What the checks of all collectors together leave. Numbers that one did not find are not missing if another read them, or if
 * they came later: only what nobody has read is.
 *
 * @param records in an order that depends on their content alone
 */
export function streamBreaksOf(
  records: readonly StoredRecord[],
  resolve: (partial: PartialIdentity) => Identity,
): StreamBreak[] {
  const streams = new Map<string, { readonly node: string; missing: Check[]; altered: Check[]; read: Check[] }>();
  for (const { id, record } of records) {
    const { point, check, stage } = record.ftl;
    const name = record['service.node.name'];
    if (point !== 'stream.check' || check === undefined || name === undefined) continue;
    const key = `${name}\0${check.stream}`;
    let stream = streams.get(key);
    if (stream === undefined) {
      const kind = record['service.type'] === 'fabric-orderer' ? 'orderer' : 'peer';
      stream = { node: resolve({ name, kind }).id, missing: [], altered: [], read: [] };
      streams.set(key, stream);
    }
    const list = stage === 'missing' ? stream.missing : stage === 'altered' ? stream.altered : stream.read;
    list.push({ ...check, record: id });
  }
  const breaks: StreamBreak[] = [];
  for (const { node, missing, altered, read } of streams.values()) {
    for (const check of altered) breaks.push(breakOf(node, 'altered', check, check.from, check.to));
    const covered: Range[] = read.map(({ from, to }) => [from, to]);
    // What the node told first: the same numbers are not told twice.
    for (const check of missing.toSorted((a, b) => Number(b.told ?? false) - Number(a.told ?? false))) {
      for (const [from, to] of without([check.from, check.to], covered)) {
        breaks.push(breakOf(node, 'missing', check, from, to));
      }
      covered.push([check.from, check.to]);
    }
  }
  return breaks.toSorted(
    (a, b) => order(a.since, b.since) || order(a.record, b.record) || a.from - b.from || order(a.kind, b.kind),
  );
}

function breakOf(node: string, kind: StreamBreak['kind'], check: Check, from: number, to: number): StreamBreak {
  const { stream, since, until, told, fault, record } = check;
  return { node, kind, stream, from, to, since, until, told: told === true, fault: fault ?? null, record };
}

type Range = readonly [from: number, to: number];

/** What is left of a range without the others. */
function without(range: Range, others: readonly Range[]): Range[] {
  let left: Range[] = [range];
  for (const [from, to] of others) {
    left = left.flatMap(([first, last]): Range[] => {
      if (to < first || from > last) return [[first, last]];
      const before: Range[] = first < from ? [[first, from - 1]] : [];
      return to < last ? [...before, [to + 1, last]] : before;
    });
  }
  return left;
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
