import { Alert, Skeleton, Tabs } from 'antd';
import { useState } from 'react';
import { useRecords } from '../api/queries.ts';
import type { StoredRecord, Trace } from '../api/types.ts';
import { commonName } from '../model/names.ts';
import { outcomeOf } from '../model/outcome.ts';
import { recordLine } from '../model/recordLine.ts';
import { edgesOfRecord, nextEdgeOfRecord } from '../model/selection.ts';
import { namesOf } from '../model/sentences.ts';
import { formatClock, formatDateTime, formatDuration } from '../model/time.ts';
import { NodeLink } from './nodeLink.tsx';
import { ErrorNotice } from './states.tsx';
import { TraceMetrics } from './traceMetrics.tsx';

export const TABS = ['commits', 'rwset', 'records', 'metrics'] as const;
export type TabName = (typeof TABS)[number];

interface Props {
  readonly trace: Trace;
  readonly selected: number | null;
  readonly onSelect: (seq: number | null) => void;
  readonly tab: TabName;
  readonly onTab: (tab: TabName) => void;
}

/** Below the picture: who committed what, what the transaction read and wrote, the records it all stands on, and how the nodes were. */
export function TraceTabs({ trace, selected, onSelect, tab, onTab }: Props) {
  const keys = trace.readWriteSets.reduce((sum, set) => sum + set.reads.length + set.writes.length, 0);
  return (
    <section className="panel tabs" aria-label="Details">
      <Tabs
        activeKey={tab}
        onChange={(key) => onTab(TABS.find((one) => one === key) ?? 'commits')}
        destroyOnHidden
        items={[
          {
            key: 'commits',
            label: 'commits',
            children: <CommitTable trace={trace} selected={selected} onSelect={onSelect} />,
          },
          { key: 'rwset', label: `read-write set (${keys})`, children: <ReadWriteSets trace={trace} /> },
          {
            key: 'records',
            label: `records (${trace.recordCount})`,
            children: <Records trace={trace} selected={selected} onSelect={onSelect} />,
          },
          { key: 'metrics', label: 'node metrics around this time', children: <TraceMetrics trace={trace} /> },
        ]}
      />
    </section>
  );
}

type Part = Pick<Props, 'trace' | 'selected' | 'onSelect'>;

