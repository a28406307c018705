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
  const { title, detail } = problem;
  // Who did not answer, instead of all who might have been meant.
  const told = problem.code === 'monitoring_unavailable' && detail !== undefined;
  return (
    <div className="inline-error" role="alert">
      <p>
        <b>
          <span aria-hidden="true">✘ </span>
          {told ? detail : title}
        </b>
        {!told && detail && <span> {detail}</span>}
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
