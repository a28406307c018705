import type { LogSpecState } from '../api/types.ts';
import { formatClock, formatDuration } from './time.ts';

/** Minutes for which a node may log otherwise. */
export const MINUTES = [5, 10, 30, 60, 240] as const;

export interface LogSpecChoice {
  readonly label: string;
  readonly spec: string;
}

/** What one wants to know more about, as a specification (docs/reference/logging-spec.md). */
export const LOG_SPEC_CHOICES: Readonly<Record<'peer' | 'orderer', readonly LogSpecChoice[]>> = {
  peer: [
    { label: 'endorsements', spec: 'endorser=debug:info' },
    { label: 'gateway', spec: 'gateway=debug:info' },
    { label: 'gossip', spec: 'gossip=debug:info' },
    { label: 'blocks from orderers', spec: 'peer.blocksprovider=debug:info' },
    { label: 'everything', spec: 'debug' },
  ],
  orderer: [
    { label: 'broadcasts', spec: 'orderer.common.broadcast=debug:info' },
    { label: 'consensus', spec: 'orderer.consensus=debug:info' },
    { label: 'blocks sent out', spec: 'common.deliver=debug:info' },
    { label: 'everything', spec: 'debug' },
  ],
};

export const costsMuch = (spec: string): boolean => /\bdebug\b/i.test(spec);

/** Until when what holds, and what comes after, or why it did not; null for a specification that stays. */
export function changeWords({ change }: Pick<LogSpecState, 'change'>, nowMillis: number): string | null {
  if (change === null) return null;
  if (change.problem !== null) {
    return `Changed by ${change.by}. ${change.restores} was to come back, and could not be set: ${change.problem}. FTL tries again.`;
  }
  const left = Math.max(0, Date.parse(change.until) - nowMillis);
  const minutes = Math.round(left / 60_000);
  const rest = minutes === 0 ? 'less than a minute' : formatDuration(minutes * 60e6).replace(' 0 s', '');
  const until = formatClock(change.until).slice(0, 5);
  return `Changed by ${change.by} until ${until}, ${rest} from now; then ${change.restores} comes back.`;
}
