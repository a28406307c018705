import { Link } from 'react-router';
import type { HealthNow } from '../api/monitoring.ts';
import type { Statistics } from '../api/types.ts';
import type { Call, Participant } from '../model/calls.ts';
import { healthLook } from '../model/health.ts';
import { type Leading, leadingLines } from '../model/leading.ts';
import { organisation } from '../model/names.ts';
import type { PictureLine } from '../model/networkPicture.ts';
import { countWords } from '../model/nodeList.ts';
import { outcomeOf } from '../model/outcome.ts';
import { withToken } from '../model/query.ts';
import type { TimeWindow } from '../model/range.ts';
import { formatDuration, isoOf } from '../model/time.ts';
import { CallFacts, NodeFacts } from './networkFacts.tsx';
import type { Choice } from './networkGraph.tsx';
import { NodeAlerts } from './nodeAlerts.tsx';
import { Who } from './who.tsx';

interface Props {
  /** Of the time shown; undefined until it is known. */
  readonly statistics: Statistics | undefined;
  readonly window: TimeWindow;
  readonly channel: string | null;
  readonly chosen: Choice | null;
  readonly calls: readonly Call[];
  readonly lines: readonly PictureLine[];
  readonly participants: ReadonlyMap<string, Participant>;
  readonly names: ReadonlyMap<string, string>;
  readonly leading: ReadonlyMap<string, readonly Leading[]>;
  readonly health: ReadonlyMap<string, HealthNow>;
}

/** Beside the picture: what is chosen in it, or the time as a whole. */
export function NetworkSide(props: Props) {
  const { chosen, participants, lines, calls } = props;
  const node = chosen?.element === 'node' ? participants.get(chosen.id) : undefined;
  const call = calls.find(({ key }) => chosen?.element === 'edge' && key === chosen.id);
  const line = call ?? lines.find((one) => chosen?.element === 'edge' && one.way.key === chosen.id)?.way;
  if (node !== undefined) {
    return (
      <div className="network-side">
        <ChosenNode {...props} node={node} />
        {node.kind !== 'client' && <NodeAlerts id={node.id} />}
      </div>
    );
  }
  if (line !== undefined) return <ChosenCall {...props} line={line} call={call ?? null} />;
  return <WholeTime {...props} />;
}

function ChosenNode({ node, names, leading, health, ...time }: Props & { readonly node: Participant }) {
  const name = names.get(node.id) ?? node.id;
  return (
    <section className="panel pad" aria-labelledby="h-side">
      <h2 id="h-side">{name}</h2>
      <NodeFacts participant={node} leading={leading.get(node.id)} health={health.get(node.id)} />
      {node.kind !== 'client' && (
        <p>
          <Who
            id={node.id}
            participants={time.participants}
            names={new Map([[node.id, 'Its health, metrics and log levels']])}
          />
        </p>
      )}
      {node.together.length === 0 && (
        <p>
          <SearchLink {...time} participant={node.id}>
            Its transactions in this time
          </SearchLink>
        </p>
      )}
      {node.together.length > 0 && (
        <ul className="together">
          {node.together.slice(0, MOST_NAMED).map((id) => (
            <li key={id}>
              <SearchLink {...time} participant={id}>
                {id}
              </SearchLink>
            </li>
          ))}
          {node.together.length > MOST_NAMED && <li className="muted">and {node.together.length - MOST_NAMED} more</li>}
        </ul>
      )}
    </section>
  );
}

const MOST_NAMED = 50;

interface CallProps extends Props {
  readonly line: Pick<Call, 'kind' | 'from' | 'to'>;
  readonly call: Call | null;
}

function ChosenCall({ line, call, names, participants, ...time }: CallProps) {
  const from = participants.get(line.from);
  // Of a client its own transactions; else of the one that was called.
  const whose = from?.kind === 'client' && from.together.length === 0 ? line.from : line.to;
  return (
    <section className="panel pad network-side" aria-labelledby="h-side">
      <h2 id="h-side">
        <Who id={line.from} participants={participants} names={names} /> →{' '}
        <Who id={line.to} participants={participants} names={names} />
      </h2>
      <CallFacts call={call} line={line} names={names} />
      <p>
        <SearchLink {...time} participant={whose}>
          Transactions of {names.get(whose) ?? whose} in this time
        </SearchLink>
      </p>
    </section>
  );
}

function WholeTime({ statistics, names, participants, leading, health, ...time }: Props) {
  const watched = [...participants.values()].filter(({ id, kind }) => kind !== 'client' && health.has(id));
  const leaders = [...leading].filter(([, offices]) => offices.length > 0);
  return (
    <section className="panel pad network-side" aria-labelledby="h-side">
      <h2 id="h-side">In this time</h2>
      {statistics === undefined ? (
        <p className="muted">asking…</p>
      ) : (
        <>
          <h3>Transactions</h3>
          <ul className="outcome-counts">
            {Object.entries(statistics.outcomes)
              .toSorted(([, a], [, b]) => b - a)
              .map(([code, count]) => {
                const { tone, symbol, label, plain } = outcomeOf(code);
                return (
                  <li key={code}>
                    <SearchLink {...time} code={code}>
                      {count}
                    </SearchLink>{' '}
                    <span className={`${tone}-text`} title={plain}>
                      {symbol} {label}
                    </span>
                  </li>
                );
              })}
            {Object.keys(statistics.outcomes).length === 0 && <li className="muted">none</li>}
          </ul>
          <h3>Median of each stage</h3>
          <dl className="facts">
            {(['endorse', 'order', 'deliver', 'commit', 'total'] as const).map((stage) => (
              <div key={stage} className="fact">
                <dt>{stage}</dt>
                <dd>
                  {statistics.latency[stage].p50 === null ? '–' : formatDuration(statistics.latency[stage].p50)}
                  {statistics.latency[stage].p99 !== null && (
                    <span className="muted"> 99 %: {formatDuration(statistics.latency[stage].p99)}</span>
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {leaders.length > 0 && (
        <>
          <h3>Leaders</h3>
          <ul>
            {leaders.flatMap(([id, offices]) =>
              leadingLines(offices, organisation(participants.get(id)?.msp ?? null) ?? 'its organisation').map(
                (line) => (
                  <li key={`${id} ${line}`}>
                    <Who id={id} participants={participants} names={names} /> {line}
                  </li>
                ),
              ),
            )}
          </ul>
        </>
      )}
      <h3>Health now</h3>
      <p>
        {watched.length === 0
          ? 'Not known: FTL was not told where the nodes’ operations services are.'
          : countWords(watched.map(({ id }) => healthLook(health.get(id)?.health).word))}
      </p>
    </section>
  );
}

interface SearchLinkProps {
  readonly window: TimeWindow;
  readonly channel: string | null;
  readonly participant?: string;
  readonly code?: string;
  readonly children: React.ReactNode;
}

/** Leads to the search for these transactions, of the time shown. */
function SearchLink({ window, channel, participant, code, children }: SearchLinkProps) {
  const tokens = { channel, peer: participant, code, since: isoOf(window.from), until: isoOf(window.to) };
  const text = Object.entries(tokens).reduce((query, [key, value]) => withToken(query, key, value), '');
  return <Link to={`/?q=${encodeURIComponent(text)}`}>{children}</Link>;
}
