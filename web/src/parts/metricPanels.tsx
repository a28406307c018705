import { type ReactNode, useId, useState } from 'react';
import { aligned, type ChartPanel, factsOf, formatValue, hasValues, nearest, UNIT_NAMES } from '../model/panel.ts';
import type { TimeWindow } from '../model/range.ts';
import { formatClock, formatDateTime, isoOf } from '../model/time.ts';
import { PALETTES, useDark } from '../theme.ts';
import { LineChart, strokeOf } from './lineChart.tsx';

/** A last value that is older is told with its time. */
const OLD_STEPS = 5;

interface Props {
  readonly panels: readonly ChartPanel[];
  readonly window: TimeWindow;
  readonly stepMs: number;
  readonly mark?: TimeWindow;
  readonly markName?: string;
  /** What stands on the left of the time that is pointed at. */
  readonly children?: ReactNode;
}

/** Charts over one time with one cursor: pointing at one of them, or moving the slider, shows the values of that time in all. */
export function MetricPanels({ panels, window, stepMs, mark, markName, children }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const slider = useId();
  const shown = panels.filter(({ lines }) => lines.some(hasValues));
  const silent = panels.filter((panel) => !shown.includes(panel));
  const steps = Math.max(1, Math.round((window.to - window.from) / stepMs));
  // What is pointed at may have gone, when the charts move on with the time.
  const here = at === null || at < window.from || at > window.to ? null : at;
  const position = here === null ? steps : Math.round((here - window.from) / stepMs);
  return (
    <div className="metric-panels">
      <div className="metric-bar">
        {children}
        <label htmlFor={slider} className="metric-cursor">
          <span>{here === null ? 'latest values' : `values at ${formatClock(isoOf(here)).slice(0, 8)}`}</span>
          <input
            id={slider}
            type="range"
            min={0}
            max={steps}
            value={position}
            aria-label="Time whose values are shown"
            aria-valuetext={here === null ? 'the latest values' : formatDateTime(isoOf(here))}
            onChange={(event) => {
              const step = Number(event.target.value);
              setAt(step >= steps ? null : window.from + step * stepMs);
            }}
          />
        </label>
        {mark && (
          <span className="mark-key">
            <i aria-hidden="true" /> {markName}
          </span>
        )}
      </div>
      <div className="charts">
        {shown.map((panel) => (
          <Panel key={panel.id} panel={panel} window={window} stepMs={stepMs} mark={mark} at={here} onAt={setAt} />
        ))}
      </div>
      {silent.length > 0 && (
        <p className="muted silent">
          Nothing was told in this time of:{' '}
          {silent.map(({ id, title, metric }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <span title={metric}>{title.replace(/^[A-Z]/, (letter) => letter.toLowerCase())}</span>
            </span>
          ))}
          .
        </p>
      )}
    </div>
  );
}

interface PanelProps {
  readonly panel: ChartPanel;
  readonly window: TimeWindow;
  readonly stepMs: number;
  readonly mark: TimeWindow | undefined;
  readonly at: number | null;
  readonly onAt: (at: number | null) => void;
}

function Panel({ panel, window, stepMs, mark, at, onAt }: PanelProps) {
  const palette = PALETTES[useDark() ? 'dark' : 'light'];
  const { times, values } = aligned(panel.lines);
  const index = at === null ? null : nearest(times, at);
  return (
    <figure className="metric-panel" data-panel={panel.id}>
      <figcaption title={panel.metric}>
        {panel.title}
        {panel.of !== undefined && <span> {panel.of}</span>}
        {UNIT_NAMES[panel.unit] !== '' && <span className="muted">, {UNIT_NAMES[panel.unit]}</span>}
      </figcaption>
      <LineChart panel={panel} window={window} mark={mark} at={at} onAt={onAt} />
      <ul className="chart-legend">
        {panel.lines.map((line, number) => {
          const { colour, dash } = strokeOf(line.look ?? number, palette);
          const facts = factsOf(line);
          const value = index === null ? (facts?.last ?? null) : (values[number]?.[index] ?? null);
          const old = index === null && facts !== null && facts.lastAt < window.to - OLD_STEPS * stepMs;
          return (
            <li key={line.name}>
              <svg width="18" height="8" aria-hidden="true">
                <line x1="0" x2="18" y1="4" y2="4" stroke={colour} strokeWidth="2.5" strokeDasharray={dash.join(' ')} />
              </svg>
              {line.name !== '' && <span className="line-name">{line.name}</span>}
              <b>{formatValue(value, panel.unit)}</b>
              {old && <span className="muted"> at {formatClock(isoOf(facts.lastAt)).slice(0, 8)}</span>}
            </li>
          );
        })}
        {panel.more > 0 && <li className="muted">and {panel.more} more, not shown</li>}
      </ul>
    </figure>
  );
}
