import { lazy, Suspense, useMemo } from 'react';
import { useMetricsOf, useMonitoring } from '../api/monitoring.ts';
import type { MonitoringState, Trace } from '../api/types.ts';
import { MAX_NODES, nodesOf, panelsOfNodes, timeOfTrace, type TraceTime, whyNothing } from '../model/aroundTrace.ts';
import { hasValues } from '../model/panel.ts';
import { knownPart } from '../model/range.ts';
import { namesOf } from '../model/sentences.ts';
import { InlineError } from './inlineError.tsx';
import { NodeLink } from './nodeLink.tsx';
import { ChartSkeleton } from './nodeMetrics.tsx';
import { useNow } from './useNow.ts';

// The charts' library: only who looks at metrics loads it.
const MetricPanels = lazy(async () => ({ default: (await import('./metricPanels.tsx')).MetricPanels }));

/** Of a transaction that has just happened, there is at least as much to its right. */
const AFTER_MS = 10_000;

/** The metrics of the nodes that took part, laid over each other, with the transaction's own time marked. */
export function TraceMetrics({ trace }: { readonly trace: Trace }) {
  const monitoring = useMonitoring();
  const time = useMemo(() => timeOfTrace(trace), [trace]);
  const nodes = useMemo(() => nodesOf(trace), [trace]);
  if (time === null) return <p className="muted pad">No time of it is known, so there is none to look at.</p>;
  if (nodes.length === 0) return <p className="muted pad">No peer or orderer is known that took part.</p>;
  if (monitoring.isError && monitoring.data === undefined) {
    return <InlineError error={monitoring.error} onRetry={() => void monitoring.refetch()} />;
  }
  if (monitoring.data === undefined) return <ChartSkeleton />;
  return <Charts trace={trace} time={time} nodes={nodes} monitoring={monitoring.data} />;
}

interface Props {
  readonly trace: Trace;
  readonly time: TraceTime;
  readonly nodes: readonly string[];
  readonly monitoring: MonitoringState;
}

function Charts({ trace, time, nodes, monitoring }: Props) {
  const names = namesOf(trace);
  const now = useNow(5000);
  const asked = nodes.slice(0, MAX_NODES);
  const answers = useMetricsOf(asked, time.window);
  const came = answers.flatMap(({ data }, index) => {
    const id = asked[index] ?? '';
    return data === undefined ? [] : [{ id, name: names.get(id) ?? id, metrics: data }];
  });
  const failed = answers.find(({ error }) => error !== null)?.error ?? null;
  const panels = panelsOfNodes(trace, came);
  const silent = came.filter(({ metrics }) => !metrics.panels.some(({ lines }) => lines.some(hasValues)));
  const [first] = came;
  const retry = () => {
    for (const answer of answers) if (answer.isError) void answer.refetch();
  };
  if (first === undefined && failed === null) return <ChartSkeleton />;
  const since = came.flatMap(({ metrics }) => (metrics.since === null ? [] : [metrics.since])).toSorted()[0] ?? null;
  const filled = panels.some(({ lines }) => lines.some(hasValues));
  return (
    <div className="trace-metrics">
      {failed !== null && <InlineError error={failed} onRetry={retry} />}
      {first !== undefined && !filled && (
        <Nothing
          {...whyNothing(monitoring, {
            nodes: asked,
            window: time.window,
            since,
            problem: came.find(({ metrics }) => metrics.problem !== null)?.metrics.problem ?? null,
            now,
          })}
        />
      )}
      {first !== undefined && filled && (
        <Suspense fallback={<ChartSkeleton />}>
          <MetricPanels
            panels={panels}
            window={knownPart(
              time.window,
              since === null ? null : Date.parse(since),
              Math.max(now, time.span.to + AFTER_MS),
            )}
            stepMs={first.metrics.stepMs}
            mark={time.span}
            markName="this transaction"
          />
        </Suspense>
      )}
      <p className="muted trace-metrics-foot">
        {filled && silent.length > 0 && (
          <>Nothing was told at that time by {silent.map(({ name }) => name).join(', ')}. </>
        )}
        {nodes.length > asked.length && (
          <>
            Of {nodes.length} nodes the first {asked.length} are shown.{' '}
          </>
        )}
        Each node’s own page:{' '}
        {asked.map((id, index) => (
          <span key={id}>
            {index > 0 && ', '}
            <NodeLink id={id}>{names.get(id) ?? id}</NodeLink>
          </span>
        ))}
      </p>
    </div>
  );
}

function Nothing({ title, why, help }: ReturnType<typeof whyNothing>) {
  return (
    <div className="nothing">
      <h3>{title}</h3>
      <p>{why}</p>
      <p className="muted">{help}</p>
    </div>
  );
}
