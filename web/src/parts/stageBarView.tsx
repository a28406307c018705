/* oxlint-disable jsx-a11y/prefer-tag-over-role -- SVG and canvas have no such tags. */
import { STAGES, type StageBar } from '../model/stageBar.ts';
import { formatDuration } from '../model/time.ts';

/** The four stages end to end, to the scale that all rows share. */
export function StageBarView({ bar }: { readonly bar: StageBar }) {
  return (
    <svg className="stages" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={bar.label}>
      <title>{bar.label}</title>
      <rect className="stage-track" width="100" height="10" />
      {bar.parts.map((part) => (
        <rect
          key={part.stage}
          className={`stage-${part.stage}`}
          x={part.start * 100}
          width={Math.max(0.6, part.width * 100)}
          height="10"
        />
      ))}
      {bar.cut && <path className="stage-cut" d="M97 0 L100 5 L97 10" />}
    </svg>
  );
}

export function StageLegend({ scaleUs }: { readonly scaleUs: number }) {
  return (
    <span className="stage-legend">
      {STAGES.map((stage) => (
        <span key={stage}>
          <i className={`swatch stage-${stage}`} aria-hidden="true" />
          {stage}
        </span>
      ))}
      <span className="muted">of {formatDuration(scaleUs)}</span>
    </span>
  );
}
