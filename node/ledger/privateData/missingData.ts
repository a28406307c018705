import { decodeNumbers, encodeNumbers } from '../blocks/indexEncoding.ts';
import type { MissingOfBlock } from './privateData.ts';
import { MISSING, type MissingList, missingKey } from './privateDataEntries.ts';
import { type Database, key, KeyReader, type Operation, rangeOf } from './privateDatabase.ts';

/** Latest block first, of at most `maxBlocks` blocks below `below`. */
export async function listMissing(
  db: Database,
  list: MissingList,
  below: number,
  maxBlocks: number,
  expired: (place: { block: number; namespace: string; collection: string }) => Promise<boolean>,
): Promise<readonly MissingOfBlock[]> {
  const byBlock = new Map<number, { tx: number; namespace: string; collection: string }[]>();
  const range = { gte: key(MISSING[list]), lt: key(MISSING[list], below), reverse: true };
  for await (const [at, value] of db.iterator(range)) {
    const reader = new KeyReader(at);
    const block = reader.number();
    const [namespace, collection] = [reader.name(), reader.name()];
    if (!byBlock.has(block) && byBlock.size >= maxBlocks) {
      break;
    }
    if (!(await expired({ block, namespace, collection }))) {
      const entries = byBlock.get(block) ?? [];
      byBlock.set(block, entries);
      entries.push(...decodeNumbers(value).map((tx) => ({ tx, namespace, collection })));
    }
  }
  return [...byBlock].map(([block, entries]) => ({ block, entries: entries.toSorted((a, b) => a.tx - b.tx) }));
}

/** Carries out what `becameEligible` noted down, and can be done again after a crash. */
export async function makeEligible(db: Database): Promise<void> {
  for await (const event of db.keys(rangeOf(key('v')))) {
    const reader = new KeyReader(event);
    const upTo = reader.number();
    const wanted = [reader.name(), reader.name()];
    const range = { gte: key(MISSING.ineligible), lt: key(MISSING.ineligible, upTo + 1) };
    let operations: Operation[] = [];
    for await (const [at, value] of db.iterator(range)) {
      const entry = new KeyReader(at);
      const block = entry.number();
      const [namespace, collection] = [entry.name(), entry.name()];
      if (namespace === wanted[0] && collection === wanted[1]) {
        const eligible = missingKey('prioritized', block, namespace, collection);
        const known = decodeNumbers((await db.get(eligible)) ?? new Uint8Array(0));
        const all = [...new Set([...known, ...decodeNumbers(value)])].toSorted((a, b) => a - b);
        operations.push({ type: 'del', key: at }, { type: 'put', key: eligible, value: encodeNumbers(all) });
      }
      if (operations.length >= 10_000) {
        await db.batch(operations, { sync: true });
        operations = [];
      }
    }
    await db.batch([...operations, { type: 'del', key: event }], { sync: true });
  }
}
