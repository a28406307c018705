import { Button, Input, Select, Skeleton } from 'antd';
import { useId, useState } from 'react';
import { useChangeLogSpec, useLogSpec } from '../api/monitoring.ts';
import type { LogSpecState, NodeHealth } from '../api/types.ts';
import { changeWords, costsMuch, LOG_SPEC_CHOICES, MINUTES } from '../model/logSpec.ts';
import { formatDateTime } from '../model/time.ts';
import { InlineError } from './inlineError.tsx';
import { useNow } from './useNow.ts';

interface Props {
  readonly id: string;
  readonly kind: 'peer' | 'orderer';
  /** Of the node; null where nobody looks, undefined until it is known. */
  readonly health: NodeHealth['health'] | null | undefined;
  /** What FTL has set for a while, as it is told of the node; it need not answer for that. */
  readonly change: LogSpecState['change'];
  /** Undefined until it is known. */
  readonly mayChange: boolean | undefined;
}

/** What a node logs, and, for operators, how it logs otherwise for a while. */
export function LogSpecControl({ id, kind, health, change, mayChange }: Props) {
  const state = useLogSpec(id, health === 'ok' || health === 'failing');
  const now = useNow(10_000);
  if (health === 'unreachable') {
    return (
      <div className="log-spec">
        <p className="muted">Not known while the node does not answer.</p>
        {change !== null && <p className="changed">{changeWords({ change }, now)}</p>}
      </div>
    );
  }
  if (health === null) {
    return <p className="muted">Not known: FTL was not told where this node’s operations service is.</p>;
  }
  if (state.isPending) return <Skeleton active title={false} paragraph={{ rows: 2 }} />;
  return (
    <div className="log-spec">
      {state.isError && <InlineError error={state.error} onRetry={() => void state.refetch()} />}
      {state.data && <Current id={id} state={state.data} mayChange={mayChange === true} />}
      {state.data && mayChange === true && <ChangeForm id={id} kind={kind} />}
      {mayChange === false && <p className="muted">Only operators may change it.</p>}
    </div>
  );
}

interface CurrentProps {
  readonly id: string;
  readonly state: LogSpecState;
  readonly mayChange: boolean;
}

function Current({ id, state, mayChange }: CurrentProps) {
  const now = useNow(10_000);
  const back = useChangeLogSpec(id);
  const words = changeWords(state, now);
  return (
    <div className="log-spec-now" aria-live="polite">
      <p>
        It logs <code data-log-spec={state.spec}>{state.spec}</code>
      </p>
      {state.change !== null && words !== null && (
        <p className="changed" title={`until ${formatDateTime(state.change.until)}`}>
          {words}{' '}
          {mayChange && (
            <Button size="small" loading={back.isPending} onClick={() => back.mutate(null)}>
              Take it back now
            </Button>
          )}
        </p>
      )}
      {back.isError && <InlineError error={back.error} />}
    </div>
  );
}

function ChangeForm({ id, kind }: { readonly id: string; readonly kind: 'peer' | 'orderer' }) {
  const change = useChangeLogSpec(id);
  const [spec, setSpec] = useState('');
  const [minutes, setMinutes] = useState<number>(MINUTES[1]);
  const cost = useId();
  return (
    <form
      className="log-spec-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (spec.trim() !== '') change.mutate({ spec: spec.trim(), minutes }, { onSuccess: () => setSpec('') });
      }}
    >
      <p>
        Let it tell more for a while about{' '}
        {LOG_SPEC_CHOICES[kind].map(({ label, spec: choice }, index) => (
          <span key={choice}>
            {index > 0 && ', '}
            <button type="button" className="linkish" onClick={() => setSpec(choice)}>
              {label}
            </button>
          </span>
        ))}
        , or as you write it:
      </p>
      <div className="log-spec-fields">
        <Input
          value={spec}
          onChange={(event) => setSpec(event.target.value)}
          aria-label="Log specification"
          aria-describedby={cost}
          placeholder="gossip=debug:info"
          spellCheck={false}
          autoComplete="off"
          maxLength={2048}
          className="mono"
        />
        <Select
          aria-label="For how long"
          value={minutes}
          onChange={setMinutes}
          options={MINUTES.map((value) => ({ value, label: value < 60 ? `${value} min` : `${value / 60} h` }))}
        />
        <Button htmlType="submit" type="primary" loading={change.isPending} disabled={spec.trim() === ''}>
          Change
        </Button>
      </div>
      {change.isError && <InlineError error={change.error} />}
      <p id={cost} className={costsMuch(spec) ? 'cost loud' : 'cost muted'}>
        <span aria-hidden="true">⚠ </span>
        Debug is not free: on a Go network one logger at debug took 14 % to 20 % of the throughput, and logs grew to
        twice or three times their size. After the time, or when FTL stops, the node gets back what it had.
      </p>
    </form>
  );
}
