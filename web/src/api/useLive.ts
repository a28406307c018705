import { useEffect, useEffectEvent, useState } from 'react';
import { paths } from './client.ts';
import type { TraceSummary } from './types.ts';

export type LiveConnection = 'off' | 'connecting' | 'open';

/** Follows the server's stream of changed traces while `on`; `onGap` tells that some were left out. The browser itself resumes after a broken connection. */
export function useLive(on: boolean, onTrace: (row: TraceSummary) => void, onGap: () => void): LiveConnection {
  const [connection, setConnection] = useState<LiveConnection>('off');
  const receive = useEffectEvent(onTrace);
  const missed = useEffectEvent(onGap);
  useEffect(() => {
    if (!on) return undefined;
    const source = new EventSource(paths.live());
    const told = (event: MessageEvent<string>) => {
      try {
        receive(JSON.parse(event.data) as TraceSummary);
      } catch {
        // A torn event: the next refresh of the list has it.
      }
    };
    const gap = () => missed();
    const opened = () => setConnection('open');
    const broken = () => setConnection('connecting');
    source.addEventListener('trace', told);
    source.addEventListener('gap', gap);
    source.addEventListener('open', opened);
    source.addEventListener('error', broken);
    return () => {
      source.removeEventListener('trace', told);
      source.removeEventListener('gap', gap);
      source.removeEventListener('open', opened);
      source.removeEventListener('error', broken);
      source.close();
      setConnection('off');
    };
  }, [on]);
  return on && connection === 'off' ? 'connecting' : connection;
}
