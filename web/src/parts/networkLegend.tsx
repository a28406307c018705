import { HealthSigns } from './healthSigns.tsx';

/** What the network's picture means. */
export function NetworkLegend({ health }: { readonly health: boolean }) {
  return (
    <span className="legend" aria-hidden="true">
      <Line width={2} /> <Line width={6} words="more transactions" />
      <Line width={3} tone="good" words="no errors" />
      <Line width={3} tone="warn" words="below 5 %" />
      <Line width={3} tone="bad" words="5 % and more" />
      <Line width={2} dash="8 5" words="gossip" />
      <Line width={1.5} dash="2 5" words="quiet" />
      <span>★ leader</span>
      {health && <HealthSigns />}
    </span>
  );
}

interface LineProps {
  readonly width: number;
  readonly tone?: 'good' | 'warn' | 'bad';
  readonly dash?: string;
  readonly words?: string;
}

function Line({ width, tone, dash, words }: LineProps) {
  return (
    <span>
      <svg width="26" height="8" className={tone === undefined ? '' : `${tone}-line`}>
        <line x1="0" x2="26" y1="4" y2="4" strokeWidth={width} strokeDasharray={dash} />
      </svg>
      {words}
    </span>
  );
}
