import { Segmented, Select } from 'antd';
import { useChannels } from '../api/queries.ts';
import { CALL_KINDS, type CallKind } from '../model/calls.ts';
import { ALL_STEPS, type NetworkRange, REACHES } from '../model/networkRange.ts';

const SHOWS = ['all', ...CALL_KINDS] as const;
export type Show = 'all' | CallKind;

/** As the page's address has it. */
export const showOf = (params: { get(name: string): string | null }): Show =>
  SHOWS.find((one) => one === params.get('show')) ?? 'all';

interface Props {
  readonly channel: string | null;
  readonly show: Show;
  readonly range: NetworkRange;
  /** Into the page's address. */
  readonly put: (changes: Readonly<Record<string, string | null>>) => void;
  readonly onRange: (range: Partial<NetworkRange>) => void;
}

/** What of the network is shown: which channel, which calls, and how much time. */
export function NetworkChoices({ channel, show, range, put, onRange }: Props) {
  const channels = useChannels();
  const names = (channels.data?.items ?? []).map((one) => one.channel);
  // What is chosen is always among the choices.
  const listed = channel === null || names.includes(channel) ? names : [...names, channel];
  return (
    <div className="network-choices">
      <h1>Network</h1>
      <Select
        aria-label="Channel"
        value={channel ?? ''}
        onChange={(value) => put({ channel: value === '' ? null : value, node: null, call: null })}
        options={[{ value: '', label: 'all channels' }, ...listed.map((value) => ({ value, label: value }))]}
        popupMatchSelectWidth={false}
      />
      <Segmented
        aria-label="Which calls"
        value={show}
        onChange={(value) => put({ show: value === 'all' ? null : value, call: null })}
        options={[...SHOWS]}
      />
      <Segmented
        aria-label="Time of the slider"
        value={range.reach}
        onChange={(reach) => onRange({ reach, steps: ALL_STEPS })}
        options={REACHES.map(({ key, label }) => ({ value: key, label }))}
      />
      {range.until !== null && (
        <button type="button" className="to-now" onClick={() => onRange({ until: null, steps: ALL_STEPS })}>
          back to the newest
        </button>
      )}
    </div>
  );
}
