import type { NodeHealth } from '../api/types.ts';

/** How a node is now, or that nobody looks: never shown by colour alone, `symbol` and `word` say the same. */
export interface HealthLook {
  readonly state: NodeHealth['health'] | 'unwatched';
  readonly tone: 'good' | 'bad' | 'unknown';
  readonly symbol: string;
  readonly word: string;
  readonly plain: string;
}

const LOOKS: Readonly<Record<HealthLook['state'], HealthLook>> = {
  ok: { state: 'ok', tone: 'good', symbol: '✔', word: 'well', plain: 'It answers, and says that it is well.' },
  failing: {
    state: 'failing',
    tone: 'bad',
    symbol: '!',
    word: 'not well',
    plain: 'It answers, and says that something has failed.',
  },
  unreachable: {
    state: 'unreachable',
    tone: 'bad',
    symbol: '✘',
    word: 'no answer',
    plain: 'Its operations service does not answer.',
  },
  unwatched: {
    state: 'unwatched',
    tone: 'unknown',
    symbol: '?',
    word: 'not watched',
    plain: 'FTL was not told where its operations service is, so nothing is known of its health.',
  },
};

export function healthLook(health: NodeHealth['health'] | null | undefined): HealthLook {
  return LOOKS[health ?? 'unwatched'];
}

/** Why a node is as it is, in a line; empty for one that is well. */
export function reasonsOf({ failedChecks, problem }: Pick<NodeHealth, 'failedChecks' | 'problem'>): string {
  const failed = failedChecks.map(({ component, reason }) => `${component}: ${reason}`);
  return [...failed, ...(problem === null ? [] : [problem])].join('; ');
}
