/* oxlint-disable jsx-a11y/prefer-tag-over-role -- SVG and canvas have no such tags. */
import { Button, Slider } from 'antd';
import { ALL_STEPS, type StepCount, type StepRange, STEPS, windowOfSteps } from '../model/networkRange.ts';
import type { TimeWindow } from '../model/range.ts';
import { formatWhen, isoOf } from '../model/time.ts';
import { useMoved } from './useMoved.ts';

interface Props {
  readonly reach: TimeWindow;
  readonly steps: StepRange;
  readonly onSteps: (steps: StepRange) => void;
  /** Of each step. */
  readonly counts: readonly StepCount[];
  readonly playing: boolean;
  readonly onPlay: (playing: boolean) => void;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const HEIGHT = 40;

/** The time that is shown, as a part of the slider's: the ends move it wider, its middle moves it along, play runs it. */
export function TimeSlider({ reach, steps, onSteps, counts, playing, onPlay, now }: Props) {
  const most = Math.max(1, ...counts.map(({ all }) => all));
  const [[first, end], move] = useMoved(steps, onSteps);
  const timeOf = (step: number) => formatWhen(isoOf(windowOfSteps(reach, [0, step]).to), now).replace(/\.\d+$/, '');
  const shown = windowOfSteps(reach, [first, end]);
  const whole = first === ALL_STEPS[0] && end === ALL_STEPS[1];
  return (
    <div className="time-slider">
      <Button
        onClick={() => onPlay(!playing)}
        aria-label={playing ? 'Pause' : 'Play the time from left to right'}
        aria-pressed={playing}
      >
        <span aria-hidden="true">{playing ? '❚❚' : '▶'}</span> {playing ? 'Pause' : 'Play'}
      </Button>
      <div className="time-track">
        <svg
          viewBox={`0 0 ${STEPS} ${HEIGHT}`}
          preserveAspectRatio="none"
          height={HEIGHT}
          role="img"
          aria-label={`Transactions over the time: ${counts.reduce((sum, { all }) => sum + all, 0)} in all`}
        >
          {counts.map(({ all, invalid }, step) => {
            const chosen = step >= first && step < end;
            const height = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * HEIGHT));
            return (
              // oxlint-disable-next-line react/no-array-index-key -- A bar is its step.
              <g key={step} className={chosen ? 'chosen' : ''}>
                <rect x={step + 0.1} width={0.8} y={HEIGHT - height(all)} height={height(all)} className="bar" />
                <rect
                  x={step + 0.1}
                  width={0.8}
                  y={HEIGHT - height(invalid)}
                  height={height(invalid)}
                  className="invalid"
                />
              </g>
            );
          })}
        </svg>
        <Slider
          range={{ draggableTrack: true }}
          min={0}
          max={STEPS}
          value={[first, end]}
          onChange={(ends: number[]) => {
            const [from = 0, to = STEPS] = ends;
            if (from < to) move([from, to]);
          }}
          // The times stand below, where they cover nothing.
          tooltip={{ formatter: null }}
          ariaLabelForHandle={['Shown from', 'Shown until']}
          ariaValueTextFormatterForHandle={[timeOf, timeOf]}
        />
        <p className="time-words">
          <span>{timeOf(0)}</span>
          <output className="shown-time" data-from={shown.from} data-to={shown.to}>
            {whole ? 'all of it is shown' : `shown: ${timeOf(first)} to ${timeOf(end)}`}
          </output>
          <span>{timeOf(STEPS)}</span>
        </p>
      </div>
    </div>
  );
}
