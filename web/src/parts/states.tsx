import { Button } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { type ApiError, tracePath } from '../api/client.ts';
import { shortTxId } from '../model/names.ts';

interface NoticeProps {
  readonly symbol: string;
  readonly title: string;
  readonly role?: 'alert' | 'status';
  readonly children?: ReactNode;
}

/** A whole panel that says one thing: what is the matter, and what to do about it. */
export function Notice({ symbol, title, role = 'status', children }: NoticeProps) {
  return (
    <section className="notice panel" role={role}>
      <div className="notice-symbol" aria-hidden="true">
        {symbol}
      </div>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** The server's own words, and a way on. */
export function ErrorNotice({ error, onRetry }: { readonly error: ApiError; readonly onRetry: () => void }) {
  const { problem } = error;
  return (
    <Notice symbol="✘" title={problem.title} role="alert">
      {problem.detail && <p>{problem.detail}</p>}
      {problem.issues && (
        <ul>
          {problem.issues.map((issue) => (
            <li key={`${issue.path} ${issue.message}`}>
              <code>{issue.path}</code>: {issue.message}
            </li>
          ))}
        </ul>
      )}
      <Button type="primary" onClick={onRetry}>
        Try again
      </Button>
    </Notice>
  );
}

/** Several transactions begin with what was asked for: each as a link. */
export function Candidates({ error, asked }: { readonly error: ApiError; readonly asked: string }) {
  return (
    <Notice symbol="≟" title="Which one?">
      <p>
        Several transactions begin with <code>{asked}</code>. {error.problem.detail}
      </p>
      <ul className="candidates">
        {(error.problem.candidates ?? []).map(({ channel, txId }) => (
          <li key={`${channel} ${txId}`}>
            <Link to={tracePath(channel, txId)}>
              <code>{txId}</code>
            </Link>{' '}
            in {channel}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

export function NotFound({ asked, channel }: { readonly asked: string; readonly channel: string | undefined }) {
  return (
    <Notice symbol="∅" title="No such transaction is known">
      <p>
        Nothing FTL has read{channel === undefined ? '' : ` of channel ${channel}`} mentions{' '}
        <code title={asked}>{shortTxId(asked)}</code>.
      </p>
      <ul>
        <li>Is the ID whole and free of typing errors? Its first 8 characters are enough.</li>
        <li>If it was sent moments ago, its log lines may still be on their way.</li>
        <li>Do the collected logs and blocks cover the time at which it was sent?</li>
      </ul>
      <Link to="/">Search all transactions</Link>
    </Notice>
  );
}

/** Nothing has been collected yet. */
export function NothingYet() {
  return (
    <Notice symbol="⇣" title="No transactions yet">
      <p>
        FTL shows what it reads from your network’s logs and blocks, and so far it has read none. To point it at them:
      </p>
      <pre>
        <code>ftl start --logs '/var/log/fabric/*.log'</code>
      </pre>
      <p>
        or import recorded files once: <code>ftl import LOGS… BLOCKS…</code>. Then paste a transaction ID into the box
        above.
      </p>
    </Notice>
  );
}
