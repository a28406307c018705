import { Skeleton } from 'antd';
import { useEffect } from 'react';
import { Navigate, useNavigate, useParams, useSearchParams } from 'react-router';
import { nodePath, tracePath } from '../api/client.ts';
import { useHealthNow } from '../api/monitoring.ts';
import { useTrace } from '../api/queries.ts';
import type { Trace } from '../api/types.ts';
import { shortTxId } from '../model/names.ts';
import { outcomeOf } from '../model/outcome.ts';
import { selectedEdge } from '../model/selection.ts';
import { HealthSigns } from '../parts/healthSigns.tsx';
import { PolicyView } from '../parts/policyView.tsx';
import { SentenceList } from '../parts/sentenceList.tsx';
import { Candidates, ErrorNotice, NotFound } from '../parts/states.tsx';
import { TimelineView } from '../parts/timelineView.tsx';
import { TraceHeader } from '../parts/traceHeader.tsx';
import { Findings, TABS, TraceTabs } from '../parts/traceTabs.tsx';
import { TrajectoryGraph } from '../parts/trajectoryGraph.tsx';
import { usePutAddress } from '../parts/usePutAddress.ts';

/** `/trace/:channel/:txId?edge=4&tab=records`; without the channel, or with an ID's beginning, it finds the whole and goes there. */
export function TracePage() {
  const { channel, txId = '' } = useParams();
  const [params] = useSearchParams();
  const trace = useTrace(txId, channel, params.get('exact') === '1');
  useEffect(() => {
    document.title = `FTL: ${shortTxId(txId)}`;
  }, [txId]);

  if (trace.data === undefined) {
    if (trace.error === null) return <TraceSkeleton />;
    if (trace.error.status === 409) return <Candidates error={trace.error} asked={txId} />;
    if (trace.error.status === 404) return <NotFound asked={txId} channel={channel} />;
    return <ErrorNotice error={trace.error} onRetry={() => void trace.refetch()} />;
  }
  const found = trace.data;
  if (channel !== found.channel || txId !== found.txId) {
    const query = params.toString();
    return <Navigate replace to={`${tracePath(found.channel, found.txId)}${query === '' ? '' : `?${query}`}`} />;
  }
  return <TraceView key={`${found.channel} ${found.txId}`} trace={found} />;
}

function TraceView({ trace }: { readonly trace: Trace }) {
  const [params] = useSearchParams();
  const put = usePutAddress();
  const selected = selectedEdge(trace, params.get('edge'));
  const navigate = useNavigate();
  const health = useHealthNow();
  const tab = TABS.find((one) => one === params.get('tab')) ?? 'commits';

  const select = (seq: number | null) => put({ edge: seq === null ? null : String(seq) });

  useEffect(() => {
    document.title = `FTL: ${shortTxId(trace.txId)} ${outcomeOf(trace.code).label}`;
  }, [trace.txId, trace.code]);
  useEffect(() => {
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') select(null);
    };
    window.addEventListener('keydown', escape);
    return () => window.removeEventListener('keydown', escape);
  });

  return (
    <div className="trace-page">
      <TraceHeader trace={trace} />
      <div className="trace-main">
        <div className="trace-left">
          <section className="panel" aria-labelledby="h-trajectory">
            <h2 id="h-trajectory">
              Trajectory <Legend health={health.size > 0} />
            </h2>
            <TrajectoryGraph
              trace={trace}
              selected={selected}
              onSelect={select}
              health={health}
              onNode={(id) => void navigate(nodePath(id))}
            />
          </section>
          <section className="panel" aria-labelledby="h-timeline">
            <h2 id="h-timeline">Timeline</h2>
            <TimelineView trace={trace} selected={selected} onSelect={select} />
          </section>
          <TraceTabs
            trace={trace}
            selected={selected}
            onSelect={select}
            tab={tab}
            onTab={(next) => put({ tab: next === 'commits' ? null : next })}
          />
        </div>
        <div className="trace-right">
          <section className="panel pad" aria-labelledby="h-findings">
            <h2 id="h-findings">Findings</h2>
            <Findings trace={trace} />
          </section>
          <section className="panel what-happened" aria-labelledby="h-sentences">
            <h2 id="h-sentences">What happened</h2>
            <SentenceList trace={trace} selected={selected} onSelect={select} />
          </section>
          <section className="panel pad" aria-labelledby="h-policy">
            <h2 id="h-policy">Endorsement policy</h2>
            <PolicyView trace={trace} />
          </section>
        </div>
      </div>
    </div>
  );
}

function Legend({ health }: { readonly health: boolean }) {
  return (
    <span className="legend" aria-hidden="true">
      <span>
        <svg width="26" height="8">
          <line x1="0" x2="26" y1="4" y2="4" strokeWidth="2" />
        </svg>
        request
      </span>
      <span>
        <svg width="26" height="8">
          <line x1="0" x2="26" y1="4" y2="4" strokeWidth="4" />
        </svg>
        block delivery
      </span>
      <span>
        <svg width="26" height="8">
          <line x1="0" x2="26" y1="4" y2="4" strokeWidth="2" strokeDasharray="8 5" />
        </svg>
        gossip
      </span>
      <span>
        <svg width="26" height="8">
          <line x1="0" x2="26" y1="4" y2="4" strokeWidth="2" strokeDasharray="2 5" />
        </svg>
        concluded, not seen
      </span>
      <span>
        <i className="hollow" />
        no commit
      </span>
      {health && <HealthSigns />}
    </span>
  );
}

function TraceSkeleton() {
  return (
    <div className="trace-page" aria-busy="true" aria-label="Loading the trace">
      <Skeleton active className="panel pad" title={{ width: 300 }} paragraph={{ rows: 1 }} />
      <div className="trace-main">
        <Skeleton active className="panel pad trace-left" paragraph={{ rows: 12 }} />
        <Skeleton active className="panel pad trace-right" paragraph={{ rows: 8 }} />
      </div>
    </div>
  );
}
