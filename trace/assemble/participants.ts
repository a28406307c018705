import type { Identity } from '../identity.ts';
import type { EdgeDraft } from './edgeDraft.ts';

/** Everyone who took part, by ID, with what is known of them and nothing else. */
export function participantsOf(drafts: readonly EdgeDraft[], others: readonly (Identity | null)[]): Identity[] {
  const found: Identity[] = [];
  const add = (who: Identity | null) => {
    if (who === null) return;
    for (const one of found) if (one.id === who.id) return;
    found.push(who);
  };
  for (const other of others) add(other);
  for (const { from, to } of drafts) {
    add(from);
    add(to);
  }
  found.sort((a, b) => (a.id < b.id ? -1 : 1));
  return found.map(({ id, kind, msp, address, fingerprint }) => {
    const plain: Identity = { id, kind, msp };
    if (address !== undefined) plain.address = address;
    if (fingerprint !== undefined) plain.fingerprint = fingerprint;
    return plain;
  });
}
