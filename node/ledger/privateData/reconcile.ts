import { decodeNumbers, encodeNumbers } from '../blocks/indexEncoding.ts';
import type { MissingOfBlock, TxPrivateData } from './privateData.ts';
import { type MissingList, missingKey } from './privateDataEntries.ts';
import { type Database, key, type Operation, rangeOf } from './privateDatabase.ts';

/** Lists of missing data as they change, each read once. */
class MissingLists {
  readonly #db: Database;
  readonly #lists = new Map<string, { readonly at: Uint8Array; readonly txs: Set<number> }>();

  constructor(db: Database) {
    this.#db = db;
  }

  async txs(list: MissingList, block: number, namespace: string, collection: string): Promise<Set<number>> {
    const at = missingKey(list, block, namespace, collection);
    const name = Buffer.from(at).toString('latin1');
    const known = this.#lists.get(name);
    if (known !== undefined) {
      return known.txs;
    }
    const txs = new Set(decodeNumbers((await this.#db.get(at)) ?? new Uint8Array(0)));
    this.#lists.set(name, { at, txs });
    return txs;
  }

  operations(): Operation[] {
    return [...this.#lists.values()].map(({ at, txs }): Operation => {
      const numbers = [...txs].toSorted((a, b) => a - b);
      return numbers.length === 0 ? { type: 'del', key: at } : { type: 'put', key: at, value: encodeNumbers(numbers) };
    });
  }
}

/** What data of older blocks changes beside the data: it is no longer missing, and what nobody had is asked for less often. */
export async function reconciledOperations(
  db: Database,
  found: readonly { readonly block: number; readonly data: readonly TxPrivateData[] }[],
  inVain: readonly MissingOfBlock[],
): Promise<Operation[]> {
  const lists = new MissingLists(db);
  const operations: Operation[] = [];
  for (const { block, data } of found) {
    for (const { tx, collections } of data) {
      for (const { namespace, collection } of collections) {
        (await lists.txs('prioritized', block, namespace, collection)).delete(tx);
        (await lists.txs('deprioritized', block, namespace, collection)).delete(tx);
        for await (const at of db.keys(rangeOf(key('k', block, tx, namespace, collection)))) {
          operations.push({ type: 'del', key: at });
        }
      }
    }
  }
  for (const { block, entries } of inVain) {
    for (const { tx, namespace, collection } of entries) {
      // Not there: expired, reconciled above, or asked for in vain before.
      if ((await lists.txs('prioritized', block, namespace, collection)).delete(tx)) {
        (await lists.txs('deprioritized', block, namespace, collection)).add(tx);
      }
    }
  }
  return [...operations, ...lists.operations()];
}
