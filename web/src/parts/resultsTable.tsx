import { Table, type TableColumnType } from 'antd';
import { type UIEvent, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { tracePath } from '../api/client.ts';
import type { TraceSummary } from '../api/types.ts';
import { rowKey } from '../model/live.ts';
import { commonName, displayNames, shortTxId } from '../model/names.ts';
import { SEVERITY_SYMBOLS } from '../model/outcome.ts';
import { commonScale, stageBarOf } from '../model/stageBar.ts';
import { formatDateTime, formatDuration, formatWhen } from '../model/time.ts';
import { OutcomeTag } from './outcomeTag.tsx';
import { StageBarView, StageLegend } from './stageBarView.tsx';

export interface Sorting {
  readonly sort: 'startedAt' | 'durationUs' | 'block';
  readonly order: 'asc' | 'desc';
}
interface Props {
  readonly rows: readonly TraceSummary[];
  /** Keys of rows that came live: highlighted. */
  readonly fresh: ReadonlySet<string>;
  readonly sorting: Sorting;
  readonly onSort: (sorting: Sorting) => void;
  readonly more: boolean;
  readonly loadingMore: boolean;
  readonly failedMore: boolean;
  readonly onMore: () => void;
}

/** Of a transaction known only by the beginning of its ID: exactly that one, not one whose whole ID begins so. */
const linkOf = (row: TraceSummary) =>
  `${tracePath(row.channel, row.txId)}${row.txIdPrefix === undefined ? '' : '?exact=1'}`;

const HEADER = 44;
const NEAR_END = 600;

/** The hits as one long table: only what is on screen is drawn, the next page is fetched before one reaches the end. */
export function ResultsTable({ rows, fresh, sorting, onSort, more, loadingMore, failedMore, onMore }: Props) {
  const navigate = useNavigate();
  const [now] = useState(Date.now);
  const box = useRef<HTMLDivElement>(null);
  const size = useSpace(box);
  const scale = useMemo(() => commonScale(rows), [rows]);
  const names = useMemo(
    () => displayNames(rows.flatMap((row) => (row.creator === null ? row.endorsers : [row.creator, ...row.endorsers]))),
    [rows],
  );
  // A page shorter than the screen never scrolls: ask on.
  const short = rows.length * 40 < size.height;
  useEffect(() => {
    if (short && more && !loadingMore && !failedMore) onMore();
  }, [short, more, loadingMore, failedMore, onMore]);

  const sortOf = (sort: Sorting['sort']) => ({
    sorter: true,
    sortOrder: sorting.sort === sort ? (sorting.order === 'asc' ? ('ascend' as const) : ('descend' as const)) : null,
    sortDirections: ['descend' as const, 'ascend' as const],
  });
  const columns: TableColumnType<TraceSummary>[] = [
    {
      title: 'when',
      key: 'startedAt',
      width: 134,
      ...sortOf('startedAt'),
      render: (_, row) => (
        <time dateTime={row.startedAt ?? ''} title={formatDateTime(row.startedAt)}>
          {row.startedAt === null ? <span className="muted">unknown</span> : formatWhen(row.startedAt, now)}
        </time>
      ),
    },
    {
      title: 'transaction',
      key: 'tx',
      width: 126,
      render: (_, row) => (
        <Link className="mono" to={linkOf(row)} title={row.txId}>
          {shortTxId(row.txId)}
        </Link>
      ),
    },
    {
      title: 'chaincode.function',
      key: 'chaincode',
      width: 158,
      ellipsis: true,
      render: (_, row) =>
        row.chaincode === null ? (
          <span className="muted">{row.type ?? 'unknown'}</span>
        ) : (
          <span title={`${row.channel}: ${row.chaincode}.${row.function ?? 'function unknown'}`}>
            {row.chaincode}
            {row.function !== null && (
              <>
                .<b>{row.function}</b>
              </>
            )}
          </span>
        ),
    },
    {
      title: 'who',
      key: 'who',
      width: 104,
      ellipsis: true,
      render: (_, row) =>
        row.creator === null ? (
          <span className="muted">unknown</span>
        ) : (
          <span title={row.creator}>{names.get(row.creator) ?? commonName(row.creator)}</span>
        ),
    },
    { title: 'outcome', key: 'outcome', width: 214, render: (_, row) => <OutcomeTag code={row.code} /> },
    {
      title: 'block',
      key: 'block',
      width: 74,
      align: 'right',
      ...sortOf('block'),
      render: (_, row) => row.block?.number ?? <span className="muted">none</span>,
    },
    {
      title: <StageLegend scaleUs={scale} />,
      key: 'stages',
      width: 290,
      render: (_, row) => <StageBarView bar={stageBarOf(row.stages, scale)} />,
    },
    {
      title: 'took',
      key: 'durationUs',
      width: 76,
      align: 'right',
      ...sortOf('durationUs'),
      render: (_, row) =>
        row.durationUs === null ? <span className="muted">unknown</span> : formatDuration(row.durationUs),
    },
    {
      title: 'peers',
      key: 'peers',
      width: 62,
      align: 'right',
      render: (_, row) => <Peers row={row} />,
    },
    { title: 'findings', key: 'findings', ellipsis: true, width: 150, render: (_, row) => <Findings row={row} /> },
  ];

  const scrolled = (event: UIEvent<HTMLElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    if (more && !loadingMore && scrollHeight - scrollTop - clientHeight < NEAR_END) onMore();
  };
  return (
    <div className="panel results" ref={box}>
      <Table<TraceSummary>
        virtual
        size="small"
        rowKey={rowKey}
        columns={columns}
        dataSource={[...rows]}
        pagination={false}
        scroll={{ x: 1388, y: size.height }}
        showSorterTooltip={false}
        rowClassName={(row) => (fresh.has(rowKey(row)) ? 'row fresh' : 'row')}
        onRow={(row) => ({
          onClick: (event) => {
            if (!(event.target instanceof HTMLAnchorElement)) void navigate(linkOf(row));
          },
        })}
        onChange={(_page, _filters, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          const sort = (['startedAt', 'durationUs', 'block'] as const).find((key) => key === one?.columnKey);
          if (sort !== undefined) onSort({ sort, order: one?.order === 'ascend' ? 'asc' : 'desc' });
        }}
        onScroll={scrolled}
      />
      <output className="results-foot">
        {rows.length} shown
        {loadingMore && ', loading more…'}
        {!more && ', that is all'}
        {failedMore && (
          <>
            {', the next page could not be loaded '}
            <button type="button" className="linkish" onClick={onMore}>
              try again
            </button>
          </>
        )}
      </output>
    </div>
  );
}

function Peers({ row }: { readonly row: TraceSummary }) {
  const known = row.committed + row.missing + row.unobserved;
  if (known === 0)
    return (
      <span className="muted" title="No peer is known to have committed it" aria-label="none seen">
        –
      </span>
    );
  const unseen = row.unobserved === 0 ? '' : `; of ${row.unobserved} nothing is known`;
  const text = `${row.committed} of ${known} peers that are known to follow the channel committed it${unseen}`;
  return (
    <span className={row.missing > 0 ? 'bad-text' : ''} title={text} aria-label={text}>
      {row.missing > 0 && '⚠ '}
      {row.committed}/{known}
    </span>
  );
}

const RANK = { critical: 0, error: 1, warning: 2, info: 3 };

function Findings({ row }: { readonly row: TraceSummary }) {
  const sorted = row.findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const [first] = sorted;
  if (first === undefined) return <span className="muted">none</span>;
  return (
    <span
      className={`finding-short ${first.severity}`}
      title={sorted.map((one) => `${one.severity}: ${one.code}`).join('\n')}
    >
      <span aria-hidden="true">{SEVERITY_SYMBOLS[first.severity]}</span> {first.code.replaceAll('_', ' ')}
      {sorted.length > 1 && ` +${sorted.length - 1}`}
    </span>
  );
}

/** Height left for the rows, down to the window's end. */
function useSpace(box: React.RefObject<HTMLDivElement | null>): { height: number } {
  const [height, setHeight] = useState(500);
  useEffect(() => {
    const measure = () => {
      const top = box.current?.getBoundingClientRect().top ?? 200;
      setHeight(Math.max(240, window.innerHeight - top - HEADER - 48));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    window.addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', measure);
    };
  }, [box]);
  return { height };
}
