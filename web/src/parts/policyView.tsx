import type { Trace } from '../api/types.ts';
import { policySigners } from '../model/sentences.ts';

/** Whether those signed whom the chaincode's policy asks for. */
export function PolicyView({ trace }: { readonly trace: Trace }) {
  const { expression, satisfied, reason } = trace.policy;
  const tone = satisfied === null ? 'unknown' : satisfied ? 'good' : 'bad';
  return (
    <div className="policy">
      {(satisfied !== null || expression !== null || reason === null) && (
        <p>
          <b className={`${tone}-text`}>{{ good: '✔ met', bad: '✘ not met', unknown: '? not known' }[tone]}</b>{' '}
          {expression === null ? 'Which policy held is not known.' : <code>{expression}</code>}
        </p>
      )}
      <p className="signers">
        {policySigners(trace).map((signer) => (
          <span key={signer.id} title={signer.id}>
            {signer.organisation} ✔ {signer.name}
          </span>
        ))}
      </p>
      {reason && <p className="muted">{reason}</p>}
    </div>
  );
}
