import type { NetworkNode } from '../api/types.ts';
import { formatDateTime } from '../model/time.ts';

const FAULTS = {
  hash: 'a line is not as the node wrote it, or lines were moved',
  order: 'a line stands elsewhere than it was written',
  inserted: 'a line that the node did not write there',
  seal: 'a signature of the node does not hold',
  end: 'the stream ended otherwise than the node’s next start knows it',
} as const;
const SHOWN = 20;

/** Whether the records that a node wrote are all there and as it wrote them. */
export function StreamBreaks({ node }: { readonly node: Pick<NetworkNode, 'observed' | 'streamBreaks'> }) {
  if (!node.observed) return <p className="muted">None of its records are collected, so nothing can be said.</p>;
  if (node.streamBreaks.length === 0) {
    return (
      <p>
        <span className="good-text" aria-hidden="true">
          ✔{' '}
        </span>
        No break is known: nothing is missing, nothing was altered in what was checked.
      </p>
    );
  }
  const shown = node.streamBreaks.slice(-SHOWN).toReversed();
  const rest = node.streamBreaks.length - shown.length;
  return (
    <ul className="breaks">
      {shown.map((one) => (
        <li key={`${one.record} ${one.from} ${one.kind}`}>
          <b className={one.told ? '' : 'bad-text'}>
            {one.kind === 'altered' ? '✘ altered' : one.told ? 'ⓘ dropped' : '✘ missing'}
          </b>{' '}
          record{one.from === one.to ? ` ${one.from}` : `s ${one.from} to ${one.to}`}
          {one.told && ': the node had no room to write them, and said so'}
          {one.fault !== null && `: ${FAULTS[one.fault]}`}
          <span className="muted">
            {' '}
            between {formatDateTime(one.since)} and {formatDateTime(one.until)}
          </span>
        </li>
      ))}
      {rest > 0 && <li className="muted">and {rest} older</li>}
    </ul>
  );
}
