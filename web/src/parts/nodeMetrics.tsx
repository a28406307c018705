import { DatePicker, Segmented, Skeleton } from 'antd';
import dayjs from 'dayjs';
import { lazy, type ReactNode, Suspense } from 'react';
import { useNodeMetrics } from '../api/monitoring.ts';
import type { MonitoringState, NodeMetrics as Metrics } from '../api/types.ts';
import { whyNothing } from '../model/aroundTrace.ts';
import { hasValues } from '../model/panel.ts';
import { type ChartRange, knownPart, RANGES, windowOf } from '../model/range.ts';
import { formatDateTime, formatWhen } from '../model/time.ts';
import { InlineError } from './inlineError.tsx';
import { useNow } from './useNow.ts';

// The charts' library: only who looks at metrics loads it.
const MetricPanels = lazy(async () => ({ default: (await import('./metricPanels.tsx')).MetricPanels }));

interface Props {
  readonly id: string;
  readonly range: ChartRange;
  readonly onRange: (range: ChartRange) => void;
  readonly monitoring: MonitoringState | undefined;
}

/** What a node tells over time, in small charts. */
export function NodeMetrics({ id, range, onRange, monitoring }: Props) {
  const metrics = useNodeMetrics(id, `${range.key} ${range.around ?? 'now'}`, () => windowOf(range, Date.now()));
  const choice = (
    <div className="range-choice">
      <Segmented
        aria-label="How much time"
        size="small"
        options={RANGES.map(({ key, label }) => ({ value: key, label }))}
        value={range.key}
        onChange={(key) => onRange({ ...range, key })}
      />
      <DatePicker
        aria-label="Around a time instead of up to now"
        size="small"
        showTime
        placeholder="up to now"
        value={range.around === null ? null : dayjs(range.around)}
        onChange={(day) => onRange({ ...range, around: day === null ? null : day.valueOf() })}
      />
    </div>
  );
  return (
    <section className="panel pad metrics" aria-labelledby="h-metrics">
      <div className="metrics-head">
        <h2 id="h-metrics">Metrics</h2>
        {metrics.data && <Source metrics={metrics.data} />}
      </div>
      {metrics.isError && (
        <InlineError
          error={metrics.error}
          onRetry={() => void metrics.refetch()}
          {...(metrics.data === undefined ? {} : { rest: `Below is what came at ${whenOf(metrics.data.to)}.` })}
        />
      )}
      {metrics.data === undefined ? (
        <>
          {choice}
          {metrics.isPending && <ChartSkeleton />}
        </>
      ) : (
        <Charts metrics={metrics.data} monitoring={monitoring}>
          {choice}
        </Charts>
      )}
    </section>
  );
}

interface ChartsProps {
  readonly metrics: Metrics;
  readonly monitoring: MonitoringState | undefined;
  readonly children: ReactNode;
}

function Charts({ metrics, monitoring, children }: ChartsProps) {
  const now = useNow(60_000);
  const { since, problem } = metrics;
  const window = { from: Date.parse(metrics.from), to: Date.parse(metrics.to) };
  if (!metrics.panels.some(({ lines }) => lines.some(hasValues))) {
    const state = monitoring ?? { metrics: metrics.source, items: [] };
    const { why, help } = whyNothing(state, { nodes: [metrics.node], window, since, problem, now });
    return (
      <>
        {children}
        <p className="nothing">
          {why} <span className="muted">{help}</span>
        </p>
      </>
    );
  }
  return (
    <>
      {problem !== null && <p className="nothing-new">Nothing new comes: {problem}.</p>}
      <Suspense fallback={<ChartSkeleton />}>
        <MetricPanels
          panels={metrics.panels}
          window={knownPart(window, sinceOf(metrics), window.to)}
          stepMs={metrics.stepMs}
        >
          {children}
        </MetricPanels>
      </Suspense>
    </>
  );
}

export function ChartSkeleton() {
  return (
    <div className="charts" aria-busy="true" aria-label="Loading the metrics">
      {['a', 'b', 'c', 'd'].map((key) => (
        <Skeleton key={key} active title={{ width: '50%' }} paragraph={{ rows: 3, width: '100%' }} />
      ))}
    </div>
  );
}

function Source({ metrics: { source, since } }: { readonly metrics: Metrics }) {
  if (source === 'prometheus') return <span className="muted">from Prometheus</span>;
  return (
    <span className="muted" title="For longer, start FTL with --prometheus-url">
      read by FTL itself, which keeps the last hour
      {since !== null && (
        <>
          {'; since '}
          <time title={formatDateTime(since)}>{whenOf(since)}</time>
        </>
      )}
    </span>
  );
}

const sinceOf = ({ since }: Metrics) => (since === null ? null : Date.parse(since));
const whenOf = (iso: string) => formatWhen(iso, Date.now()).replace(/\.\d+$/, '');
