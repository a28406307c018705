import type { Item } from './evidence.ts';

/**
 * Corrects clocks from cause before effect. Every pair "a happened before b" of two nodes bounds the difference of their clocks;
 * where a bound is broken, the smallest shifts that mend all bounds are applied to whole nodes.
 */
export interface Clocks {
  /** Node ID → microseconds to add to its times; nodes that need none are absent. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Records that break a bound by their raw times. */
  readonly broken: readonly string[];
}

/** Console logs have whole milliseconds, cut off: an effect may read up to 1 ms before its cause. */
export const TOLERANCE_US = 1000;

interface Bound {
  /** offset(after) − offset(before) ≥ least. */
  readonly before: number;
  readonly after: number;
  readonly least: number;
}

export class CausalOrder {
  readonly #nodes: string[] = [];
  readonly #bounds: Bound[] = [];
  readonly #broken: string[] = [];

  /** `cause` happened before `effect`; `lead` microseconds before it was written down. Nulls say nothing. */
  before(cause: Item | null, effect: Item | null): void {
    if (cause === null || effect === null || cause.clock === null || effect.clock === null) return;
    if (cause.clock.id === effect.clock.id) return;
    const least = cause.at - effect.at - TOLERANCE_US;
    this.#bounds.push({ before: this.#node(cause.clock.id), after: this.#node(effect.clock.id), least });
    if (least > 0) this.#broken.push(cause.id, effect.id);
  }

  #node(id: string): number {
    const at = this.#nodes.indexOf(id);
    return at >= 0 ? at : this.#nodes.push(id) - 1;
  }

  solve(): Clocks {
    if (this.#broken.length === 0) return NO_CORRECTION;
    // By name, so that the answer does not depend on which record came first.
    const order = this.#nodes.map((_, at) => at).toSorted((a, b) => (this.#nodes[a]! < this.#nodes[b]! ? -1 : 1));
    const rank: number[] = [];
    order.forEach((node, at) => (rank[node] = at));
    const bounds = this.#bounds.map((bound) => ({
      before: rank[bound.before]!,
      after: rank[bound.after]!,
      least: bound.least,
    }));
    const offsets = solveOffsets(order.length, bounds);
    const named = new Map<string, number>();
    offsets.forEach((offset, at) => {
      if (offset !== 0) named.set(this.#nodes[order[at]!]!, offset);
    });
    return { offsets: named, broken: [...new Set(this.#broken)].toSorted() };
  }
}

const NO_CORRECTION: Clocks = { offsets: new Map(), broken: [] };

/**
 * Offsets of `count` nodes that mend all bounds, with few and small shifts: single nodes first (one clock that is off is the
 * usual case), then chains pushed forward or back. Three candidates, the smallest that mends everything wins. Where the bounds
 * contradict each other (a clock that jumped in the middle) the best found stays.
 */
export function solveOffsets(count: number, bounds: readonly Bound[]): number[] {
  const greedy = moveSingleNodes(zeros(count), bounds);
  const candidates = [
    greedy,
    push([...greedy], bounds, 1),
    push([...greedy], bounds, -1),
    push(zeros(count), bounds, 1),
    push(zeros(count), bounds, -1),
  ].map((offsets) => shrink(offsets, bounds));
  let best = candidates[0]!;
  for (const candidate of candidates) {
    const [left, bestLeft] = [violation(candidate, bounds), violation(best, bounds)];
    if (left < bestLeft || (left === bestLeft && size(candidate) < size(best))) best = candidate;
  }
  return best;
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const size = (offsets: readonly number[]) => offsets.reduce((sum, offset) => sum + Math.abs(offset), 0);

function violation(offsets: readonly number[], bounds: readonly Bound[]): number {
  let sum = 0;
  for (const { before, after, least } of bounds) sum += Math.max(0, least - offsets[after]! + offsets[before]!);
  return sum;
}

function violationOf(node: number, offset: number, offsets: readonly number[], bounds: readonly Bound[]): number {
  let sum = 0;
  for (const { before, after, least } of bounds) {
    if (before === node) sum += Math.max(0, least - offsets[after]! + offset);
    else if (after === node) sum += Math.max(0, least - offset + offsets[before]!);
  }
  return sum;
}

/** Moves one node at a time to where most is mended, as long as that helps; of equals the one that fewer others vouch for. */
function moveSingleNodes(offsets: number[], bounds: readonly Bound[]): number[] {
  const vouchers = offsets.map(
    (_, node) => bounds.filter(({ before, after }) => before === node || after === node).length,
  );
  for (let round = 0; round < offsets.length * 4; round++) {
    let best = { node: -1, offset: 0, gain: 0 };
    for (let node = 0; node < offsets.length; node++) {
      const now = violationOf(node, offsets[node]!, offsets, bounds);
      if (now === 0) continue;
      for (const { before, after, least } of bounds) {
        if (before !== node && after !== node) continue;
        const offset = before === node ? offsets[after]! - least : offsets[before]! + least;
        const gain = now - violationOf(node, offset, offsets, bounds);
        if (gain <= 0 || gain < best.gain) continue;
        const isBetter =
          gain > best.gain ||
          smaller(offset, best.offset) ||
          (!smaller(best.offset, offset) && vouchers[node]! < vouchers[best.node]!);
        if (isBetter) {
          best = { node, offset, gain };
        }
      }
    }
    if (best.node < 0) break;
    offsets[best.node] = best.offset;
  }
  return offsets;
}

const smaller = (a: number, b: number) => Math.abs(a) < Math.abs(b);

/** Bellman-Ford: effects forward (1) or causes back (-1) until nothing is broken. */
function push(offsets: number[], bounds: readonly Bound[], direction: 1 | -1): number[] {
  for (let round = 0; round <= offsets.length; round++) {
    let moved = false;
    for (const { before, after, least } of bounds) {
      if (offsets[after]! - offsets[before]! >= least) continue;
      if (direction === 1) offsets[after] = offsets[before]! + least;
      else offsets[before] = offsets[after]! - least;
      moved = true;
    }
    if (!moved) break;
  }
  return offsets;
}

/** Takes each node as near to zero as the others allow. */
function shrink(offsets: number[], bounds: readonly Bound[]): number[] {
  for (let round = 0; round < 3; round++) {
    let moved = false;
    for (let node = 0; node < offsets.length; node++) {
      let [low, high] = [-Infinity, Infinity];
      for (const { before, after, least } of bounds) {
        if (after === node) low = Math.max(low, offsets[before]! + least);
        else if (before === node) high = Math.min(high, offsets[after]! - least);
      }
      const nearest = Math.min(Math.max(0, low), high);
      if (low > high || nearest === offsets[node]) continue;
      if (Math.abs(nearest) < Math.abs(offsets[node]!)) {
        offsets[node] = nearest;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return offsets;
}
