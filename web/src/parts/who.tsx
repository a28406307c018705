import type { Participant } from '../model/calls.ts';
import { NodeLink } from './nodeLink.tsx';

interface Props {
  readonly id: string;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly names: ReadonlyMap<string, string>;
}

/** A participant's short name; that of a peer or orderer leads to its page. */
export function Who({ id, participants, names }: Props) {
  const participant = participants.get(id);
  const name = names.get(id) ?? id;
  if (participant?.kind === 'peer' || participant?.kind === 'orderer') return <NodeLink id={id}>{name}</NodeLink>;
  return <span title={participant?.together.slice(0, 20).join('\n') || id}>{name}</span>;
}
