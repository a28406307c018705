import { CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { paths } from '../api/client.ts';
import { useBlockSize } from '../api/queries.ts';
import type { Trace } from '../api/types.ts';
import { completenessOf } from '../model/completeness.ts';
import { shortTxId } from '../model/names.ts';
import { policySigners, verdictOf } from '../model/sentences.ts';
import { formatDateTime, formatDuration, ordinal } from '../model/time.ts';
import { OutcomeTag } from './outcomeTag.tsx';

/** One line that answers: what was it, how did it end, who has it. */
export function TraceHeader({ trace }: { readonly trace: Trace }) {
  const peers = completenessOf(trace);
  const size = useBlockSize(trace.channel, trace.block?.number);
  const [copied, setCopied] = useState<'id' | 'link' | null>(null);
  const copy = (what: 'id' | 'link') => {
    const show = () => {
      setCopied(what);
      window.setTimeout(() => setCopied(null), 1500);
    };
    // Without the permission nothing is copied and nothing claims to be.
    navigator.clipboard.writeText(what === 'id' ? trace.txId : window.location.href).then(show, () => undefined);
  };
  const index = trace.block?.index;
  const { satisfied } = trace.policy;
  const counted = policySigners(trace).length;
  return (
    <section className="panel trace-header" aria-label="Transaction">
      <div className="header-line">
        <h1 className="mono" title={trace.txId}>
          {shortTxId(trace.txId)}
        </h1>
        <Button size="small" aria-label="Copy the transaction ID" onClick={() => copy('id')}>
          {copied === 'id' ? '✔ copied' : <CopyOutlined />}
        </Button>
        <span className="what">
          {trace.channel} ·{' '}
          {trace.chaincode === null
            ? (trace.type ?? 'type unknown')
            : [trace.chaincode, trace.function].filter((part) => part !== null).join('.')}
        </span>
        <OutcomeTag code={trace.code} />
        <span>
          {trace.block === null
            ? 'in no block'
            : `block ${trace.block.number}${index === null || index === undefined ? '' : `, ${ordinal(index + 1)}${size === undefined ? '' : ` of ${size}`}`}`}
        </span>
        {trace.durationUs !== null && (
          <span title={`began ${formatDateTime(trace.startedAt)}`}>{formatDuration(trace.durationUs)}</span>
        )}
        <span className={peers.missing > 0 ? 'bad-text' : ''} title={peers.plain}>
          <Pie committed={peers.committed} known={peers.known} /> {peers.label}
          {!peers.complete && peers.unobserved > 0 && ` (${peers.unobserved} unseen)`}
        </span>
        {(satisfied !== null || trace.policy.expression !== null) && (
          <span title={trace.policy.reason ?? ''} className={satisfied === false ? 'bad-text' : ''}>
            policy {satisfied === null ? '? not known' : satisfied ? `✔ ${counted} signed` : '✘ not met'}
          </span>
        )}
        <span className="actions">
          <Button size="small" onClick={() => copy('link')}>
            {copied === 'link' ? '✔ copied' : 'Copy link'}
          </Button>
          <Button
            size="small"
            href={paths.trace(trace.txId, trace.channel)}
            download={`${trace.txId.slice(0, 16)}.json`}
          >
            JSON
          </Button>
        </span>
      </div>
      <p className="verdict">{verdictOf(trace)}</p>
      {trace.txIdPrefix && (
        <p className="verdict muted">
          The logs hold only the ID’s beginning, <code>{trace.txIdPrefix}</code>; that it is this transaction is likely,
          not proved.
        </p>
      )}
    </section>
  );
}

/** How many of the known peers, as a small pie; the words stand beside it. */
function Pie({ committed, known }: { readonly committed: number; readonly known: number }) {
  const share = known === 0 ? 0 : committed / known;
  const angle = share * 2 * Math.PI;
  const end = [8 + 7 * Math.sin(angle), 8 - 7 * Math.cos(angle)];
  return (
    <svg className="pie" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="7" className="pie-rest" />
      {share >= 1 ? (
        <circle cx="8" cy="8" r="7" className="pie-share" />
      ) : (
        share > 0 && <path className="pie-share" d={`M8 8 L8 1 A7 7 0 ${share > 0.5 ? 1 : 0} 1 ${end.join(' ')} Z`} />
      )}
    </svg>
  );
}
