/* oxlint-disable jsx-a11y/prefer-tag-over-role -- SVG and canvas have no such tags. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Trace } from '../api/types.ts';
import { namesOf, sentencesOf } from '../model/sentences.ts';
import { formatDuration } from '../model/time.ts';
import { type Bar, type Row, timelineOf } from '../model/timeline.ts';

const LANE = 18;
const ROW_PAD = 8;
const AXIS = 24;
const NAMES = 150;
const LEAST_BAR = 5;

/** Rows one below the other, as high as their lanes need. */
function stacked(rows: readonly Row[]) {
  let bottom = AXIS;
  const placed = rows.map((row) => {
    const top = bottom;
    const height = row.lanes * LANE + ROW_PAD * 2;
    bottom += height;
    return { row, top, height };
  });
  return { rows: placed, bottom };
}

interface Props {
  readonly trace: Trace;
  readonly selected: number | null;
  readonly onSelect: (seq: number | null) => void;
}

/** When it happened: a row a participant, bars where it worked, hatching where it waited, the critical path underlined. */
export function TimelineView({ trace, selected, onSelect }: Props) {
  const timeline = useMemo(() => timelineOf(trace), [trace]);
  const names = useMemo(() => namesOf(trace), [trace]);
  const sentences = useMemo(
    () => new Map(sentencesOf(trace).map((sentence) => [sentence.seq, sentence.text])),
    [trace],
  );
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useEffect(() => {
    if (box.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(420, Math.floor(entry?.contentRect.width ?? 900))),
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  if (timeline.rows.length === 0) {
    return (
      <p className="muted pad">
        No times are known: nobody’s log tells when this happened. The order and the outcome come from the block.
      </p>
    );
  }
  const inner = width - NAMES - 40;
  const x = (share: number) => NAMES + share * inner;
  const { rows, bottom: y } = stacked(timeline.rows);
  const barOf = (bar: Bar, top: number, lanes: number) => {
    const left = x(bar.from);
    const long = Math.max(LEAST_BAR, x(bar.to) - left);
    const barTop = top + ROW_PAD + bar.lane * LANE + 2;
    const room = lanes === 1 ? LANE - 4 : LANE - 5;
    const on = bar.seq === selected;
    const label = sentences.get(bar.seq) ?? `hand-over ${bar.seq}`;
    const choose = () => onSelect(on ? null : bar.seq);
    return (
      <g
        key={bar.seq}
        className={`bar ${bar.tone} ${bar.kind}${on ? ' selected' : ''}`}
        role="button"
        tabIndex={0}
        aria-label={label}
        aria-pressed={on}
        data-seq={bar.seq}
        onClick={choose}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          choose();
        }}
      >
        <title>{label}</title>
        <rect className="bar-hit" x={left - 4} y={barTop - 3} width={long + 26} height={room + 6} />
        {bar.kind === 'work' ? (
          <rect className="bar-fill" x={left} y={barTop} width={long} height={room} rx="2" />
        ) : (
          <path
            className="bar-fill"
            d={`M${left} ${barTop - 1} l6 ${room / 2 + 1} l-6 ${room / 2 + 1} l-6 ${-room / 2 - 1} z`}
          />
        )}
        {bar.critical && <rect className="critical" x={left - 1} y={barTop + room + 2} width={long + 2} height="2" />}
        <text x={left + (bar.kind === 'mark' ? 9 : long + 4)} y={barTop + room - 3}>
          {bar.seq}
        </text>
      </g>
    );
  };
  return (
    <div className="timeline" ref={box}>
      <svg
        width={width}
        height={y + 6}
        role="group"
        aria-label={`Timeline over ${formatDuration(timeline.durationUs)}`}
      >
        <defs>
          <pattern id="waiting" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <line className="hatch" x1="0" y1="0" x2="0" y2="6" />
          </pattern>
        </defs>
        {timeline.ticks.map((tick) => (
          <g key={tick.at} className="tick">
            <line x1={x(tick.at)} x2={x(tick.at)} y1={AXIS - 5} y2={y} />
            <text x={x(tick.at) + 3} y={13}>
              {tick.label}
            </text>
          </g>
        ))}
        {timeline.folds.map((fold) => (
          <g key={fold.from} className="fold">
            <rect x={x(fold.from)} y={AXIS - 5} width={x(fold.to) - x(fold.from)} height={y - AXIS + 5} />
            <text x={(x(fold.from) + x(fold.to)) / 2} y={13}>
              {`// ${formatDuration(fold.durationUs)} //`}
            </text>
            <title>{`In these ${formatDuration(fold.durationUs)} nothing happened; they are drawn shorter.`}</title>
          </g>
        ))}
        {rows.map(({ row, top, height }) => (
          <g key={row.id}>
            <line className="row-line" x1="0" x2={width} y1={top} y2={top} />
            <text className="row-name" x="8" y={top + height / 2 + (row.clockOffsetUs === null ? 4 : -1)}>
              {names.get(row.id) ?? row.id}
              <title>{row.id}</title>
            </text>
            {row.clockOffsetUs !== null && (
              <text className="clock" x="8" y={top + height / 2 + 11}>
                clock {row.clockOffsetUs < 0 ? '' : '+'}
                {formatDuration(row.clockOffsetUs)} corrected
              </text>
            )}
            {row.waits.map((wait) => (
              <g key={`${wait.from}`}>
                <rect
                  className="wait"
                  x={x(wait.from)}
                  y={top + ROW_PAD + 4}
                  width={Math.max(0, x(wait.to) - x(wait.from))}
                  height={row.lanes * LANE - 8}
                />
                <title>{wait.label}</title>
                {(wait.to - wait.from) * inner > wait.label.length * 6 + 40 && (
                  <text className="wait-label" x={(x(wait.from) + x(wait.to)) / 2} y={top + height / 2 + 4}>
                    {wait.label}
                  </text>
                )}
              </g>
            ))}
            {row.bars.map((bar) => barOf(bar, top, row.lanes))}
          </g>
        ))}
      </svg>
      <p className="timeline-foot">
        <span>
          <i className="key work" /> at work
        </span>
        <span>
          <i className="key wait" /> waiting
        </span>
        <span>◆ a moment</span>
        <span>
          <i className="key critical" /> critical path: what the result waited for
        </span>
        {timeline.untimed.length > 0 && <span>no time is known of {timeline.untimed.join(', ')}</span>}
      </p>
    </div>
  );
}
