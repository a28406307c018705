import { Button } from 'antd';
import type { ApiError } from '../api/client.ts';

interface Props {
  readonly error: ApiError;
  readonly onRetry?: () => void;
  /** What is shown all the same, such as values of before. */
  readonly rest?: string;
}

/** One part of a page has failed; the others stay. */
export function InlineError({ error: { problem }, onRetry, rest }: Props) {
  return (
    <div className="inline-error" role="alert">
      <p>
        <b>
          <span aria-hidden="true">✘ </span>
          {problem.title}
        </b>
        {problem.detail && <span> {problem.detail}</span>}
        {rest && <span className="muted"> {rest}</span>}
      </p>
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
