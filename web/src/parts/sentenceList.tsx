import { useEffect, useMemo, useRef } from 'react';
import type { Trace } from '../api/types.ts';
import { nodesOf } from '../model/aroundTrace.ts';
import { mentionsIn } from '../model/mentions.ts';
import { namesOf, sentencesOf } from '../model/sentences.ts';
import { formatDuration } from '../model/time.ts';
import { EdgeDetails } from './edgeDetails.tsx';
import { NodeLink } from './nodeLink.tsx';

interface Props {
  readonly trace: Trace;
  readonly selected: number | null;
  readonly onSelect: (seq: number | null) => void;
}

/** What happened, in words and in order; the one selected opens and shows its evidence. Nodes lead to their pages. */
export function SentenceList({ trace, selected, onSelect }: Props) {
  const sentences = useMemo(() => sentencesOf(trace), [trace]);
  const names = useMemo(() => {
    const all = namesOf(trace);
    return new Map(nodesOf(trace).map((id) => [id, all.get(id) ?? id]));
  }, [trace]);
  const linked = (text: string) =>
    mentionsIn(text, names).map((part) =>
      typeof part === 'string' ? (
        part
      ) : (
        <NodeLink key={part.at} id={part.id}>
          {part.name}
        </NodeLink>
      ),
    );
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
              <span>{linked(text)}</span>
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
            <div className="sentence-line">
              {/* As large as the line; the links in it lie above. */}
              <button
                type="button"
                className="seq"
                aria-pressed={open}
                aria-expanded={open}
                aria-label={`${seq}: show where it is and what proves it`}
                onClick={() => onSelect(open ? null : seq)}
              >
                {seq}
              </button>
              <span>
                {tone === 'bad' && (
                  <b className="bad-text" aria-hidden="true">
                    ✘{' '}
                  </b>
                )}
                {linked(text)}
              </span>
              <span className="after">{afterUs === null ? '' : `+${formatDuration(afterUs)}`}</span>
            </div>
            {open && edge && <EdgeDetails trace={trace} edge={edge} />}
          </li>
        );
      })}
    </ol>
  );
}
