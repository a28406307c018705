import type { Identity } from '../identity.ts';
import type { BlockPosition } from '../trace.ts';
import type { z } from 'zod';
import type { Evidence, Item } from './evidence.ts';

/** Somebody who says with which code the transaction ended. */
export interface CodeWitness {
  readonly code: string;
  /** Null for a block source: what the ledger of the peer that it was fetched from holds. */
  readonly peer: Identity | null;
  readonly record: string;
}

/** One place of the transaction in the chain. An ID may be ordered more than once; only the first can be valid. */
export interface Occurrence {
  readonly block: number;
  index: number | null;
  type: string | null;
  readonly witnesses: CodeWitness[];
}

/** The transaction's places in the chain, by block and position. */
export function findOccurrences(evidence: Evidence): Occurrence[] {
  const found: Occurrence[] = [];
  const homeless: Item[] = [];
  for (const item of evidence.tx) {
    const { point, ftl } = item;
    if (point !== 'block.tx' && point !== 'validate.tx') continue;
    if (ftl.block === undefined) {
      homeless.push(item);
      continue;
    }
    const place = occurrenceAt(found, ftl.block.number, ftl.tx_index ?? null);
    if (ftl.tx_type !== undefined) place.type ??= ftl.tx_type;
    if (ftl.code !== undefined) place.witnesses.push(witness(item, ftl.code));
  }
  for (const item of evidence.blocks) {
    const { txs, block } = item.ftl;
    if (txs === undefined) continue;
    for (let index = 0; index < txs.length; index++) {
      const tx = txs[index]!;
      if (tx.id !== evidence.txId && !(tx.id === '' && `block:${block!.number}:${index}` === evidence.txId)) continue;
      // An index entry lists its one transaction, not the block's order.
      const ordered = item.point !== 'order.block';
      const place = occurrenceAt(found, block!.number, ordered ? index : null);
      if (tx.type !== undefined) place.type ??= tx.type;
      if (tx.code !== undefined) place.witnesses.push(witness(item, tx.code));
    }
  }
  found.sort((a, b) => a.block - b.block || (a.index ?? Infinity) - (b.index ?? Infinity));
  if (found.length === 1) {
    for (const item of homeless) {
      if (item.ftl.code !== undefined) found[0]!.witnesses.push(witness(item, item.ftl.code));
    }
  }
  return found;
}

const witness = (item: Item, code: string): CodeWitness => ({
  code,
  peer: item.ftl.source === 'block' ? null : (item.receiver ?? item.clock),
  record: item.id,
});

/** A place told without its position is the first one known of that block. */
function occurrenceAt(found: Occurrence[], block: number, index: number | null): Occurrence {
  let unplaced: Occurrence | undefined;
  for (const place of found) {
    if (place.block !== block) continue;
    if (place.index === index || index === null) return place;
    if (place.index === null) unplaced = place;
  }
  if (unplaced) {
    unplaced.index = index;
    return unplaced;
  }
  const place: Occurrence = { block, index, type: null, witnesses: [] };
  found.push(place);
  return place;
}

/** The block's word first, then what most peers say; ties go by the alphabet, so that the answer is always the same. */
export function codeOf(occurrence: Occurrence): string | null {
  const { witnesses } = occurrence;
  const told = witnesses.filter(({ peer }) => peer === null);
  const counted = new Map<string, number>();
  for (const { code } of told.length > 0 ? told : witnesses) counted.set(code, (counted.get(code) ?? 0) + 1);
  let best: string | null = null;
  for (const [code, count] of counted) {
    const most = best === null ? 0 : counted.get(best)!;
    if (best === null || count > most || (count === most && code < best)) best = code;
  }
  return best;
}

/**
 * The copy that counts. Peers call only later copies DUPLICATE_TXID, so one of that name is never it, even where it is the only
 * one of which the evidence tells.
 */
export const firstCopy = (places: readonly Occurrence[]): Occurrence | null =>
  places.find((place) => codeOf(place) !== 'DUPLICATE_TXID') ?? null;

/** Records of one block, as `gossip.transfer` may name a range. */
export function blockItems(evidence: Evidence, number: number): Item[] {
  return evidence.blocks.filter(
    ({ ftl }) => ftl.block!.number <= number && number <= (ftl.block!.last ?? ftl.block!.number),
  );
}

export function blockPosition(occurrence: Occurrence, items: readonly Item[]): z.infer<typeof BlockPosition> {
  let hash: string | null = null;
  for (const { ftl, point } of items) {
    if (ftl.block?.hash === undefined || ftl.block.last !== undefined) continue;
    // A block source has computed it from the header.
    if (point === 'block.header') return { number: occurrence.block, hash: ftl.block.hash, index: occurrence.index };
    hash ??= ftl.block.hash;
  }
  return { number: occurrence.block, hash, index: occurrence.index };
}
