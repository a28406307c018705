import { Button } from 'antd';
import { useState } from 'react';
import { type Call, errorShare, errorTone, formatShare, KIND_WORDS, type Participant } from '../model/calls.ts';
import { formatDuration } from '../model/time.ts';
import { Who } from './who.tsx';

const FIRST = 25;

interface Props {
  readonly calls: readonly Call[];
  readonly participants: ReadonlyMap<string, Participant>;
  readonly names: ReadonlyMap<string, string>;
  /** Key of the one that is chosen. */
  readonly selected: string | null;
  readonly onSelect: (key: string | null) => void;
}

/** The lines of the picture as a table: the same, and those that are too many to draw. */
export function CallTable({ calls, participants, names, selected, onSelect }: Props) {
  const [all, setAll] = useState(false);
  const shown = all ? calls : calls.slice(0, FIRST);
  return (
    <div className="call-table">
      <table>
        <thead>
          <tr>
            <th scope="col">who</th>
            <th scope="col">handed</th>
            <th scope="col">to whom</th>
            <th scope="col" className="number">
              transactions
            </th>
            <th scope="col" className="number">
              errors
            </th>
            <th scope="col" className="number">
              median
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((call) => (
            <tr key={call.key} data-call={call.key} className={call.key === selected ? 'selected' : ''}>
              <td>
                <Who id={call.from} participants={participants} names={names} />
              </td>
              <td>
                <button
                  type="button"
                  aria-pressed={call.key === selected}
                  title={call.points.join(', ')}
                  onClick={() => onSelect(call.key === selected ? null : call.key)}
                >
                  {KIND_WORDS[call.kind]}
                </button>
              </td>
              <td>
                <Who id={call.to} participants={participants} names={names} />
              </td>
              <td className="number">{call.count}</td>
              <td className="number">
                <Errors call={call} />
              </td>
              <td className="number">{call.medianUs === null ? '–' : formatDuration(call.medianUs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {calls.length > shown.length && (
        <p className="more-calls">
          <Button size="small" onClick={() => setAll(true)}>
            Show all {calls.length}
          </Button>
        </p>
      )}
    </div>
  );
}

function Errors({ call }: { readonly call: Call }) {
  if (call.errors === 0) return <>0</>;
  return (
    <span className={errorTone(call) === 'many' ? 'bad-text' : 'warn-text'}>
      ✘ {call.errors} ({formatShare(errorShare(call))})
    </span>
  );
}