function CommitTable({ trace, selected, onSelect }: Part) {
  const names = namesOf(trace);
  const edges = new Map(trace.edges.filter((edge) => edge.point === 'commit').map((edge) => [edge.to, edge.seq]));
  const name = (id: string) => names.get(id) ?? commonName(id);
  if (trace.commits.length + trace.missing.length + trace.unobserved.length === 0) {
    return <p className="muted pad">No peer is known to have committed it.</p>;
  }
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">peer</th>
          <th scope="col">result</th>
          <th scope="col">committed at</th>
          <th scope="col" className="number">
            behind the first
          </th>
          <th scope="col">state hash of the ledger</th>
        </tr>
      </thead>
      <tbody>
        {trace.commits.map((commit) => {
          const seq = edges.get(commit.peer);
          const outcome = outcomeOf(commit.code);
          return (
            <tr key={`${commit.peer} ${commit.at}`} className={seq !== undefined && seq === selected ? 'selected' : ''}>
              <th scope="row" title={commit.peer}>
                {seq === undefined ? (
                  name(commit.peer)
                ) : (
                  <button type="button" className="linkish" onClick={() => onSelect(seq === selected ? null : seq)}>
                    {name(commit.peer)}
                  </button>
                )}
              </th>
              <td className={`${outcome.tone}-text`}>
                {commit.code === null
                  ? '? committed, its verdict was not written down'
                  : `${outcome.symbol} ${commit.code}`}
              </td>
              <td title={commit.rawAt ? `its own clock said ${formatDateTime(commit.rawAt)}` : ''}>
                {commit.at === null ? 'time not known' : formatDateTime(commit.at)}
                {commit.rawAt && <span className="muted"> (corrected)</span>}
              </td>
              <td className="number">
                {commit.delayUs === null
                  ? 'unknown'
                  : commit.delayUs === 0
                    ? 'first'
                    : `+${formatDuration(commit.delayUs)}`}
              </td>
              <td className="mono muted" title={commit.commitHash}>
                {commit.commitHash ? `${commit.commitHash.slice(0, 16)}…` : ''}
              </td>
            </tr>
          );
        })}
        {trace.missing.map((peer) => (
          <tr key={peer} className="missing">
            <th scope="row">
              <NodeLink id={peer}>{name(peer)}</NodeLink>
            </th>
            <td colSpan={4}>✘ has not committed it</td>
          </tr>
        ))}
        {trace.unobserved.map((peer) => (
          <tr key={peer} className="unobserved">
            <th scope="row">
              <NodeLink id={peer}>{name(peer)}</NodeLink>
            </th>
            <td colSpan={4}>? not known: its log was not seen</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ReadWriteSets({ trace }: { readonly trace: Trace }) {
  if (trace.readWriteSets.length === 0) {
    return (
      <p className="muted pad">
        Not known: only the block holds what a transaction read and wrote, and its block was not collected.
      </p>
    );
  }
  return (
    <div className="rwsets">
      {trace.readWriteSets.map((set) => (
        <section key={set.namespace}>
          <h3>{set.namespace}</h3>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">key</th>
                <th scope="col">what</th>
                <th scope="col">version that it read (block:transaction)</th>
              </tr>
            </thead>
            <tbody>
              {set.reads.map((read) => (
                <tr key={`r ${read.key}`}>
                  <th scope="row" className="mono">
                    {read.key}
                  </th>
                  <td>read</td>
                  <td className="mono">{read.version ?? 'none: the key did not exist'}</td>
                </tr>
              ))}
              {set.writes.map((write) => (
                <tr key={`w ${write.key}`}>
                  <th scope="row" className="mono">
                    {write.key}
                  </th>
                  <td>{write.is_delete ? 'deleted' : 'written'}</td>
                  <td className="muted">–</td>
                </tr>
              ))}
            </tbody>
          </table>
          {set.truncated && <p className="muted">There are more keys than are kept here.</p>}
        </section>
      ))}
    </div>
  );
}

function Records({ trace, selected, onSelect }: Part) {
  const records = useRecords(trace, true);
  if (records.isPending) return <Skeleton active className="pad" paragraph={{ rows: 8 }} />;
  if (records.isError) return <ErrorNotice error={records.error} onRetry={() => void records.refetch()} />;
  if (records.data.items.length === 0) return <p className="muted pad">No record is kept of it any more.</p>;
  return (
    <ol className="records">
      {records.data.items.map((item) => (
        <RecordRow key={item.id} item={item} trace={trace} selected={selected} onSelect={onSelect} />
      ))}
    </ol>
  );
}

function RecordRow({ item, trace, selected, onSelect }: Part & { readonly item: StoredRecord }) {
  const [open, setOpen] = useState(false);
  const { record } = item;
  const line = recordLine(item);
  const edges = edgesOfRecord(trace, item.id);
  const on = selected !== null && edges.includes(selected);
  return (
    <li className={`record${on ? ' selected' : ''}`}>
      <div className="record-line">
        <button type="button" aria-expanded={open} aria-label="Show the whole record" onClick={() => setOpen(!open)}>
          {open ? '▾' : '▸'}
        </button>
        <button
          type="button"
          className="record-main"
          aria-pressed={on}
          disabled={edges.length === 0}
          onClick={() => onSelect(nextEdgeOfRecord(trace, item.id, selected))}
        >
          <span className="seq">{edges.join(', ') || '–'}</span>
          <time title={line.at}>{formatClock(line.at)}</time>
          <span title={line.writer}>{line.writer}</span>
          <b>{line.point}</b>
          <span className="muted message" title={line.says}>
            {line.says}
          </span>
        </button>
      </div>
      {open && <pre className="record-json">{JSON.stringify(record, null, 1)}</pre>}
    </li>
  );
}

/** A hint that no tab is needed for: findings and the policy, always in view. */
export function Findings({ trace }: { readonly trace: Trace }) {
  if (trace.findings.length === 0) return <p className="muted">Nothing wrong or odd was found in what was seen.</p>;
  return (
    <ul className="findings">
      {trace.findings.map((finding) => (
        <li key={`${finding.code} ${finding.message}`}>
          <Alert
            showIcon
            type={({ info: 'info', warning: 'warning', error: 'error', critical: 'error' } as const)[finding.severity]}
            title={finding.message}
            description={<span className="muted">{`${finding.severity} · ${finding.code}`}</span>}
          />
        </li>
      ))}
    </ul>
  );
}
