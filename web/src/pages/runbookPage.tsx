import { useQuery } from '@tanstack/react-query';
import { Skeleton } from 'antd';
import { useEffect } from 'react';
import { Link, useParams } from 'react-router';
import { type Block, type Inline, readRunbook } from '../model/runbook.ts';
import { Notice } from '../parts/states.tsx';
import { loadRunbook } from '../runbooks.ts';

/** `/runbooks/:name`: what an alert means and what to do. */
export function RunbookPage() {
  const { name = '' } = useParams();
  const runbook = useQuery({ queryKey: ['runbook', name], queryFn: () => loadRunbook(name), staleTime: Infinity });
  useEffect(() => {
    document.title = `FTL: ${name}`;
  }, [name]);
  if (runbook.isPending) return <Skeleton active className="panel pad" paragraph={{ rows: 10 }} />;
  if (runbook.isError || runbook.data === null) {
    return (
      <Notice symbol="∅" title="There is no such runbook">
        <Link to="/alerts">Active alerts</Link>
      </Notice>
    );
  }
  return (
    <article className="panel runbook">
      {readRunbook(runbook.data).map((block, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- it never changes
        <BlockView key={index} block={block} />
      ))}
      <p className="muted">
        <Link to="/alerts">Active alerts</Link>
      </p>
    </article>
  );
}

function BlockView({ block }: { readonly block: Block }) {
  if (block.kind === 'code') return <pre className="record-json">{block.text}</pre>;
  if (block.kind === 'paragraph') return <p>{inlines(block.text)}</p>;
  if (block.kind === 'heading') {
    const Tag = block.level === 1 ? 'h1' : block.level === 2 ? 'h2' : 'h3';
    return <Tag>{inlines(block.text)}</Tag>;
  }
  const List = block.ordered ? 'ol' : 'ul';
  return (
    <List>
      {block.items.map((item, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- it never changes
        <li key={index}>{inlines(item)}</li>
      ))}
    </List>
  );
}

function inlines(parts: readonly Inline[]) {
  return parts.map((part, index) => {
    if (typeof part === 'string') return part;
    const key = `${index} ${part.text}`;
    if (part.kind === 'code') return <code key={key}>{part.text}</code>;
    if (part.kind === 'emphasis') return <em key={key}>{part.text}</em>;
    const other = /^(\w+)\.md$/.exec(part.to)?.[1];
    if (other !== undefined) {
      return (
        <Link key={key} to={`/runbooks/${other}`}>
          {part.text}
        </Link>
      );
    }
    return /^https?:\/\//.test(part.to) ? (
      <a key={key} href={part.to} rel="noreferrer">
        {part.text}
      </a>
    ) : (
      <span key={key}>{part.text}</span>
    );
  });
}
