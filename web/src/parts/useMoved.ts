import { useEffect, useEffectEvent, useReducer } from 'react';
import type { StepRange } from '../model/networkRange.ts';

/** Without another move, milliseconds. */
const REST_MS = 200;

interface Moved {
  readonly to: StepRange;
  /** What is given now, and what the owner was told that it has not given yet. */
  readonly expected: readonly string[];
}

type Change = { readonly what: 'moved' | 'told'; readonly to: StepRange } | { readonly what: 'given' };

const textOf = (steps: StepRange) => steps.join('-');

/**
 * A range that moves at once under the hand, and of which the owner is told when it rests; what the owner then gives, which may be a while
 * later, takes nothing back that was moved meanwhile. What the owner gives of its own accord counts more.
 */
export function useMoved(
  steps: StepRange,
  onRest: (steps: StepRange) => void,
): [shown: StepRange, move: (to: StepRange) => void] {
  const given = textOf(steps);
  // `given` is that of the render in which the change is made: the handler may stem from a render that is not to be seen yet.
  const [moved, change] = useReducer((now: Moved | null, made: Change): Moved | null => {
    const at = now?.expected.indexOf(given) ?? -1;
    const own = now === null || at < 0 ? null : { ...now, expected: now.expected.slice(at) };
    if (made.what === 'given') return own;
    if (made.what === 'moved') return { to: made.to, expected: own?.expected ?? [given] };
    return own && { ...own, expected: [...own.expected, textOf(made.to)] };
  }, null);
  if (moved !== null && moved.expected[0] !== given) change({ what: 'given' });
  const rested = useEffectEvent((to: StepRange) => {
    change({ what: 'told', to });
    onRest(to);
  });
  useEffect(() => {
    if (moved === null || moved.expected.at(-1) === textOf(moved.to)) return undefined;
    const timer = setTimeout(() => rested(moved.to), REST_MS);
    return () => clearTimeout(timer);
  }, [moved]);
  return [moved?.expected[0] === given ? moved.to : steps, (to) => change({ what: 'moved', to })];
}
