/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a canvas has no such tag. */
import { useEffect, useEffectEvent, useLayoutEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import {
  type Aligned,
  aligned,
  axisRange,
  type ChartPanel,
  describe,
  formatTick,
  LINE_COLOURS,
  tickSteps,
} from '../model/panel.ts';
import type { TimeWindow } from '../model/range.ts';
import { formatClock } from '../model/time.ts';
import { type Palette, PALETTES, useDark } from '../theme.ts';
import { useWidth } from './useWidth.ts';

const HEIGHT = 132;
const AXIS_FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
/** Of the width of a chart. */
const AT_THE_END = 0.07;
const DAY_MS = 24 * 3_600_000;
const SECOND_MS = 1000;
const TIME_STEPS = [
  ...[5, 10, 30, 60, 120, 300, 600, 900, 1800].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * 3600 * SECOND_MS),
];

/** Colour and dashes of a line: the same in the picture and in its legend. */
export function strokeOf(index: number, palette: Palette): { readonly colour: string; readonly dash: number[] } {
  const dash = [[], [6, 4], [2, 3]][Math.floor(index / LINE_COLOURS) % 3] ?? [];
  return { colour: palette.lines[index % LINE_COLOURS] ?? palette.text, dash };
}

interface Props {
  readonly panel: ChartPanel;
  readonly window: TimeWindow;
  /** A time that is marked. */
  readonly mark?: TimeWindow | undefined;
  /** Milliseconds since 1970 where the cursor of all charts stands; null for none. */
  readonly at: number | null;
  readonly onAt: (at: number | null) => void;
}

/** One small chart. It says in a sentence what it shows; its legend stands beside it. */
export function LineChart({ panel, window, mark, at, onAt }: Props) {
  const palette = PALETTES[useDark() ? 'dark' : 'light'];
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const width = useWidth(box);
  const data = useMemo(() => aligned(panel.lines), [panel.lines]);
  const pointed = useEffectEvent((moved: uPlot) => {
    // Only what a person does: it is also set for them, when another chart is pointed at.
    if ((moved.cursor.event ?? null) === null) return;
    const index = moved.cursor.idx ?? null;
    onAt(index === null ? null : (data.times[index] ?? null));
  });

  // What a chart is made of; with the same of it, new values go into the one that is there.
  const { unit, id } = panel;
  const looks = JSON.stringify(panel.lines.map((line, index) => line.look ?? index));
  const drawn = useRef({ data, window, mark });
  useLayoutEffect(() => {
    drawn.current = { data, window, mark };
  });
  useLayoutEffect(() => {
    if (box.current === null || width === 0) return undefined;
    const steps = tickSteps(unit);
    const axis = {
      font: AXIS_FONT,
      stroke: palette.muted,
      ticks: { show: false },
      grid: { stroke: palette.grid, width: 1 },
    };
    const made = new uPlot(
      {
        width,
        height: HEIGHT,
        ms: 1,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { time: true, range: () => [drawn.current.window.from, drawn.current.window.to] },
          y: { range: (_, lowest, highest) => axisRange(lowest, highest, unit, id) },
        },
        series: [
          {},
          ...(JSON.parse(looks) as number[]).map((look) => {
            const { colour, dash } = strokeOf(look, palette);
            return { stroke: colour, dash, width: 1.6, points: { show: lone, size: 4, fill: colour } };
          }),
        ],
        axes: [
          {
            ...axis,
            space: 56,
            size: 26,
            incrs: TIME_STEPS,
            values: (chart, ticks, _, __, step) => ticks.map((tick) => clock(chart, tick, step)),
          },
          {
            ...axis,
            size: 62,
            space: 24,
            ...(steps === undefined ? {} : { incrs: steps }),
            values: (_, ticks) => ticks.map((tick) => formatTick(tick, unit)),
          },
        ],
        hooks: {
          setCursor: [(moved) => pointed(moved)],
          drawAxes: [(chart) => drawMark(chart, drawn.current.mark, palette)],
        },
      },
      dataOf(drawn.current.data),
      box.current,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [looks, unit, id, palette, width]);

  useLayoutEffect(() => {
    plot.current?.setData(dataOf(data));
  }, [data]);
  const { from, to } = window;
  useLayoutEffect(() => {
    plot.current?.setScale('x', { min: from, max: to });
  }, [from, to]);

  useEffect(() => {
    const left = at === null || plot.current === null ? -10 : plot.current.valToPos(at, 'x');
    plot.current?.setCursor({ left, top: at === null ? -10 : 1 }, false);
  });

  return <div className="chart-canvas" role="img" aria-label={describe(panel)} ref={box} style={{ height: HEIGHT }} />;
}

const dataOf = ({ times, values }: Aligned): uPlot.AlignedData => [[...times], ...values.map((line) => [...line])];

/** Points of a line that has gaps on both sides would not be seen; of so few, all are shown. */
function lone(chart: uPlot, series: number): boolean {
  const values = chart.data[series] ?? [];
  let alone = 0;
  for (let at = 0; at < values.length; at++) {
    const [before, value, after] = [values[at - 1], values[at], values[at + 1]];
    if (value !== null && value !== undefined && (before ?? null) === null && (after ?? null) === null) alone++;
  }
  return alone > 0;
}

/** Empty at the right end, where it would be cut off. */
function clock(chart: uPlot, tick: number, step: number): string {
  const { min, max } = chart.scales['x'] ?? {};
  if (typeof min === 'number' && typeof max === 'number' && (max - tick) / (max - min) < AT_THE_END) return '';
  const iso = new Date(tick).toISOString();
  const time = formatClock(iso);
  if (step >= DAY_MS) return `${new Date(tick).getMonth() + 1}-${new Date(tick).getDate()}`;
  return time.slice(0, step < 60_000 ? 8 : 5);
}

function drawMark(chart: uPlot, mark: TimeWindow | undefined, palette: Palette): void {
  if (mark === undefined) return;
  const { ctx, bbox } = chart;
  const least = 2 * devicePixelRatio;
  const [left, right] = [chart.valToPos(mark.from, 'x', true), chart.valToPos(mark.to, 'x', true)];
  const start = Math.max(bbox.left, Math.min(left, (left + right - least) / 2));
  const end = Math.min(bbox.left + bbox.width, Math.max(right, start + least));
  if (end <= start) return;
  ctx.save();
  ctx.fillStyle = palette.accent;
  ctx.globalAlpha = 0.28;
  ctx.fillRect(start, bbox.top, end - start, bbox.height);
  ctx.globalAlpha = 1;
  // A flag on top, since the span itself may be a hair's breadth.
  ctx.beginPath();
  const [middle, size] = [(start + end) / 2, 4 * devicePixelRatio];
  ctx.moveTo(middle - size, bbox.top - size);
  ctx.lineTo(middle + size, bbox.top - size);
  ctx.lineTo(middle, bbox.top + size / 2);
  ctx.fill();
  ctx.restore();
}
