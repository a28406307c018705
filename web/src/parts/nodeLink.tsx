import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { nodePath } from '../api/client.ts';

interface Props {
  readonly id: string;
  /** Its short name; the whole ID unless told. */
  readonly children?: ReactNode;
}

/** A node's name, which leads to its page. */
export function NodeLink({ id, children }: Props) {
  return (
    <Link to={nodePath(id)} title={`${id}: health, metrics, alerts`} className="node-link">
      {children ?? id}
    </Link>
  );
}
