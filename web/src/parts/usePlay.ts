import { useEffect, useEffectEvent, useState } from 'react';
import { nextSteps, type StepRange } from '../model/networkRange.ts';

/** Between two steps, milliseconds; more where an answer takes longer. */
const PLAY_MS = 900;

/**
 * Moves on by a step at a time, until the end.
 * @param shown the steps whose answer is on the screen; null while it is waited for
 */
export function usePlay(
  shown: StepRange | null,
  onSteps: (steps: StepRange) => void,
): [playing: boolean, setPlaying: (playing: boolean) => void] {
  const [playing, setPlaying] = useState(false);
  const place = shown?.join('-');
  const move = useEffectEvent(() => {
    const next = shown === null ? null : nextSteps(shown);
    if (next === null) setPlaying(false);
    else onSteps(next);
  });
  useEffect(() => {
    if (!playing || place === undefined) return undefined;
    const timer = setTimeout(() => move(), PLAY_MS);
    return () => clearTimeout(timer);
  }, [playing, place]);
  return [playing, setPlaying];
}
