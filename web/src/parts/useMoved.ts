import { useEffect, useEffectEvent, useState } from 'react';
import type { StepRange } from '../model/networkRange.ts';

/** Without another move, milliseconds. */
const REST_MS = 200;

interface Moved {
  readonly to: StepRange;
  /** What was given when the moving began, or since. */
  readonly given: string;
  /** What the owner was told, and has not given back yet. */
  readonly told: readonly string[];
}

const textOf = (steps: StepRange) => steps.join('-');

/**
 * A range that moves at once under the hand, and of which the owner is told when it rests; what the owner then gives, which may be a while
 * later, takes nothing back that was moved meanwhile. What the owner gives of its own accord counts more.
 */
export function useMoved(
  steps: StepRange,
  onRest: (steps: StepRange) => void,
): [shown: StepRange, move: (to: StepRange) => void] {
  const [moved, setMoved] = useState<Moved | null>(null);
  const given = textOf(steps);
  if (moved !== null && moved.given !== given) {
    const answered = moved.told.indexOf(given);
    const done = answered < 0 || textOf(moved.to) === given;
    setMoved(done ? null : { ...moved, given, told: moved.told.slice(answered + 1) });
  }
  const rested = useEffectEvent(({ to }: Moved) => {
    setMoved((now) => now && { ...now, told: [...now.told, textOf(to)] });
    onRest(to);
  });
  useEffect(() => {
    if (moved === null || moved.told.at(-1) === textOf(moved.to)) return undefined;
    const timer = setTimeout(() => rested(moved), REST_MS);
    return () => clearTimeout(timer);
  }, [moved]);
  const move = (to: StepRange) => setMoved((now) => ({ to, given, told: now?.told ?? [] }));
  return [moved?.given === given ? moved.to : steps, move];
}
