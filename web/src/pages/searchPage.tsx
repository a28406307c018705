import { Button, Skeleton, Switch } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { tracePath } from '../api/client.ts';
import { useChannels, useFindingCatalogue, useTraces } from '../api/queries.ts';
import { useLive } from '../api/useLive.ts';
import { admit, type LiveState, matches, NO_LIVE, receive, rowKey, shownRows } from '../model/live.ts';
import { apiQuery, parseQuery } from '../model/query.ts';
import { ResultsTable, type Sorting } from '../parts/resultsTable.tsx';
import { SearchBox } from '../parts/searchBox.tsx';
import { SearchFilters } from '../parts/searchFilters.tsx';
import { ErrorNotice, NothingYet, Notice } from '../parts/states.tsx';

const SORTS = ['startedAt', 'durationUs', 'block'] as const;

/** `/?q=…&sort=…&order=…&live=1`: the box holds all there is to a search, the filters only write into it. */
export function SearchPage() {
  const [params, setParams] = useSearchParams();
  const navigate = useNavigate();
  const text = params.get('q') ?? '';
  const live = params.get('live') === '1';
  const sort = SORTS.find((one) => one === params.get('sort')) ?? 'startedAt';
  const order = params.get('order') === 'asc' ? 'asc' : 'desc';

  const channels = useChannels();
  const catalogue = useFindingCatalogue();
  const findingCodes = useMemo(() => catalogue.data?.items.map((item) => item.code) ?? [], [catalogue.data]);
  const parsed = useMemo(() => parseQuery(text, findingCodes), [text, findingCodes]);

  const key = [text, sort, order];
  const list = useTraces(key, () => ({ ...apiQuery(parsed, Date.now()), sort, order }));
  const listed = useMemo(() => list.data?.flatMap((page) => page.items) ?? [], [list.data]);

  const [liveState, setLiveState] = useState<LiveState>(NO_LIVE);
  const searched = key.join(' ');
  const [liveFor, setLiveFor] = useState(searched);
  if (liveFor !== searched) {
    setLiveFor(searched);
    setLiveState(NO_LIVE);
  }
  const [missed, setMissed] = useState(false);
  const rows = useMemo(() => shownRows(liveState, listed), [liveState, listed]);
  const waiting = liveState.waiting.length;
  const empty = list.isSuccess && rows.length === 0;
  const connection = useLive(
    live,
    (row) => {
      if (matches(row, apiQuery(parsed, Date.now()))) {
        const onScreen = new Set(rows.map(rowKey));
        setLiveState((state) => {
          const next = receive(state, row, onScreen);
          // An empty list has nobody's place to keep.
          return empty ? admit(next) : next;
        });
      }
    },
    () => setMissed(true),
  );
  useEffect(() => {
    document.title = text === '' ? 'FTL: transactions' : `FTL: ${text}`;
  }, [text]);

  const update = (changes: Readonly<Record<string, string | null>>, replace = false) => {
    const next = new URLSearchParams(params);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
    }
    setParams(next, { replace });
  };
  const search = (typed: string) => {
    const { exactTxId } = parseQuery(typed);
    if (exactTxId !== null) void navigate(tracePath(undefined, exactTxId));
    else update({ q: typed.trim() });
  };
  const sorting: Sorting = { sort, order };
  const reload = () => {
    setMissed(false);
    setLiveState(NO_LIVE);
    void list.refetch();
  };
  // On top is their place only where the newest come first.
  const showNew = () => (sort === 'startedAt' && order === 'desc' ? setLiveState(admit) : reload());

  return (
    <div className="search-page">
      <h1 className="visually-hidden">Search transactions</h1>
      <section className="panel search-panel" aria-label="Search">
        <SearchBox key={text} text={text} onSearch={search} />
        <div className="filter-row">
          <SearchFilters
            text={text}
            onChange={(next) => update({ q: next })}
            channels={channels.data?.items.map((item) => item.channel) ?? []}
            findings={catalogue.data?.items ?? []}
          />
          <div className="live">
            <Switch
              size="small"
              checked={live}
              onChange={(on) => update({ live: on ? '1' : null }, true)}
              aria-label="Live updates"
            />
            <span className={`live-state ${connection}`}>
              {{ off: 'live off', connecting: 'live: connecting…', open: 'live' }[connection]}
            </span>
          </div>
        </div>
        {parsed.problems.length > 0 && (
          <ul className="problems" role="alert">
            {parsed.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
      </section>

      {waiting > 0 && !empty && (
        <output className="new-rows">
          <Button type="primary" shape="round" onClick={showNew}>
            ↑ {waiting} new {waiting === 1 ? 'transaction' : 'transactions'}: show
          </Button>
        </output>
      )}
      {missed && (
        <output className="new-rows">
          <Button shape="round" onClick={reload}>
            More happened than could be followed: load the list again
          </Button>
        </output>
      )}
      {list.isPending && (
        <Skeleton active className="panel pad" title={false} paragraph={{ rows: 10, width: '100%' }} />
      )}
      {list.isError && !list.data && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
      {empty && text === '' && <NothingYet />}
      {empty && text !== '' && (
        <Notice symbol="∅" title="No transaction fits this search">
          <p>
            Take a filter out, widen the time, or look for a part of what you know: a peer, a chaincode, an outcome.
          </p>
          <Button onClick={() => update({ q: null })}>Show all transactions</Button>
        </Notice>
      )}
      {rows.length > 0 && (
        <ResultsTable
          rows={rows}
          fresh={liveState.fresh}
          sorting={sorting}
          onSort={(next) =>
            update({ sort: next.sort === 'startedAt' ? null : next.sort, order: next.order === 'asc' ? 'asc' : null })
          }
          more={list.hasNextPage}
          loadingMore={list.isFetchingNextPage}
          failedMore={list.isFetchNextPageError}
          onMore={() => void list.fetchNextPage()}
        />
      )}
    </div>
  );
}
