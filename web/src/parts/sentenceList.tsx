import { useEffect, useMemo, useRef } from 'react';
import type { Trace } from '../api/types.ts';
import { sentencesOf } from '../model/sentences.ts';
import { formatDuration } from '../model/time.ts';
import { EdgeDetails } from './edgeDetails.tsx';

interface Props {
  readonly trace: Trace;
  readonly selected: number | null;
  readonly onSelect: (seq: number | null) => void;
}

/** What happened, in words and in order; the one selected opens and shows its evidence. */
export function SentenceList({ trace, selected, onSelect }: Props) {
  const sentences = useMemo(() => sentencesOf(trace), [trace]);
  const current = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (selected !== null) current.current?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  if (sentences.length === 0) return <p className="muted pad">Nothing of its way was seen.</p>;
  return (
    <ol className="sentences" aria-label="What happened">
      {sentences.map(({ seq, tone, text, afterUs }) => {
        if (seq === null) {
          return (
            <li key={text} className={`sentence ending ${tone}`}>
              <span className="seq" aria-hidden="true">
                {tone === 'bad' ? '✘' : '?'}
              </span>
              <span>{text}</span>
            </li>
          );
        }
        const edge = trace.edges.find((one) => one.seq === seq);
        const open = seq === selected;
        return (
          <li
            key={seq}
            className={`sentence ${tone}${open ? ' selected' : ''}`}
            ref={open ? current : null}
            data-seq={seq}
          >
            <button type="button" aria-pressed={open} aria-expanded={open} onClick={() => onSelect(open ? null : seq)}>
              <span className="seq">{seq}</span>
              <span>
                {tone === 'bad' && (
                  <b className="bad-text" aria-hidden="true">
                    ✘{' '}
                  </b>
                )}
                {text}
              </span>
              <span className="after">{afterUs === null ? '' : `+${formatDuration(afterUs)}`}</span>
            </button>
            {open && edge && <EdgeDetails trace={trace} edge={edge} />}
          </li>
        );
      })}
    </ol>
  );
}
