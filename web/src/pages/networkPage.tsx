import { Skeleton } from 'antd';
import { useEffect, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { useHealthNow, useNodes } from '../api/monitoring.ts';
import { useLeaders, useNewest, useStatistics } from '../api/network.ts';
import { callsOf, type Participant, participantsOf } from '../model/calls.ts';
import { leadingIn } from '../model/leading.ts';
import {
  firstPlayed,
  type NetworkRange,
  reachWindow,
  readNetworkRange,
  stepCounts,
  stepOf,
  STEPS,
  windowOfSteps,
  writeNetworkRange,
} from '../model/networkRange.ts';
import { namesOf, networkPictureOf, type Way, waysOf } from '../model/networkPicture.ts';
import { formatDateTime, isoOf } from '../model/time.ts';
import { CallTable } from '../parts/callTable.tsx';
import { InlineError } from '../parts/inlineError.tsx';
import { type Choice, NetworkGraph } from '../parts/networkGraph.tsx';
import { NetworkChoices, type Show, showOf } from '../parts/networkChoices.tsx';
import { NetworkLegend } from '../parts/networkLegend.tsx';
import { NetworkSide } from '../parts/networkSide.tsx';
import { ErrorNotice, NothingYet } from '../parts/states.tsx';
import { TimeSlider } from '../parts/timeSlider.tsx';
import { useNow } from '../parts/useNow.ts';
import { usePlay } from '../parts/usePlay.ts';
import { usePutAddress } from '../parts/usePutAddress.ts';

/**
 * `/network?channel=…&range=1h&until=…&from=…&to=…&show=blocks&node=…`: who called whom, how often, how fast and with how many
 * errors, in a part of a time; who leads; and how the nodes are now.
 */
export function NetworkPage() {
  const [params] = useSearchParams();
  const channel = params.get('channel') || null;
  const show = showOf(params);
  const range = readNetworkRange(params);
  const newest = useNewest(channel);
  const now = useNow(5000);
  useEffect(() => {
    document.title = 'FTL: network';
  }, []);
  const put = usePutAddress();

  if (newest.data === undefined) {
    if (newest.isError) return <ErrorNotice error={newest.error} onRetry={() => void newest.refetch()} />;
    return <Skeleton active className="panel pad" paragraph={{ rows: 10 }} />;
  }
  if (newest.data === null && channel === null) return <NothingYet />;
  // A recording of the past is shown as it ended: the last minutes before now would be empty.
  const old = newest.data !== null && newest.data < now - stepOf(range.reach) * STEPS;
  const until = range.until ?? (old && newest.data !== null ? newest.data + 1 : now);
  return (
    <NetworkView
      channel={channel}
      show={show}
      range={range}
      until={until}
      ended={range.until === null && old ? newest.data : null}
      chosen={choiceOf(params)}
      now={now}
      put={put}
    />
  );
}

function choiceOf(params: URLSearchParams): Choice | null {
  const [node, call] = [params.get('node'), params.get('call')];
  if (node !== null) return { element: 'node', id: node };
  return call === null ? null : { element: 'edge', id: call };
}

interface ViewProps {
  readonly channel: string | null;
  readonly show: Show;
  readonly range: NetworkRange;
  /** Milliseconds since 1970 at which the slider ends. */
  readonly until: number;
  /** When the newest transaction was, where the slider ends there instead of now. */
  readonly ended: number | null;
  readonly chosen: Choice | null;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly put: (changes: Readonly<Record<string, string | null>>) => void;
}

type Plan = [participants: readonly Participant[], ways: readonly Way[]];

function NetworkView({ channel, show, range, until, ended, chosen, now, put }: ViewProps) {
  const { from: reachFrom, to: reachTo } = reachWindow(range.reach, until);
  const reach = useMemo(() => ({ from: reachFrom, to: reachTo }), [reachFrom, reachTo]);
  const [first, end] = range.steps;
  const whole = first === 0 && end === STEPS;
  const nodes = useNodes();
  const leaders = useLeaders();
  const health = useHealthNow();
  const all = useStatistics({ channel, window: reach, bucketMs: stepOf(range.reach) });
  const part = useStatistics({ channel, window: windowOfSteps(reach, range.steps), enabled: !whole });
  const shown = whole ? all : part;

  const known = nodes.data?.items;
  const allEdges = all.data?.statistics.edges;
  const participants = useMemo(() => {
    const told = (known ?? []).filter(
      // Clients are known by what they do in this time alone.
      ({ kind, channels: joined }) =>
        kind !== 'client' && (channel === null || kind !== 'peer' || joined.some((one) => one.channel === channel)),
    );
    // One that is watched, and of which no record tells, may be the one that is looked for.
    const others = [...health.values()].filter(({ id }) => !(known ?? []).some((one) => one.id === id));
    return participantsOf([...told, ...others], allEdges ?? []);
  }, [known, health, allEdges, channel]);
  const allCalls = callsOf(allEdges ?? [], participants).filter(({ kind }) => show === 'all' || kind === show);
  // By their text: figures change with each answer, the ways that lines take hardly ever, and they take long to find.
  const plan = JSON.stringify([participants, waysOf(allCalls)] satisfies Plan);
  const picture = useMemo(() => networkPictureOf(...(JSON.parse(plan) as Plan)), [plan]);
  const throughput = all.data?.statistics.throughput;
  const counts = useMemo(() => stepCounts(throughput ?? [], reach), [throughput, reach]);
  const omitted = allCalls.length - picture.lines.length;
  const edges = shown.data?.statistics.edges;
  const calls = useMemo(
    () => callsOf(edges ?? [], participants).filter(({ kind }) => show === 'all' || kind === show),
    [edges, participants, show],
  );
  const terms = leaders.data?.items;
  const window = shown.data?.window ?? reach;
  const leading = useMemo(
    () =>
      leadingIn(
        (terms ?? []).filter((term) => channel === null || term.channel === channel),
        window,
      ),
    [terms, window, channel],
  );
  const names = useMemo(() => namesOf(participants), [participants]);
  const byId = useMemo(() => new Map(participants.map((one) => [one.id, one])), [participants]);

  const move = (next: Partial<NetworkRange>) => put(writeNetworkRange({ ...range, ...next }));
  // What is looked at stays where it is, while the time goes on.
  const moveTo = (steps: readonly [number, number]) => move({ steps, until: reach.to });

  const arrived = shown.data !== undefined && !shown.isPlaceholderData;
  const [playing, setPlaying] = usePlay(arrived ? range.steps : null, moveTo);
  const play = (on: boolean) => {
    if (on) {
      moveTo(
        firstPlayed(
          range.steps,
          counts.map((count) => count.all),
        ),
      );
    }
    setPlaying(on);
  };
  const choose = (choice: Choice | null) =>
    put({
      node: choice?.element === 'node' ? choice.id : null,
      call: choice?.element === 'edge' ? choice.id : null,
    });

  const failed = [all, part, nodes, leaders].find((one) => one.isError);
  const rows = calls.filter(({ from, to }) => chosen?.element !== 'node' || from === chosen.id || to === chosen.id);
  return (
    <div className="network-page">
      <section className="panel pad page-head">
        <NetworkChoices
          channel={channel}
          show={show}
          range={range}
          put={put}
          onRange={(next) => {
            setPlaying(false);
            move(next);
          }}
        />
        <TimeSlider
          reach={reach}
          steps={range.steps}
          onSteps={(steps) => {
            setPlaying(false);
            moveTo(steps);
          }}
          counts={counts}
          playing={playing}
          onPlay={play}
          now={now}
        />
        {ended !== null && (
          <p className="hint">Nothing was sent since {formatDateTime(isoOf(ended))}: this is the time before that.</p>
        )}
      </section>
      {failed?.error && <InlineError error={failed.error} onRetry={() => void failed.refetch()} />}
      <div className="network-main" aria-busy={!arrived}>
        <section className="panel" aria-labelledby="h-calls">
          <h2 id="h-calls" className="panel-title">
            Who calls whom <NetworkLegend health={health.size > 0} />
          </h2>
          {all.data === undefined || nodes.data === undefined ? (
            <Skeleton active className="pad" paragraph={{ rows: 8 }} />
          ) : (
            <NetworkGraph
              picture={picture}
              calls={calls}
              leading={leading}
              health={health}
              chosen={chosen}
              onChoose={choose}
            />
          )}
          {omitted > 0 && (
            <p className="muted pad">
              The {picture.lines.length} busiest lines are drawn; {omitted} more are in the table below.
            </p>
          )}
        </section>
        <NetworkSide
          statistics={shown.data?.statistics}
          window={window}
          channel={channel}
          chosen={chosen}
          calls={calls}
          lines={picture.lines}
          participants={byId}
          names={names}
          leading={leading}
          health={health}
        />
      </div>
      <section className="panel" aria-labelledby="h-table">
        <h2 id="h-table" className="panel-title">
          {chosen?.element === 'node' ? `Calls of ${names.get(chosen.id) ?? chosen.id}` : 'All calls'}{' '}
          <span className="muted">{rows.length} in the time shown</span>
        </h2>
        {rows.length > 0 ? (
          <CallTable
            calls={rows}
            participants={byId}
            names={names}
            selected={chosen?.element === 'edge' ? chosen.id : null}
            onSelect={(key) => choose(key === null ? null : { element: 'edge', id: key })}
          />
        ) : (
          <p className="muted pad">{shown.data === undefined ? 'Asking…' : 'Nobody called anybody in this time.'}</p>
        )}
      </section>
    </div>
  );
}
